"""Validators of the written form to those of values, with the places of what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from emulator.model.place import Place
from emulator.scenario.link_values import ValueReader, offset_place
from emulator.scenario.tree import Mapping, Sequence, Tree, place_at
from emulator.scenario.uses import Kind, Use
from emulator.values.validators.faults import InvalidValidatorError
from emulator.values.validators.types import (
    ArrayOf,
    IdOf,
    ObjectOf,
    RecordOf,
    UnionOf,
    Validator,
)
from emulator.values.validators.written import read_written, read_written_validator

What = TypeVar("What")


def read_object(tree: Tree, place: Place, reader: ValueReader) -> Validator | None:
    """Return what is said of a whole object: a table's documents, or a function's arguments."""
    return _noted(_read(read_written_validator, tree, place, reader), place, reader)


def read_value(tree: Tree, place: Place, reader: ValueReader) -> Validator | None:
    """Return what is said of one value, as `returns` says it."""
    field = _read(read_written, tree, place, reader)
    if field is not None and field.optional:
        reader.note(place, "bad-validator", "what a function returns is always there", hint="write string | null")
    return _noted(field.validator if field else None, place, reader)


def _read(read: Callable[[object], What], tree: Tree, place: Place, reader: ValueReader) -> What | None:
    try:
        return read(tree)
    except InvalidValidatorError as error:
        root = isinstance(tree, Mapping) and bool(error.steps)
        at = place_at(tree, error.steps) if root and isinstance(tree, Mapping) else place
        text = _text_at(tree, error.steps)
        if error.offset is not None and text is not None:
            at = offset_place(reader.inside_quotes(at), text, error.offset)
        reader.note(at, "bad-validator", error.message, hint=error.hint)
        return None


def _text_at(tree: Tree, steps: tuple[str | int, ...]) -> str | None:
    node = tree
    for step in steps:
        if isinstance(node, Mapping) and isinstance(step, str):
            node = node.get(step)
        elif isinstance(node, Sequence) and isinstance(step, int):
            node = node[step]
    return node if isinstance(node, str) else None


def _noted(validator: Validator | None, place: Place, reader: ValueReader) -> Validator | None:
    """Note the tables whose ids a validator wants."""
    if validator is not None:
        reader.uses.extend(Use(Kind.TABLE, name, place) for name in _tables(validator))
    return validator


def _tables(validator: Validator) -> Iterator[str]:
    match validator:
        case IdOf(table):
            if not table.startswith("_"):
                yield table
        case ArrayOf(inner):
            yield from _tables(inner)
        case RecordOf(keys, values):
            yield from _tables(keys)
            yield from _tables(values)
        case ObjectOf(fields):
            for _, field in fields:
                yield from _tables(field.validator)
        case UnionOf(members):
            for member in members:
                yield from _tables(member)
        case _:
            return
