"""What of a deployment is exported: components, their tables, the columns of those; pure (contract convex §9.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from emulator.engine.store import Document
from emulator.values.formats import Json

ROOT = ""
"""The component that is the app itself, the only one there is."""

_OTHER = "_other"
_WORDS = {"included": True, "incl": True, "excluded": False, "excl": False}

Part = TypeVar("Part")


class SelectionError(ValueError):
    """A selection that is none; it says why."""


@dataclass(frozen=True, slots=True)
class Choice(Generic[Part]):
    """What is taken of each name, and of `other` ones; None: nothing."""

    other: Part | None
    named: Mapping[str, Part | None] = field(default_factory=dict)

    def of(self, name: str) -> Part | None:
        """Return what is taken of a name."""
        return self.named.get(name, self.other)


Columns: TypeAlias = Choice[bool]
Tables: TypeAlias = Choice[Columns]
Selection: TypeAlias = Choice[Tables]

_ALL_COLUMNS: Columns = Choice(other=True)
_ALL_TABLES: Tables = Choice(_ALL_COLUMNS)
EVERYTHING: Selection = Choice(_ALL_TABLES)


def only(component: str | None, table: str | None) -> Selection:
    """Return the selection of one table, or of one component, or with neither of everything."""
    if component is None and table is None:
        return EVERYTHING
    tables = _ALL_TABLES if table is None else Choice(None, {table: _ALL_COLUMNS})
    return Choice(None, {component or ROOT: tables})


def read_selection(tree: Json) -> Selection:
    """Read a selection; raise SelectionError with the path of what is wrong in it."""
    return _read(tree, "selection", _ALL_TABLES, lambda inner, path: _read(inner, path, _ALL_COLUMNS, _read_columns))


def columns_of(selection: Selection, table: str) -> Columns | None:
    """Return which columns of a table of the app are taken; None when the table is not."""
    tables = selection.of(ROOT)
    return None if tables is None else tables.of(table)


def kept(columns: Columns, document: Document) -> Document:
    """Return a document with only the columns that are taken."""
    if columns is _ALL_COLUMNS:
        return document
    return {name: value for name, value in document.items() if columns.of(name)}


def _read(tree: Json, path: str, whole: Part, read: Callable[[Json, str], Part | None]) -> Choice[Part]:
    """Read one level; whatever is not named is taken as a `whole`, or not at all."""
    if not isinstance(tree, dict):
        raise SelectionError(f"{path}: expected an object with `_other`")
    if _OTHER not in tree:
        raise SelectionError(f"{path}: missing field `{_OTHER}`")
    other = whole if _word(tree[_OTHER], f"{path}.{_OTHER}") else None
    named = {name: _part(each, f"{path}.{name}", read) for name, each in tree.items() if name != _OTHER}
    return Choice(other, named)


def _part(tree: Json, path: str, read: Callable[[Json, str], Part | None]) -> Part | None:
    if not isinstance(tree, str):
        return read(tree, path)
    if _word(tree, path):
        raise SelectionError(f"{path}: expected `excluded`, or an object with `{_OTHER}`")
    return None


def _read_columns(tree: Json, path: str) -> Columns:
    if not isinstance(tree, dict) or _OTHER not in tree:
        raise SelectionError(f"{path}: missing field `{_OTHER}`")
    words = {name: _word(each, f"{path}.{name}") or None for name, each in tree.items()}
    columns: Columns = Choice(words.pop(_OTHER), words)
    if not columns.of("_id"):
        raise SelectionError(f"{path}: `_id` must be included")
    return columns


def _word(tree: Json, path: str) -> bool:
    if not isinstance(tree, str) or tree not in _WORDS:
        raise SelectionError(f"{path}: expected `included` or `excluded`")
    return _WORDS[tree]
