"""Shapes as JSON Schemas, in the format that documents are exported in; pure (contract convex §9.4)."""

from __future__ import annotations

from typing import Any, TypeAlias, assert_never

from emulator.values.formats import Format
from emulator.values.shapes import (
    ArrayShape,
    FieldShape,
    IdShape,
    ObjectShape,
    Plain,
    RecordShape,
    Shape,
    UnionShape,
)

Schema: TypeAlias = "dict[str, Any] | bool"

_DRAFT = "http://json-schema.org/draft-07/schema#"
_PLAIN: dict[Plain, Schema] = {
    Plain.UNKNOWN: {},
    Plain.NEVER: False,
    Plain.NULL: {"type": "null"},
    Plain.FLOAT64: {"type": "number"},
    Plain.BOOLEAN: {"type": "boolean"},
    Plain.STRING: {"type": "string"},
}
_ENCODED_FLOAT = {"$float": {"$description": "float64 -> little-endian -> base64", "type": "string"}}
_ENCODED_INTEGER = {"$integer": {"$description": "int64 -> little-endian -> base64", "type": "string"}}
_ENCODED_BYTES = {"type": "object", "$description": "base64 bytes", "properties": {"$bytes": {"type": "string"}}}
_INT64: dict[Format, Schema] = {
    Format.CLEAN: {"$description": "int64 represented as base10 string", "type": "string"},
    Format.ENCODED: {"$description": "int64", "type": "object", "properties": _ENCODED_INTEGER},
    Format.EXPORT: {"$description": "int64", "type": "number"},
}
_BYTES: dict[Format, Schema] = {
    Format.CLEAN: {"$description": "base64 bytes", "type": "string"},
    Format.ENCODED: _ENCODED_BYTES,
    Format.EXPORT: _ENCODED_BYTES,
}
_SPECIAL: dict[Format, Schema] = {
    Format.CLEAN: {"type": "string", "$description": "-inf, inf, or NaN"},
    Format.ENCODED: {"type": "object", "$description": "-0, -inf, inf, or NaN", "properties": _ENCODED_FLOAT},
    Format.EXPORT: {"type": "object", "$description": "-inf, inf, or NaN", "properties": _ENCODED_FLOAT},
}
_DELTA = {
    "_table": {"type": "string"},
    "_component": {"type": "string"},
    "_ts": {"type": "integer"},
    "_deleted": {"type": "boolean"},
}


def table_shape(table: str, shape: Shape) -> ObjectShape | None:
    """Return the shape of a table's documents, system fields only for an empty one; None where they are no objects."""
    if shape is Plain.NEVER:
        system = (("_creationTime", FieldShape(Plain.FLOAT64)), ("_id", FieldShape(IdShape(table))))
        return ObjectShape(system)
    return shape if isinstance(shape, ObjectShape) else None


def table_schema(shape: ObjectShape, form: Format, *, is_delta: bool) -> dict[str, Any]:
    """Return the schema of a table's documents; with `is_delta` of what is told of their changes."""
    schema = _object_schema(shape, form)
    if is_delta:
        schema["properties"] |= _DELTA
    return {**schema, "$schema": _DRAFT}


def _object_schema(shape: ObjectShape, form: Format) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _schema(each.shape, form) for name, each in shape.fields},
        "additionalProperties": False,
        "required": [name for name, each in shape.fields if not each.optional],
    }


def _schema(shape: Shape, form: Format) -> Schema:
    match shape:
        case Plain.INT64:
            return _INT64[form]
        case Plain.BYTES:
            return _BYTES[form]
        case Plain.SPECIAL:
            return {"$description": "float64", "anyOf": [_PLAIN[Plain.FLOAT64], _SPECIAL[form]]}
        case Plain():
            return _PLAIN[shape]
        case IdShape(table):
            return {"$description": f"Id({table})", "type": "string"}
        case ArrayShape(item):
            return {"type": "array", "items": _schema(item, form)}
        case ObjectShape():
            return _object_schema(shape, form)
        case RecordShape(key, value):
            described = f"Record with keys of type {_name_of(key)}"
            return {"type": "object", "$description": described, "additionalProperties": _schema(value, form)}
        case UnionShape(members):
            return {"anyOf": [_schema(each, form) for each in members]}
        case _:
            assert_never(shape)


def _name_of(shape: Shape) -> str:
    """Return what keys of a record are called: ids, texts, or a choice of those."""
    if isinstance(shape, UnionShape):
        return " | ".join(map(_name_of, shape.members))
    return f"Id({shape.table})" if isinstance(shape, IdShape) else "string"
