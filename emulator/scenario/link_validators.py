"""Validators of the written form to those of values, with the places of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from emulator.model.place import Place
from emulator.scenario.link_values import ValueReader
from emulator.scenario.tree import Mapping, Sequence, Tree, place_at
from emulator.scenario.uses import Kind, Use
from emulator.values.validators.display import display_validator
from emulator.values.validators.faults import InvalidValidatorError
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    IdOf,
    ObjectOf,
    RecordOf,
    UnionOf,
    Validator,
)
from emulator.values.validators.written import read_fields, read_written, read_written_validator

_MAX_ERRORS = 100
_ID = re.compile(r"""\bid\(\s*["']?(\w+)""")
_JSON_KEYS = ("type", "value", "keys", "values", "tableName")
What = TypeVar("What")


def read_object(tree: Tree, place: Place, reader: ValueReader) -> Validator | None:
    """Return what is said of a whole object: a table's documents, or a function's arguments."""
    validator = _read(read_written_validator, tree, place, reader)
    if validator is not None and not _takes_objects(validator):
        message = f"{display_validator(validator)} takes no object"
        reader.note(place, "bad-validator", message, hint="write {author: string, likes: int64?}")
    return _noted(validator, tree, place, reader)


def read_value(tree: Tree, place: Place, reader: ValueReader) -> Validator | None:
    """Return what is said of one value, as `returns` says it."""
    field = _read(read_written, tree, place, reader)
    if field is not None and field.optional:
        reader.note(place, "bad-validator", "what a function returns is always there", hint="write string | null")
    return _noted(field.validator if field else None, tree, place, reader)


def _read(read: Callable[[object], What], tree: Tree, place: Place, reader: ValueReader) -> What | None:
    try:
        return read(tree)
    except InvalidValidatorError as error:
        errors = [error]
        if isinstance(tree, Mapping) and error.steps and error.steps[0] not in _JSON_KEYS:
            errors += islice(_errors_of_fields(tree), _MAX_ERRORS)
    for each in errors:
        at = place
        if isinstance(tree, Mapping) and each.steps:
            name = str(each.steps[-1]).removesuffix("?")
            at = place_at(tree, each.steps, of_key=each.offset is None and f"`{name}`" in each.message)
        text = _text_at(tree, each.steps)
        if each.offset is not None and text is not None:
            at = reader.spot(at, text, each.offset)
        reader.note(at, "bad-validator", each.message, hint=each.hint)
    return None


def _errors_of_fields(tree: Mapping) -> Iterator[InvalidValidatorError]:
    """Yield what is wrong with each field, for reading them all stops at the first."""
    for name, each in tree.items():
        try:
            read_fields({name: each})
        except InvalidValidatorError as error:
            yield error


def _text_at(tree: Tree, steps: tuple[str | int, ...]) -> str | None:
    node = tree
    for step in steps:
        if isinstance(node, Mapping) and isinstance(step, str):
            node = node.get(step)
        elif isinstance(node, Sequence) and isinstance(step, int):
            node = node[step]
    return node if isinstance(node, str) else None


def _noted(validator: Validator | None, tree: Tree, place: Place, reader: ValueReader) -> Validator | None:
    """Note the tables whose ids a validator wants."""
    names = () if validator is None else dict.fromkeys(_tables(validator))
    places: dict[str, Place] = {}
    for name, found in _mentions(tree, place, reader) if names else ():
        places.setdefault(name, found)
    reader.uses.extend(Use(Kind.TABLE, name, places.get(name, place)) for name in names)
    return validator


def _mentions(tree: Tree, place: Place, reader: ValueReader) -> Iterator[tuple[str, Place]]:
    """Yield the tables whose ids are asked for, in validator JSON or inside of a text, and where."""
    if isinstance(tree, Mapping):
        if tree.get("type") == "id" and "tableName" in tree:
            yield str(tree["tableName"]), tree.value_place("tableName")
        for entry in tree.entries():
            yield from _mentions(entry.value, entry.value_place, reader)
    elif isinstance(tree, Sequence):
        for index, each in enumerate(tree):
            yield from _mentions(each, tree.item_place(index), reader)
    elif isinstance(tree, str):
        for found in _ID.finditer(tree):
            yield found[1], reader.spot(place, tree, found.start(1))


def _takes_objects(validator: Validator) -> bool:
    match validator:
        case UnionOf(members):
            return any(map(_takes_objects, members))
        case _:
            return isinstance(validator, ObjectOf | RecordOf | AnyType)


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
