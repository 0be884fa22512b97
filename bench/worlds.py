"""What a state file and a demo cost in CPU time, beside the emulator without them; a larger ratio is better."""

from __future__ import annotations

from pathlib import Path

from bench import scenarios
from bench.beside import compare
from bench.measure import post, table
from bench.servers import emulator

ROUNDS = 20
AIMS = {"--state": 0.3, "--demo": 0.6}
_SCENARIO = """
tables: {notes: {}}
functions:
  notes:add:
    type: mutation
    do: [{insert: {into: notes, document: {text: "${args.text}"}}}]
    result: null
  notes:label: {result: label}
"""
_MUTATION = post("/api/mutation", b'{"path":"notes:add","args":{"text":"a note of ordinary length"}}')
_QUERY = post("/api/query", b'{"path":"notes:label","args":{}}')
_HEADING = ("option", "what", "without, µs", "with, µs", "without / with", "middle half", "aim")


def main(work: Path) -> None:
    folder = scenarios.write(work / "worlds", _SCENARIO)
    cases = [
        ("--state", "a mutation", _MUTATION, ("--state", str(work / "state.db"))),
        ("--demo", "a query", _QUERY, ("--demo",)),
    ]
    rows: list[tuple[str, ...]] = [_HEADING]
    for option, what, request, options in cases:
        with emulator(work, folder) as without, emulator(work, folder, options=options) as ours:
            columns = compare(without, ours, [request], ROUNDS, AIMS[option])
        rows.append((option, what, *columns[:-1], f"{AIMS[option]} {columns[-1]}"))
    print(table(rows))
