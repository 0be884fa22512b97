"""What a call of a function costs the server in CPU time, beside bare aiohttp; a larger ratio is better.

Both servers run at once on one core and are asked in short rounds, one after the other, first the one and then the
other; each pair of rounds gives a ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from bench import scenarios
from bench.measure import Connection, Load, pause, spread, table, verdict
from bench.servers import LOOPS, Server, bare, emulator

AIM = 0.9
SIZES = (20, 1_000)
ANSWER_BYTES = 1_150
ROUNDS = 60
REQUESTS_A_ROUND = 600
_HEADING = ("loop", "functions", "bare, µs", "emulator, µs", "bare / emulator", "middle half", f"aim {AIM}")


def main(work: Path) -> None:
    rows = [_HEADING]
    for size in SIZES:
        text = "x" * ANSWER_BYTES
        folder = scenarios.write(work / f"functions{size}", scenarios.texts(range(size), text))
        for loop in LOOPS:
            with bare(work, size, ANSWER_BYTES, loop) as theirs, emulator(work, folder, loop) as ours:
                rows.append((loop, f"{size:,}", *_row(theirs, ours, size)))
    print(table(rows))


def _row(theirs: Server, ours: Server, size: int) -> tuple[str, str, str, str, str]:
    requests = scenarios.requests(range(size))
    _check_equal(theirs, ours, requests[-1])
    loads = {theirs: Load(theirs.port), ours: Load(ours.port)}
    for server in (theirs, ours):
        loads[server].run(requests, 2 * REQUESTS_A_ROUND)
    pause(2.0)  # the watcher looks a second time a second after its start
    costs: dict[Server, list[float]] = {theirs: [], ours: []}
    for number in range(ROUNDS):
        for server in (theirs, ours) if number % 2 else (ours, theirs):
            costs[server].append(_cost(server, loads[server], requests))
    for load in loads.values():
        load.close()
    ratios = [one / other for one, other in zip(costs[theirs], costs[ours], strict=True)]
    low, _, high = quantiles(ratios, n=4)
    reached = verdict(reached=median(ratios) >= AIM)
    return spread(costs[theirs]), spread(costs[ours]), f"{median(ratios):.3f}", f"{low:.2f}-{high:.2f}", reached


def _cost(server: Server, load: Load, requests: Sequence[bytes]) -> float:
    """Return the microseconds of CPU for each request of a round."""
    before = server.cpu()
    load.run(requests, REQUESTS_A_ROUND)
    return (server.cpu() - before) / REQUESTS_A_ROUND * 1e6


def _check_equal(theirs: Server, ours: Server, request: bytes) -> None:
    answers = []
    for server in (theirs, ours):
        connection = Connection(server.port)
        answers.append(connection.ask(request))
        connection.close()
    if answers[0] != answers[1]:
        raise RuntimeError(f"the servers answer differently: {answers!r}")
