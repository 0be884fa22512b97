"""One transaction: reads of a state as it was at its beginning, and its own writes laid over them.

Nothing is written before the whole is committed. What was read is noted, for a live query to know when to run again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple

from emulator.engine.call import Call
from emulator.engine.state import Change, Counted, State
from emulator.engine.store import Document, Write, index_key, is_behind, position
from emulator.model.effect import Effect
from emulator.values.convex import Value
from emulator.values.durations import MILLISECOND
from emulator.values.ids import INTERNAL_ID_BYTES, STORAGE, STORAGE_NUMBER, encode_id

VARIABLES = "$state"
MAX_WRITES = 16_000
_UNDECLARED, _UNDECLARED_COUNT = 12_001, 4_000


class EffectError(Exception):
    """A write that cannot be done; its text is the service's own where the service has one."""


class Delayed(NamedTuple):
    """Effects to be done at an instant, for the call that delayed them and with the names that were known then.

    `stream` names their draws, `number` is the number of that call.
    """

    due: int
    effects: tuple[Effect, ...]
    names: Mapping[str, Value]
    stream: str
    call: Call
    number: int = 0


class Read(NamedTuple):
    """Something a decision depends on: one document of a collection, or with no key the whole of it."""

    collection: str
    key: str | None = None


CLOCK = Read("$clock")
"""What a decision depends on that asks for the time."""


class Transaction:
    """Reads and writes of one decision; `now` is in nanoseconds since the epoch, `seed` the scenario's."""

    __slots__ = ("_counts", "_created", "_inserted", "_most", "_writes", "delayed", "now", "reads", "seed", "state")

    def __init__(self, state: State, now: int, seed: int, max_writes: int = MAX_WRITES) -> None:
        """Begin at `state`."""
        self.state = state
        self.now = now
        self.seed = seed
        self._most = max_writes
        self.reads: set[Read] = set()
        self.delayed: list[Delayed] = []
        self._counts: dict[str, int] = {}
        self._writes: dict[tuple[str, str], Document | None] = {}
        self._created: dict[str, float] = {}
        self._inserted: dict[str, int] = {}

    def read_clock(self) -> int:
        """Return the time."""
        self.reads.add(CLOCK)
        return self.now

    def count(self, key: str) -> int:
        """Return how many calls were counted under a key."""
        return self.state.counts.get(key, 0) + self._counts.get(key, 0)

    def count_call(self, key: str) -> None:
        """Count one more."""
        self._counts[key] = self._counts.get(key, 0) + 1

    @property
    def counted(self) -> tuple[Counted, ...]:
        """What was counted; it counts even where the writes come to nothing."""
        return tuple(Counted(key, count) for key, count in self._counts.items())

    @property
    def writes(self) -> tuple[Write, ...]:
        """What is to be written, each document once."""
        return tuple(Write(collection, key, document) for (collection, key), document in self._writes.items())

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that is to be committed."""
        return (*self.counted, *self.writes)

    def undo(self) -> None:
        """Forget all writes and delayed effects."""
        self._writes.clear()
        self.delayed.clear()

    def read(self, collection: str, key: str) -> Document | None:
        """Return one document, None where there is none."""
        self.reads.add(Read(collection, key))
        return self._read(collection, key)

    def scan(
        self, table: str, *, descending: bool = False, after: tuple[float, str] | None = None
    ) -> Iterator[Document]:
        """Yield a table's documents by creation; with `after` those behind this time and id only."""
        self.reads.add(Read(table))
        view = self.state.view
        base = view.collection(table).scan(view.ts, descending=descending, after=after)
        if not self._writes:
            return base
        inserted = self._inserted_into(table)
        own = [each for each in inserted if after is None or is_behind(position(each), after, descending=descending)]
        kept = self._laid_over(table, base)
        return chain(reversed(own), kept) if descending else chain(kept, own)

    def lookup(self, table: str, field: str, value: Value) -> list[Document]:
        """Return the documents whose field has this value, or may have, by creation."""
        self.reads.add(Read(table))
        view = self.state.view
        found = view.collection(table).lookup(field, value, view.ts)
        if not self._writes:
            return found
        wanted = index_key(value)
        written = (each for (name, _), each in self._writes.items() if name == table and each is not None)
        own = {str(each["_id"]): each for each in written if index_key(each.get(field)) == wanted}
        rest = [each for each in found if (table, str(each["_id"])) not in self._writes]
        return sorted([*rest, *own.values()], key=position)

    def documents(self, table: str) -> list[Document]:
        """Return all documents of a table; the list must not be changed."""
        if not self._writes:
            self.reads.add(Read(table))
            return self.state.view.collection(table).documents(self.state.view.ts)
        return sorted(self.scan(table), key=position)

    def variables(self) -> dict[str, Value]:
        """Return the variables of the scenario's state."""
        return {str(each["_id"]): each["value"] for each in self.scan(VARIABLES)}

    def insert(self, table: str, document: Document) -> str:
        """Insert a document and return its id; it gets the id and the time of creation that it does not bring."""
        key = document.get("_id")
        if not isinstance(key, str):
            key = self._next_id(table)
        created = document.get("_creationTime")
        if not isinstance(created, float):
            newest = self._created.get(table, self.state.view.collection(table).newest)
            created = max(self.now / MILLISECOND, math.nextafter(newest, math.inf))
        self._created[table] = max(created, self._created.get(table, 0.0))
        self.write(table, key, {**document, "_creationTime": created, "_id": key})
        return key

    def clear(self, collection: str) -> None:
        """Delete all documents of a collection; ids are given from the first one on again."""
        for document in self.documents(collection):
            self._writes[collection, str(document["_id"])] = None
        self._inserted[collection] = 0

    def write(self, collection: str, key: str, document: Document | None) -> None:
        """Write a document, or with None delete it."""
        if len(self._writes) >= self._most and (collection, key) not in self._writes:
            raise EffectError(f"Too many documents written in a single function execution (limit: {self._most})")
        self._writes[collection, key] = document

    def assign(self, name: str, value: Value) -> None:
        """Give a variable of the scenario's state another value."""
        self.write(VARIABLES, name, {"_id": name, "value": value})

    def table_of(self, number: int) -> str | None:
        """Return the table that has a number, None where none has it."""
        return self.state.view.table_of(number)

    def table_number(self, table: str) -> int:
        """Return a table's number; one that the scenario does not have gets a number of its name's own."""
        known = STORAGE_NUMBER if table == STORAGE else self.state.view.numbers.get(table)
        if known is not None:
            return known
        return _UNDECLARED + int.from_bytes(blake2b(table.encode(), digest_size=4).digest(), "big") % _UNDECLARED_COUNT

    def _next_id(self, table: str) -> str:
        """Return the id that follows from how many documents were inserted before; one in use is passed over."""
        table_number = self.table_number(table)
        number = self._inserted.get(table, self.state.view.collection(table).inserted)
        while True:
            drawn = blake2b(f"{self.seed}\0id\0{table}\0{number}".encode(), digest_size=INTERNAL_ID_BYTES).digest()
            key = encode_id(table_number, drawn)
            number += 1
            if self._read(table, key) is None:
                self._inserted[table] = number
                return key

    def _read(self, collection: str, key: str) -> Document | None:
        if (collection, key) in self._writes:
            return self._writes[collection, key]
        return self.state.view.read(collection, key)

    def _laid_over(self, collection: str, base: Iterator[Document]) -> Iterator[Document]:
        for document in base:
            key = (collection, str(document["_id"]))
            if key not in self._writes:
                yield document
            elif (written := self._writes[key]) is not None:
                yield written

    def _inserted_into(self, collection: str) -> list[Document]:
        view = self.state.view
        keys = [key for (name, key), each in self._writes.items() if name == collection and each is not None]
        new = [key for key in keys if view.read(collection, key) is None]
        return [written for key in new if (written := self._writes[collection, key]) is not None]
