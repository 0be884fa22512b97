"""What calls have changed so far, as a value: a change gives a new state, the old one stays as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Counted(NamedTuple):
    """One more call is counted under `key`."""

    key: str


Change = Counted


@dataclass(frozen=True, slots=True)
class State:
    """`ts` is the time of the newest commit in nanoseconds; `counts` has the calls counted under each key."""

    ts: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


def commit(state: State, changes: Iterable[Change], ts: int) -> State:
    """Return the state after all of `changes`, committed together at `ts`."""
    counts = dict(state.counts)
    for change in changes:
        counts[change.key] = counts.get(change.key, 0) + 1
    return State(ts, counts)


def forget(state: State, operations: Iterable[str]) -> State:
    """Return the state without the counts of these operations, whose definitions changed."""
    gone = set(operations)
    kept = {key: count for key, count in state.counts.items() if key.partition("#")[0] not in gone}
    return State(state.ts, kept)
