"""The empty value of a kind: what a function returns that has nothing to show."""

from __future__ import annotations

from emulator.model.query import Shape, TableQuery
from emulator.values.convex import Int64, Value
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    BooleanType,
    BytesType,
    Int64Type,
    Literal,
    NullType,
    NumberType,
    ObjectOf,
    RecordOf,
    UnionOf,
    Validator,
)

_PAGE = frozenset({"page", "isDone"})


def empty_page() -> dict[str, Value]:
    """Return a page with nothing on it, and none behind it (contract convex §8)."""
    return {"page": [], "isDone": True, "continueCursor": ""}


def empty_like(value: Value) -> Value:
    """Return the empty value that stands for one of the same kind: for one object that is null."""
    match value:
        case list():
            return []
        case dict():
            return empty_page() if value.keys() >= _PAGE else None
        case bool():
            return False
        case Int64():
            return Int64(0)
        case float():
            return 0.0
        case str():
            return ""
        case bytes():
            return b""
        case _:
            return None


def empty_result(query: TableQuery) -> Value:
    """Return what a query returns that finds nothing."""
    match query.shape:
        case Shape.PAGE:
            return empty_page()
        case Shape.ALL if query.id is None:
            return []
        case _:
            return None


def empty_of(validator: Validator) -> Value:
    """Return the empty value that a validator accepts; an id has none, and is an empty text."""
    match validator:
        case ArrayOf():
            return []
        case RecordOf():
            return {}
        case ObjectOf(fields):
            value = {name: empty_of(field.validator) for name, field in fields if not field.optional}
            return {**value, **empty_page()} if value.keys() >= _PAGE else value
        case UnionOf(members):
            return None if NullType() in members or not members else empty_of(members[0])
        case Literal(value):
            return value
        case BooleanType():
            return False
        case NumberType():
            return 0.0
        case Int64Type():
            return Int64(0)
        case BytesType():
            return b""
        case NullType() | AnyType():
            return None
        case _:
            return ""
