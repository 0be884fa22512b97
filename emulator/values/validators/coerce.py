"""Whole numbers that a scenario writes plainly, made Int64 where a validator wants Int64 and takes no Float64."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import overload

from emulator.values.convex import INT64_MAX, INT64_MIN, Int64, Value
from emulator.values.validators.check import fits
from emulator.values.validators.types import (
    ArrayOf,
    IdOf,
    Int64Type,
    Literal,
    ObjectOf,
    RecordOf,
    UnionOf,
    Validator,
)


@overload
def coerced(validator: Validator, value: dict[str, Value]) -> dict[str, Value]: ...
@overload
def coerced(validator: Validator, value: Value) -> Value: ...
def coerced(validator: Validator, value: Value) -> Value:
    """Return a value with its whole numbers as the validator wants them; what does not fit stays as it is."""
    return _coerced(validator, value) if _wants_int64(validator) else value


def _coerced(validator: Validator, value: Value) -> Value:
    match validator:
        case Int64Type() | Literal(Int64()):
            return _whole(value)
        case ArrayOf(item) if isinstance(value, list):
            return [coerced(item, each) for each in value]
        case RecordOf(_, values) if isinstance(value, dict):
            return {name: coerced(values, each) for name, each in value.items()}
        case ObjectOf(fields) if isinstance(value, dict):
            known = dict(fields)
            return {
                name: coerced(known[name].validator, each) if name in known else each for name, each in value.items()
            }
        case UnionOf(members):
            return _of_union(members, value)
        case _:
            return value


def _of_union(members: tuple[Validator, ...], value: Value) -> Value:
    """Return the value as the first member takes it that takes it at all."""
    for member in members:
        changed = coerced(member, value)
        if fits(member, changed, _any_table(member)):
            return changed
    return value


def _any_table(validator: Validator) -> Callable[[int], str | None]:
    """Return table names that please an id validator: which table an id is of changes no number."""
    return lambda _number: validator.table if isinstance(validator, IdOf) else None


def _whole(value: Value) -> Value:
    if isinstance(value, float) and value.is_integer() and INT64_MIN <= value <= INT64_MAX:
        return Int64(int(value))
    return value


@lru_cache(maxsize=1024)
def _wants_int64(validator: Validator) -> bool:
    match validator:
        case Int64Type() | Literal(Int64()):
            return True
        case ArrayOf(inner) | RecordOf(_, inner):
            return _wants_int64(inner)
        case ObjectOf(fields):
            return any(_wants_int64(each.validator) for _, each in fields)
        case UnionOf(members):
            return any(map(_wants_int64, members))
        case _:
            return False
