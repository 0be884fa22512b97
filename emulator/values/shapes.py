"""What values look like: shapes of documents, joined until one shape fits all of them (contract convex §15.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from math import copysign, isfinite
from typing import Any, TypeAlias, assert_never

from emulator.values.convex import MAX_OBJECT_FIELDS, Int64, Value
from emulator.values.ids import InvalidIdError, decode_id
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    BooleanType,
    BytesType,
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

TableOf: TypeAlias = Callable[[int], str | None]
"""Gives the name of the table that has a number, None when none has it."""

_ID_LENGTHS = frozenset(range(31, 38))


class Plain(Enum):
    """Shapes without parts; SPECIAL are Float64s some of which JSON has no number for, or the negative zero."""

    UNKNOWN = "Unknown"
    NEVER = "Never"
    NULL = "Null"
    INT64 = "Int64"
    FLOAT64 = "Float64"
    SPECIAL = "Float64 with special values"
    BOOLEAN = "Boolean"
    STRING = "String"
    BYTES = "Bytes"

    __hash__ = object.__hash__  # members are singletons; the default hashes the name at every look-up


@dataclass(frozen=True, slots=True)
class IdShape:
    """Ids of documents of one table."""

    table: str


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """Arrays whose items all have one shape."""

    item: Shape


@dataclass(frozen=True, slots=True)
class FieldShape:
    """What objects have under one name; an optional field is missing in some."""

    shape: Shape
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """Objects with these fields, in the order of their names."""

    fields: tuple[tuple[str, FieldShape], ...]


@dataclass(frozen=True, slots=True)
class RecordShape:
    """Objects with any names of one shape."""

    key: Shape
    value: Shape


@dataclass(frozen=True, slots=True)
class UnionShape:
    """One of several, no two of which could be joined."""

    members: tuple[Shape, ...]


Shape: TypeAlias = Plain | IdShape | ArrayShape | ObjectShape | RecordShape | UnionShape

_BY_TYPE: dict[type, Shape] = {
    type(None): Plain.NULL,
    bool: Plain.BOOLEAN,
    Int64: Plain.INT64,
    bytes: Plain.BYTES,
}
_BY_VALIDATOR: dict[type[Validator], Shape] = {
    AnyType: Plain.UNKNOWN,
    NullType: Plain.NULL,
    NumberType: Plain.FLOAT64,
    Int64Type: Plain.INT64,
    BooleanType: Plain.BOOLEAN,
    StringType: Plain.STRING,
    BytesType: Plain.BYTES,
}


def shape_of(value: Value, table_of: TableOf) -> Shape:
    """Return the shape of one value; a text that is the id of some document of a known table has an id's."""
    plain = _BY_TYPE.get(type(value))
    if plain is not None:
        return plain
    if isinstance(value, str):
        return _shape_of_text(value, table_of) if len(value) in _ID_LENGTHS else Plain.STRING
    if isinstance(value, float):
        is_special = not isfinite(value) or (value == 0 and copysign(1, value) < 0)
        return Plain.SPECIAL if is_special else Plain.FLOAT64
    if isinstance(value, dict):
        return ObjectShape(tuple((name, FieldShape(shape_of(value[name], table_of))) for name in sorted(value)))
    assert isinstance(value, list), f"{value!r} is no Convex value"
    return ArrayShape(joined(shape_of(each, table_of) for each in value))


def shape_of_validator(validator: Validator) -> Shape:
    """Return the shape of all values that a validator accepts."""
    match validator:
        case Literal(value):
            return shape_of(value, lambda _number: None)
        case IdOf(table):
            return IdShape(table)
        case ArrayOf(item):
            return ArrayShape(shape_of_validator(item))
        case ObjectOf(fields):
            shapes = ((name, FieldShape(shape_of_validator(each.validator), each.optional)) for name, each in fields)
            return ObjectShape(tuple(sorted(shapes, key=lambda each: each[0])))
        case RecordOf(keys, values):
            return RecordShape(shape_of_validator(keys), shape_of_validator(values))
        case UnionOf(members):
            return joined(map(shape_of_validator, members))
        case _:
            return _BY_VALIDATOR[type(validator)]


def joined(shapes: Iterable[Shape]) -> Shape:
    """Return the shape that fits whatever one of these fits, in whatever order they come."""
    different = set(shapes)
    if len(different) == 1:
        return different.pop()
    members: dict[str, Shape] = {}
    for shape in different:
        for member in shape.members if isinstance(shape, UnionShape) else (shape,):
            kind = _kind_of(member)
            known = members.get(kind)
            members[kind] = member if known is None or known == member else _joined_alike(known, member)
    if "Unknown" in members:
        return Plain.UNKNOWN
    members.pop("Never", None)
    if "String" in members:
        members = {kind: each for kind, each in members.items() if not isinstance(each, IdShape)}
    if not members:
        return Plain.NEVER
    ordered = tuple(members[kind] for kind in sorted(members))
    return ordered[0] if len(ordered) == 1 else UnionShape(ordered)


def write_shape(shape: Shape) -> dict[str, Any]:
    """Write a shape as JSON (contract convex §15.4)."""
    match shape:
        case Plain.FLOAT64 | Plain.SPECIAL:
            return {"type": "Float64", "float64Range": {"hasSpecialValues": shape is Plain.SPECIAL}}
        case Plain():
            return {"type": shape.value}
        case IdShape(table):
            return {"type": "Id", "tableName": table}
        case ArrayShape(item):
            return {"type": "Array", "shape": write_shape(item)}
        case ObjectShape(fields):
            return {
                "type": "Object",
                "fields": [
                    {"fieldName": name, "optional": each.optional, "shape": write_shape(each.shape)}
                    for name, each in fields
                ],
            }
        case RecordShape(key, value):
            values = {"optional": False, "shape": write_shape(value)}
            return {"type": "Record", "keyShape": write_shape(key), "valueShape": values}
        case UnionShape(members):
            return {"type": "Union", "shapes": [write_shape(each) for each in members]}
        case _:
            assert_never(shape)


def _shape_of_text(text: str, table_of: TableOf) -> Shape:
    try:
        table = table_of(decode_id(text)[0])
    except InvalidIdError:
        return Plain.STRING
    return Plain.STRING if table is None else IdShape(table)


def _kind_of(shape: Shape) -> str:
    """Return what two shapes share that are joined into one."""
    match shape:
        case Plain():
            return "Float64" if shape is Plain.SPECIAL else shape.value
        case IdShape(table):
            return f"Id {table}"
        case ArrayShape():
            return "Array"
        case ObjectShape() | RecordShape():
            return "Object"
        case UnionShape():
            raise AssertionError("a union's members are looked at one by one")
        case _:
            assert_never(shape)


def _joined_alike(one: Shape, other: Shape) -> Shape:
    """Join two different shapes of one kind."""
    if isinstance(one, ArrayShape) and isinstance(other, ArrayShape):
        return ArrayShape(joined((one.item, other.item)))
    if isinstance(one, ObjectShape) and isinstance(other, ObjectShape):
        return _joined_objects(one, other)
    if isinstance(one, Plain):
        return Plain.SPECIAL
    records = [_as_record(each) for each in (one, other) if isinstance(each, ObjectShape | RecordShape)]
    return RecordShape(joined(each.key for each in records), joined(each.value for each in records))


def _joined_objects(one: ObjectShape, other: ObjectShape) -> ObjectShape | RecordShape:
    left, right = dict(one.fields), dict(other.fields)
    fields = {}
    for name in sorted(left.keys() | right.keys()):
        mine, theirs = left.get(name), right.get(name)
        if mine is None or theirs is None:
            fields[name] = FieldShape((mine or theirs or FieldShape(Plain.NEVER)).shape, optional=True)
        else:
            fields[name] = FieldShape(joined((mine.shape, theirs.shape)), mine.optional or theirs.optional)
    whole = ObjectShape(tuple(fields.items()))
    return _as_record(whole) if len(fields) > MAX_OBJECT_FIELDS else whole


def _as_record(shape: ObjectShape | RecordShape) -> RecordShape:
    """Return objects as a record: what has more names than an object may have must be one."""
    if isinstance(shape, RecordShape):
        return shape
    return RecordShape(Plain.STRING, joined(each.shape for _, each in shape.fields))
