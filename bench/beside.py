"""Two servers asked in short rounds, one after the other, first the one and then the other: each pair gives a ratio."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles

from bench.measure import Load, pause, spread, verdict
from bench.servers import Server

REQUESTS_A_ROUND = 600


def compare(theirs: Server, ours: Server, requests: Sequence[bytes], rounds: int, aim: float) -> tuple[str, ...]:
    """Return five columns: what a request costs each server, the ratio, its middle half, and whether it is the aim."""
    loads = {theirs: Load(theirs.port), ours: Load(ours.port)}
    for server in (theirs, ours):
        loads[server].run(requests, 2 * REQUESTS_A_ROUND)
    pause(2.0)  # the watcher looks a second time a second after its start
    costs: dict[Server, list[float]] = {theirs: [], ours: []}
    for number in range(rounds):
        for server in (theirs, ours) if number % 2 else (ours, theirs):
            costs[server].append(_cost(server, loads[server], requests))
    for load in loads.values():
        load.close()
    ratios = [one / other for one, other in zip(costs[theirs], costs[ours], strict=True)]
    low, _, high = quantiles(ratios, n=4)
    reached = verdict(reached=median(ratios) >= aim)
    return spread(costs[theirs]), spread(costs[ours]), f"{median(ratios):.3f}", f"{low:.2f}-{high:.2f}", reached


def _cost(server: Server, load: Load, requests: Sequence[bytes]) -> float:
    """Return the microseconds of CPU for each request of a round."""
    before = server.cpu()
    load.run(requests, REQUESTS_A_ROUND)
    return (server.cpu() - before) / REQUESTS_A_ROUND * 1e6
