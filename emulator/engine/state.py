"""What calls have changed so far, as a value: a commit gives a new state, the old one stays readable as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from emulator.engine.meters import Meters
from emulator.engine.store import Commit, View, Write


class Counted(NamedTuple):
    """So many more calls are counted under `key`."""

    key: str
    times: int = 1


Change: TypeAlias = Counted | Write


class Origins(NamedTuple):
    """Where the deployment is, as its own functions and its clients are told: base URLs without a slash at their end.

    `api` has everything, `site` the HTTP actions.
    """

    api: str = "http://127.0.0.1:3210"
    site: str = "http://127.0.0.1:3210/http"


NOWHERE = Origins()
"""What is said of a deployment that is not served."""


@dataclass(frozen=True, slots=True)
class State:
    """The calls counted under each key, a view of all documents as of the newest commit, and what is used of limits.

    `origins` say where all this is served; while it `is_paused` no function runs.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    view: View = field(default_factory=View)
    meters: Meters = field(default_factory=Meters)
    origins: Origins = NOWHERE
    is_paused: bool = False


def commit(
    state: State, changes: Iterable[Change], ts: int, *, undoes: int | None = None, is_seed: bool = False
) -> State:
    """Return the state after all of `changes`, committed together at `ts`, which must be later than any before.

    `undoes` is the commit that this one takes back; what `is_seed` is never taken back.
    """
    counts = dict(state.counts)
    writes = []
    for change in changes:
        if isinstance(change, Counted):
            counts[change.key] = counts.get(change.key, 0) + change.times
        else:
            writes.append(change)
    if not writes:
        return replace(state, counts=counts)
    store = state.view.store
    store.append(Commit(ts, tuple(writes), undoes, is_seed))
    return replace(state, counts=counts, view=View(store, ts))


def forget(state: State, operations: Iterable[str]) -> State:
    """Return the state without the counts of these operations, whose definitions changed."""
    gone = set(operations)
    kept = {key: count for key, count in state.counts.items() if key.partition("#")[0] not in gone}
    return replace(state, counts=kept)


def at(state: State, ts: int) -> State:
    """Return the state with the documents as they were at `ts`; raise PastError when that is forgotten."""
    if ts < state.view.store.floor:
        raise PastError(f"the timestamp {ts} is older than {state.view.store.floor}, the oldest that is kept")
    return replace(state, view=View(state.view.store, min(ts, state.view.ts)))


class PastError(ValueError):
    """A moment that is no longer known."""


class Undo(NamedTuple):
    """What takes the commit at `ts` back."""

    ts: int
    writes: tuple[Write, ...]


def undo_of(state: State) -> Undo | None:
    """Return what takes back the newest commit that is not taken back yet; None where none is known."""
    store = state.view.store
    undone: set[int] = set()
    for each in reversed(store.commits):
        if each.undoes is not None:
            undone.add(each.undoes)
        elif each.ts not in undone:
            before = View(store, each.ts - 1)
            old = (write._replace(document=before.read(write.collection, write.key)) for write in each.writes)
            return None if each.is_seed else Undo(each.ts, tuple(old))
    return None
