"""What a call of a function costs the server in CPU time, beside bare aiohttp; a larger ratio is better."""

from __future__ import annotations

from pathlib import Path

from bench import scenarios
from bench.beside import compare
from bench.measure import Connection, table
from bench.servers import LOOPS, Server, bare, emulator

AIM = 0.9
SIZES = (20, 1_000)
ANSWER_BYTES = 1_150
ROUNDS = 60
_HEADING = ("loop", "functions", "bare, µs", "emulator, µs", "bare / emulator", "middle half", f"aim {AIM}")


def main(work: Path) -> None:
    rows: list[tuple[str, ...]] = [_HEADING]
    for size in SIZES:
        text = "x" * ANSWER_BYTES
        folder = scenarios.write(work / f"functions{size}", scenarios.texts(range(size), text))
        requests = scenarios.requests(range(size))
        for loop in LOOPS:
            with bare(work, size, ANSWER_BYTES, loop) as theirs, emulator(work, folder, loop) as ours:
                _check_equal(theirs, ours, requests[-1])
                rows.append((loop, f"{size:,}", *compare(theirs, ours, requests, ROUNDS, AIM)))
    print(table(rows))


def _check_equal(theirs: Server, ours: Server, request: bytes) -> None:
    answers = []
    for server in (theirs, ours):
        connection = Connection(server.port)
        answers.append(connection.ask(request))
        connection.close()
    if answers[0] != answers[1]:
        raise RuntimeError(f"the servers answer differently: {answers!r}")
