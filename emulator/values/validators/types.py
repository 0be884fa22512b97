"""What a validator is: a closed union of frozen records, equal when they accept the same values in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from emulator.values.convex import Int64, is_identical

LiteralValue: TypeAlias = "bool | Int64 | float | str"


@dataclass(frozen=True, slots=True)
class AnyType:
    """``v.any()``: every value."""


@dataclass(frozen=True, slots=True)
class NullType:
    """``v.null()``."""


@dataclass(frozen=True, slots=True)
class NumberType:
    """``v.number()``, ``v.float64()``: every Float64."""


@dataclass(frozen=True, slots=True)
class Int64Type:
    """``v.int64()``, ``v.bigint()``: every Int64."""


@dataclass(frozen=True, slots=True)
class BooleanType:
    """``v.boolean()``."""


@dataclass(frozen=True, slots=True)
class StringType:
    """``v.string()``."""


@dataclass(frozen=True, slots=True)
class BytesType:
    """``v.bytes()``."""


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """``v.literal(value)``: that value only; `true` is not 1.0, and -0.0 is not 0.0."""

    value: LiteralValue

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and is_identical(self.value, other.value)

    def __hash__(self) -> int:
        return hash((type(self.value), repr(self.value)))


@dataclass(frozen=True, slots=True)
class IdOf:
    """``v.id("table")``: the id of a document in that table."""

    table: str


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """``v.array(item)``."""

    item: Validator


@dataclass(frozen=True, slots=True)
class FieldOf:
    """What an object has under one name; an optional field may be left out, which is not the same as null."""

    validator: Validator
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """``v.object({…})``: these fields and no others, each name once, in the order they were written in."""

    fields: tuple[tuple[str, FieldOf], ...]


@dataclass(frozen=True, slots=True)
class RecordOf:
    """``v.record(keys, values)``: an object with any names that `keys` accepts."""

    keys: Validator
    values: Validator


@dataclass(frozen=True, slots=True)
class UnionOf:
    """``v.union(…)``: what any of its members accepts; nothing at all if it has none."""

    members: tuple[Validator, ...]


Validator: TypeAlias = (
    AnyType
    | NullType
    | NumberType
    | Int64Type
    | BooleanType
    | StringType
    | BytesType
    | Literal
    | IdOf
    | ArrayOf
    | ObjectOf
    | RecordOf
    | UnionOf
)

_CURSOR = UnionOf((StringType(), NullType()))

PAGINATION_OPTIONS = ObjectOf(
    (
        ("numItems", FieldOf(NumberType())),
        ("cursor", FieldOf(_CURSOR)),
        ("endCursor", FieldOf(_CURSOR, optional=True)),
        ("id", FieldOf(NumberType(), optional=True)),
        ("maximumRowsRead", FieldOf(NumberType(), optional=True)),
        ("maximumBytesRead", FieldOf(NumberType(), optional=True)),
    )
)
"""What ``paginationOpts`` of a paginated query accepts (contract convex §8, §15.2)."""


def nesting_of(validator: Validator) -> int:
    """Count how deeply a validator nests: 1 for one without parts."""
    return 1 + max(map(nesting_of, _parts_of(validator)), default=0)


def accepts_only_keys(validator: Validator) -> bool:
    """Whether a record may have such keys: strings, ids, or unions of them, never literals (contract convex §15.2)."""
    if isinstance(validator, UnionOf):
        return all(map(accepts_only_keys, validator.members))
    return isinstance(validator, StringType | IdOf)


def _parts_of(validator: Validator) -> Iterator[Validator]:
    match validator:
        case ArrayOf(item):
            yield item
        case ObjectOf(fields):
            yield from (field.validator for _, field in fields)
        case RecordOf(keys, values):
            yield keys
            yield values
        case UnionOf(members):
            yield from members
        case _:
            return
