"""Everything that an emulator keeps, as it is at one moment: what is left of it when the process ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from emulator.engine.definitions import before_of, definitions_of
from emulator.engine.files import StoredFile, file_of
from emulator.engine.gateway import channels, jobs, nodes, sessions, settings
from emulator.engine.seed import seed
from emulator.engine.state import State
from emulator.engine.store import Collection, Document, Store, View, Write
from emulator.engine.transaction import VARIABLES, Transaction
from emulator.model.scenario import Scenario
from emulator.values.convex import Int64, is_identical
from emulator.values.ids import FIRST_USER_TABLE, STORAGE


class Kept(NamedTuple):
    """A collection: its documents in the order of their creation, how many were ever inserted, and the newest time."""

    documents: Sequence[Document]
    inserted: int
    newest: float


class Image(NamedTuple):
    """The documents of all collections and the numbers of tables, as of `ts`; `definitions` are digests of parts.

    `scenario` names the scenario that it is of.
    """

    scenario: str
    ts: int
    numbers: Mapping[str, int]
    collections: Mapping[str, Kept]
    definitions: Mapping[str, str]

    @property
    def files(self) -> list[StoredFile]:
        """The stored files, the oldest first."""
        kept = self.collections.get(STORAGE)
        return [] if kept is None else [file_of(each) for each in kept.documents]

    @property
    def documents(self) -> int:
        """How many documents there are in tables."""
        return sum(len(each.documents) for name, each in self.collections.items() if not name.startswith("$"))


class Restored(NamedTuple):
    """A state as it was, the writes that are to be committed to it next, and what begins anew with them."""

    state: State
    writes: tuple[Write, ...]
    anew: tuple[str, ...]


class ImageError(ValueError):
    """An image that cannot be one of an emulator; it says why."""


def image_of(state: State, scenario: Scenario) -> Image:
    """Return what a state keeps; its documents are shared and must not be changed."""
    view = state.view
    collections = {
        name: Kept(tuple(each.documents(view.ts)), each.inserted, each.newest)
        for name, each in view.store.collections.items()
    }
    return Image(scenario.name, view.ts, dict(view.numbers), collections, definitions_of(scenario))


def restore(image: Image, scenario: Scenario, state: State, ts: int, now: int) -> Restored:
    """Return the state that an image is of, as of `ts`; what the scenario says otherwise by now begins anew.

    What was under way is over. Raises ImageError for an image of another scenario, and UncomputableError when a table
    cannot begin.
    """
    if image.scenario != scenario.name:
        raise ImageError(f"it is of the scenario {image.scenario}, and {scenario.name} is in force")
    restored = replace(state, view=View(_store_of(image, ts), ts))
    writes = {(each.collection, each.key): each for each in _ended(restored, scenario, now)}
    begun = seed(scenario, restored, now, before_of(scenario, image.definitions))
    writes |= {(each.collection, each.key): each for each in begun}
    defined = definitions_of(scenario)
    anew = [name for name in defined if image.definitions.get(name) != defined[name]]
    gone = [name for name in image.definitions if name not in defined]
    return Restored(restored, tuple(writes.values()), (*anew, *gone))


def replacing(before: View, after: View) -> tuple[Write, ...]:
    """Return the writes that make one view of another."""
    writes: list[Write] = []
    for name, collection in before.store.collections.items():
        keys = (str(each["_id"]) for each in collection.documents(before.ts))
        writes += [Write(name, key, None) for key in keys if after.read(name, key) is None]
    for name, collection in after.store.collections.items():
        for document in collection.documents(after.ts):
            known = before.read(name, key := str(document["_id"]))
            if known is None or not is_identical(known, document):
                writes.append(Write(name, key, document))
    return tuple(writes)


def _store_of(image: Image, ts: int) -> Store:
    store = Store()
    store.numbers.update(image.numbers)
    for name, kept in image.collections.items():
        collection = store.collections[name] = Collection()
        for document in kept.documents:
            collection.write(ts, str(document["_id"]), document)
        collection.inserted = max(kept.inserted, len(kept.documents))
        collection.newest = max(kept.newest, collection.newest)
    store.ts = store.floor = ts
    return store


def _ended(state: State, scenario: Scenario, now: int) -> tuple[Write, ...]:
    """Return what ends whatever was under way: nobody goes on with it."""
    transaction = Transaction(state, now, scenario.seed)
    channels.end_reconnects(transaction, scenario.gateway.channels)
    jobs.end_runs(transaction)
    return transaction.writes


def check_image(image: Image) -> None:
    """Raise ImageError unless everything is what those who read it take it for."""
    numbers = sorted(image.numbers.values())
    if numbers != list(range(FIRST_USER_TABLE, FIRST_USER_TABLE + len(numbers))):
        raise ImageError("the numbers of its tables do not go together")
    for name, kept in image.collections.items():
        try:
            for document in kept.documents:
                _READ.get(name, _as_it_is)(document)
                _check_system_fields(name, document)
        except (KeyError, ValueError, TypeError, AssertionError, AttributeError) as error:
            raise ImageError(f"{name} holds what cannot be read ({type(error).__name__}: {error})") from error
        if len({each["_id"] for each in kept.documents}) < len(kept.documents):
            raise ImageError(f"{name} holds an id twice")


def _check_system_fields(name: str, document: Document) -> None:
    created = document.get("_creationTime")
    needs_time = not name.startswith("$")
    if not isinstance(document["_id"], str) or not isinstance(created, float if needs_time else float | None):
        raise TypeError("a document without an id, or without a time")


def _as_it_is(_document: Document) -> object:
    return None


def _message(document: Document) -> object:
    number, at = document["number"], document["at"]
    if not isinstance(number, Int64) or not isinstance(at, Int64):
        raise TypeError("a message has no number, or no time")
    return document["session"], document["role"], document["content"]


_READ = {
    VARIABLES: lambda document: document["value"],
    channels.CHANNELS: channels.row_of,
    sessions.SESSIONS: sessions.row_of,
    sessions.MESSAGES: _message,
    nodes.NODES: nodes.node_of,
    jobs.JOBS: lambda document: (document["at"], document["status"]),
    settings.CONFIG: settings.tree_of,
    STORAGE: file_of,
}
"""What reads the documents of a collection, and fails where it cannot."""
