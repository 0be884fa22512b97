"""What journal, limits and faults cost a call, in CPU time, beside the same call without; a larger ratio is better."""

from __future__ import annotations

from pathlib import Path

from bench import scenarios
from bench.beside import compare
from bench.measure import table
from bench.servers import emulator

AIM = 0.95
SIZE = 20
ANSWER_BYTES = 1_150
ROUNDS = 60
_HEADING = ("laid over", "without, µs", "with, µs", "without / with", "middle half", f"aim {AIM}")
_LIMIT = 'limits: [{name: many, on: "module*", allow: 1000000000, per: 1s}]\n'
_FAULT = 'faults: [{name: off, on: "module*", enabled: false, failure: overloaded}]\n'
_CASES = {"journal": "", "journal, limit, fault": _LIMIT + _FAULT}


def main(work: Path) -> None:
    text = scenarios.texts(range(SIZE), "x" * ANSWER_BYTES)
    requests = scenarios.requests(range(SIZE))
    bare = scenarios.write(work / "bare", text)
    rows: list[tuple[str, ...]] = [_HEADING]
    for number, (name, more) in enumerate(_CASES.items()):
        folder = scenarios.write(work / f"overlaid{number}", f"{more}{text}")
        with emulator(work, bare, program="bench.no_journal") as theirs, emulator(work, folder) as ours:
            rows.append((name, *compare(theirs, ours, requests, ROUNDS, AIM)))
    print(table(rows))
