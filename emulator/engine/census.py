"""How many documents of a table have which shape, kept up to date by what was written since (contract convex §15.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from emulator.engine.store import Document, Version, View
from emulator.model.scenario import Scenario
from emulator.values.shapes import (
    FieldShape,
    IdShape,
    ObjectShape,
    Plain,
    Shape,
    TableOf,
    joined,
    shape_of,
    shape_of_validator,
)

_Look: TypeAlias = tuple[tuple[str, ...], tuple[Shape, ...]]


class Recount(NamedTuple):
    """What a census has to look at to be as of `ts`: `size` documents.

    Those that come are all there are, or with `gone` those after and before what was written.
    """

    ts: int
    come: Iterable[Document]
    size: int
    gone: Iterable[Document] | None = None


class Census:
    """The shapes of the documents of one table; counting more makes another census."""

    def __init__(self, table: str, ts: int = -1, counts: Mapping[_Look, int] = MappingProxyType({})) -> None:
        """Know how many documents had each look at `ts`; nothing is known before 0."""
        self._table = table
        self._ts = ts
        self._counts = counts

    def plan(self, view: View) -> Recount | None:
        """Return what is to be counted for a census as of a view; None when this one is.

        It may be counted by another thread, while more is written.
        """
        collection = view.collection(self._table)
        if self._ts >= 0 and collection.changed <= self._ts <= view.ts:
            return None
        if self._ts < view.store.floor or self._ts > view.ts:
            chains = list(collection.versions.values())
            return Recount(view.ts, _as_of(chains, view.ts), len(chains))
        keys = _written_since(view, self._table, self._ts)
        before, after = ([collection.read(key, ts) for key in keys] for ts in (self._ts, view.ts))
        return Recount(view.ts, filter(None, after), len(keys), filter(None, before))

    def counted(self, recount: Recount, table_of: TableOf) -> Census:
        """Return the census that was planned."""
        counts = Counter({} if recount.gone is None else self._counts)
        counts.update(_look(document, table_of) for document in recount.come)
        counts.subtract(_look(document, table_of) for document in recount.gone or ())
        return Census(self._table, recount.ts, +counts)

    @cached_property
    def shape(self) -> Shape:
        """The shape of all documents counted, system fields among them; NEVER without any."""
        return joined(map(_object_of, self._counts))


def declared_shape(scenario: Scenario, table: str) -> Shape | None:
    """Return the shape of what a table's `fields` accept, with system fields; None where they are not objects."""
    declared = scenario.tables.get(table)
    if declared is None or declared.validator is None:
        return None
    shape = shape_of_validator(declared.validator)
    if not isinstance(shape, ObjectShape):
        return None
    system: dict[str, Shape] = {"_creationTime": Plain.FLOAT64, "_id": IdShape(table)}
    return ObjectShape((*((name, FieldShape(each)) for name, each in system.items()), *shape.fields))


def _as_of(chains: list[list[Version]], ts: int) -> Iterator[Document]:
    for chain in chains:
        found = next((each.document for each in reversed(tuple(chain)) if each.ts <= ts), None)
        if found is not None:
            yield found


def _written_since(view: View, table: str, ts: int) -> list[str]:
    keys: dict[str, None] = {}
    for commit in view.store.since(ts):
        if commit.ts <= view.ts:
            keys.update((write.key, None) for write in commit.writes if write.collection == table)
    return list(keys)


def _look(document: Document, table_of: TableOf) -> _Look:
    return tuple(document), tuple([shape_of(each, table_of) for each in document.values()])


def _object_of(look: _Look) -> ObjectShape:
    fields = sorted(zip(*look, strict=True), key=lambda each: each[0])
    return ObjectShape(tuple((name, FieldShape(shape)) for name, shape in fields))
