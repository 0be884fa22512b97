"""How calls are counted for scripts that are added and removed while a scenario is in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from emulator.engine.state import State
from emulator.model.function import ADDED, Function


def recount(state: State, before: Mapping[str, Function], after: Mapping[str, Function]) -> State:
    """Return the state in which scripts that were added count from now on, and nothing is counted for those removed."""
    old, new = dict(_keys(before)), dict(_keys(after))
    if old.keys() == new.keys():
        return state
    gone = old.keys() - new.keys()
    draws = tuple(f"{old[key]}#{ADDED}" for key in gone)
    counts = {key: count for key, count in state.counts.items() if key not in gone and not key.startswith(draws)}
    counts.update({key: counts.get(new[key], 0) for key in new.keys() - old.keys()})
    return replace(state, counts=counts)


def _keys(functions: Mapping[str, Function]) -> Iterator[tuple[str, str]]:
    """Yield the keys under which is counted when scripts were added, each with its operation."""
    for operation, function in functions.items():
        for each in function.added:
            yield each.since, operation
