"""JSON schemas of the types of answers; pure."""

from __future__ import annotations

from enum import Enum
from inspect import getdoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

REF = "#/components/schemas/{model}"
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}

Schema = dict[str, Any]


def answer_of(endpoint: object) -> object:
    """Return the type of what an endpoint answers with."""
    return get_type_hints(endpoint, include_extras=True)["return"]


def schema_of(hint: Any, named: dict[str, Schema]) -> Schema:  # noqa: ANN401 - any type
    """Return the schema of a type; those of TypedDicts are put into `named`, and referred to."""
    if is_typeddict(hint):
        if hint.__name__ not in named:
            named[hint.__name__] = {}  # for a type that has itself in it
            named[hint.__name__].update(_object_schema(hint, named))
        return {"$ref": REF.format(model=hint.__name__)}
    if hint is Any:
        return {}
    first, *others = get_args(hint) or (None,)
    match get_origin(hint):
        case None:
            return {"type": _TYPES[hint]}
        case origin if origin is Literal:
            return {"type": _TYPES[type(first)], "enum": [first, *others]}
        case origin if origin is Annotated:
            return {"type": "string", "enum": [each.value if isinstance(each, Enum) else each for each in others[0]]}
        case origin if origin is list:
            return {"type": "array", "items": schema_of(first, named)}
        case origin if origin is dict:
            return {"type": "object", "additionalProperties": schema_of(others[0], named)}
        case origin if origin in (Union, UnionType):
            return {"anyOf": [schema_of(each, named) for each in (first, *others)]}
        case origin:
            raise TypeError(f"{origin} has no schema")


def _object_schema(hint: type, named: dict[str, Schema]) -> Schema:
    fields = get_type_hints(hint, include_extras=True)
    optional = {name: get_args(each)[0] for name, each in fields.items() if get_origin(each) is NotRequired}
    return {
        "type": "object",
        "description": getdoc(hint),
        "properties": {name: schema_of(each, named) for name, each in {**fields, **optional}.items()},
        "required": [name for name in fields if name not in optional],
    }
