"""Located trees: plain Python data in which every key and every value knows where it stands.

Positions are packed into one integer each, for a file has a hundred thousand of them and few are ever asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, isnan
from typing import NamedTuple, TypeAlias

from emulator.model.place import Place
from emulator.scenario.scalars import Scalar
from emulator.scenario.source import Source

Tree: TypeAlias = "Scalar | Mapping | Sequence"
Step: TypeAlias = str | int

SPEC = "$spec"
"""The key among the functions of a scenario that is no function: it names a function spec."""

_COLUMN_BITS = 24
_MAX_SHOWN = 60


def pack(line: int, column: int) -> int:
    """Pack a position; both count from 0, as parsers count."""
    return line << _COLUMN_BITS | column


def unpack(source: Source, position: int) -> Place:
    """Return the place of a packed position; both count from 1, as people count."""
    return Place(source.file, (position >> _COLUMN_BITS) + 1, (position & (1 << _COLUMN_BITS) - 1) + 1)


class Entry(NamedTuple):
    """One key of a mapping, its value, and where both stand."""

    key: str
    value: Tree
    key_place: Place
    value_place: Place


class Mapping(dict[str, Tree]):
    """A YAML mapping.

    `marks` has two packed positions a key, of key and value, in the order of the keys. A mapping merged from
    several files has `sources`, one for each key; any other has one source for all.
    """

    __slots__ = ("at", "marks", "source", "sources")

    def __init__(self, source: Source, at: int) -> None:
        """Begin empty, at the packed position `at`."""
        super().__init__()
        self.source = source
        self.at = at
        self.marks: list[int] = []
        self.sources: list[Source] | None = None

    @property
    def place(self) -> Place:
        """Where the mapping itself stands."""
        return unpack(self.source, self.at)

    def key_place(self, key: str) -> Place:
        """Where `key` stands."""
        index = list(self).index(key)
        return unpack(self._source_of(index), self.marks[2 * index])

    def value_place(self, key: str) -> Place:
        """Where the value of `key` stands."""
        index = list(self).index(key)
        return unpack(self._source_of(index), self.marks[2 * index + 1])

    def entries(self) -> Iterator[Entry]:
        """Walk over keys and values together with their places."""
        for index, (key, value) in enumerate(self.items()):
            source = self._source_of(index)
            yield Entry(key, value, unpack(source, self.marks[2 * index]), unpack(source, self.marks[2 * index + 1]))

    def _source_of(self, index: int) -> Source:
        return self.sources[index] if self.sources else self.source


class Sequence(list[Tree]):
    """A YAML sequence; `marks` has a packed position for each item, `sources` as in a mapping."""

    __slots__ = ("at", "marks", "source", "sources")

    def __init__(self, source: Source, at: int) -> None:
        """Begin empty, at the packed position `at`."""
        super().__init__()
        self.source = source
        self.at = at
        self.marks: list[int] = []
        self.sources: list[Source] | None = None

    @property
    def place(self) -> Place:
        """Where the sequence itself stands."""
        return unpack(self.source, self.at)

    def item_place(self, index: int) -> Place:
        """Where an item stands."""
        return unpack(self.sources[index] if self.sources else self.source, self.marks[index])


def place_at(root: Mapping, steps: tuple[Step, ...], *, of_key: bool = False) -> Place:
    """Return the place that lies at the end of `steps`, or as near to it as the tree goes.

    With `of_key` it is the place of the last key, not of its value.
    """
    node: Tree = root
    place = root.place
    for number, step in enumerate(steps, 1):
        if isinstance(node, Mapping) and step in node:
            key = str(step)
            wants_key = of_key and number == len(steps)
            place = node.key_place(key) if wants_key else node.value_place(key)
            node = node[key]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node):
            place = node.item_place(step)
            node = node[step]
    return place


def sources_of(tree: Mapping | Sequence) -> dict[str, Source]:
    """Return the files that a tree is made of, by their names; only what was merged is made of several."""
    sources = {each.file: each for each in (tree.source, *(tree.sources or ()))}
    if tree.sources:
        for each in tree.values() if isinstance(tree, Mapping) else tree:
            if isinstance(each, Mapping | Sequence):
                sources |= sources_of(each)
    return sources


def shown(value: object) -> str:
    """Write a value for a message: short ones themselves, of others the kind."""
    if isinstance(value, dict | list) or value is None:
        return kind_of(value)
    if isinstance(value, float) and not isfinite(value):
        return ".nan" if isnan(value) else ".inf" if value > 0 else "-.inf"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def kind_of(tree: object) -> str:
    """Name the kind of a value as people call it."""
    if tree is None:
        return "nothing"
    if isinstance(tree, bool):
        return "true or false"
    if isinstance(tree, int | float):
        return "a number"
    if isinstance(tree, str):
        return "a text"
    return "a list" if isinstance(tree, list) else "a mapping"
