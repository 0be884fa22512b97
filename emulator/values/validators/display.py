"""Validators as the service's error texts write them (contract convex §5.2)."""

from __future__ import annotations

import math

from emulator.values.convex import Int64
from emulator.values.display import display
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    BooleanType,
    BytesType,
    FieldOf,
    IdOf,
    Int64Type,
    Literal,
    NullType,
    NumberType,
    ObjectOf,
    RecordOf,
    StringType,
    UnionOf,
    Validator,
)

_PLAIN: dict[type[Validator], str] = {
    AnyType: "v.any()",
    NullType: "v.null()",
    NumberType: "v.float64()",
    Int64Type: "v.int64()",
    BooleanType: "v.boolean()",
    StringType: "v.string()",
    BytesType: "v.bytes()",
}


def display_validator(validator: Validator) -> str:
    """Write a validator as error texts do: ``v.object({at: v.optional(v.float64()), to: v.id("users")})``.

    Fields come in the order of their names. What JSON has no word for is not shown in a literal: every Int64 is
    ``v.literal(<bigint>)``.
    """
    match validator:
        case Literal(value):
            return f"v.literal({_literal(value)})"
        case IdOf(table):
            return f'v.id("{table}")'
        case ArrayOf(item):
            return f"v.array({display_validator(item)})"
        case ObjectOf(fields):
            inside = ", ".join(f"{name}: {_field(field)}" for name, field in sorted(fields, key=lambda each: each[0]))
            return f"v.object({{{inside}}})"
        case RecordOf(keys, values):
            return f"v.record({display_validator(keys)}, {display_validator(values)})"
        case UnionOf(members):
            return f"v.union({', '.join(map(display_validator, members))})"
        case _:
            return _PLAIN[type(validator)]


def _field(field: FieldOf) -> str:
    text = display_validator(field.validator)
    return f"v.optional({text})" if field.optional else text


def _literal(value: bool | Int64 | float | str) -> str:  # noqa: FBT001 - a value, not a switch
    if isinstance(value, Int64):
        return "<bigint>"
    if isinstance(value, float) and not math.isfinite(value):
        return "<number>"
    return display(value)
