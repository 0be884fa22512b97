"""Validators as JSON trees and back: the form of function specs and schemas (contract convex §15.2)."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard

from emulator.values.convex import Int64, InvalidValueError
from emulator.values.formats import Format, Json, decode, encode
from emulator.values.validators.faults import (
    InvalidValidatorError,
    Steps,
    check_depth,
    check_field,
    did_you_mean,
    id_of,
    literal_of,
    record_of,
    shown,
)
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

_Node: TypeAlias = dict[str, Any]

_PLAIN: dict[str, Validator] = {
    "any": AnyType(),
    "null": NullType(),
    "number": NumberType(),
    "bigint": Int64Type(),
    "boolean": BooleanType(),
    "string": StringType(),
    "bytes": BytesType(),
}
_NAMES = {type(validator): name for name, validator in _PLAIN.items()}
_OLD: dict[str, Validator] = {"map": AnyType(), "set": AnyType()}
_COMMIT_TIMESTAMP: dict[str, Validator] = {"commitTs": Int64Type()}
_WITHOUT_PARTS = _PLAIN | _COMMIT_TIMESTAMP | _OLD
_PARTS = {
    **dict.fromkeys([*_PLAIN, *_COMMIT_TIMESTAMP], frozenset[str]()),
    "literal": frozenset({"value"}),
    "id": frozenset({"tableName"}),
    "array": frozenset({"value"}),
    "object": frozenset({"value"}),
    "union": frozenset({"value"}),
    "record": frozenset({"keys", "values"}),
    "map": frozenset({"keys", "values"}),
    "set": frozenset({"value"}),
}
_FIELD = frozenset({"fieldType", "optional"})
_OTHER_NAMES = {"int64": "bigint", "float64": "number", "float": "number", "int": "number"}


def is_validator_json(tree: object) -> TypeGuard[_Node]:
    """Whether a tree is a node of validator JSON: a known `type`, and exactly the other keys that such a node has."""
    if not isinstance(tree, dict):
        return False
    kind = tree.get("type")
    return isinstance(kind, str) and kind in _PARTS and tree.keys() - {"type"} == _PARTS[kind]


def is_field_json(tree: object) -> TypeGuard[_Node]:
    """Whether a tree is what validator JSON has for one field of an object, with its `optional` said."""
    return isinstance(tree, dict) and tree.keys() == _FIELD and isinstance(tree["optional"], bool)


def read_validator(tree: object, steps: Steps = ()) -> Validator:
    """Read validator JSON; `steps` are those that led to `tree`, for errors.

    The old ``map`` and ``set`` read as any, and ``commitTs`` as Int64, which is what a document then holds. A field
    without ``optional`` is required. Raises InvalidValidatorError, also for keys that such a node does not have.
    """
    return _read(tree, steps, 1)


def read_field_json(tree: object, steps: Steps = ()) -> FieldOf:
    """Read what validator JSON has for one field: ``{"fieldType": …, "optional": false}``."""
    return _read_field(tree, steps, 1)


def write_validator(validator: Validator) -> Json:
    """Write validator JSON, which :func:`read_validator` reads as the same validator."""
    match validator:
        case Literal(value):
            return {"type": "literal", "value": encode(value, Format.ENCODED) if isinstance(value, Int64) else value}
        case IdOf(table):
            return {"type": "id", "tableName": table}
        case ArrayOf(item):
            return {"type": "array", "value": write_validator(item)}
        case ObjectOf(fields):
            return {"type": "object", "value": {name: _write_field(field) for name, field in fields}}
        case RecordOf(keys, values):
            return {"type": "record", "keys": write_validator(keys), "values": _write_field(FieldOf(values))}
        case UnionOf(members):
            return {"type": "union", "value": [write_validator(each) for each in members]}
        case _:
            return {"type": _NAMES[type(validator)]}


def _write_field(field: FieldOf) -> Json:
    return {"fieldType": write_validator(field.validator), "optional": field.optional}


def _read(tree: object, steps: Steps, depth: int) -> Validator:
    check_depth(depth, steps)
    node = _mapping(tree, steps, 'validator JSON is an object such as {"type": "string"}')
    kind = _kind(node, steps)
    if kind not in _OLD:
        _check_keys(node, _PARTS[kind], {"type"}, steps)
    if kind in _WITHOUT_PARTS:
        return _WITHOUT_PARTS[kind]
    match kind:
        case "literal":
            return _literal(node["value"], (*steps, "value"))
        case "id":
            return _id(node["tableName"], (*steps, "tableName"))
        case "array":
            return ArrayOf(_read(node["value"], (*steps, "value"), depth + 1))
        case "object":
            return _object(node["value"], (*steps, "value"), depth + 1)
        case "union":
            return _union(node["value"], (*steps, "value"), depth + 1)
        case _:
            return _record(node, steps, depth + 1)


def _read_field(tree: object, steps: Steps, depth: int) -> FieldOf:
    node = _mapping(tree, steps, 'a field is an object such as {"fieldType": {"type": "string"}, "optional": false}')
    _check_keys(node, {"fieldType"}, {"optional"}, steps)
    optional = node.get("optional", False)
    if not isinstance(optional, bool):
        raise InvalidValidatorError("`optional` is neither true nor false", (*steps, "optional"))
    return FieldOf(_read(node["fieldType"], (*steps, "fieldType"), depth), optional)


def _literal(tree: Json, steps: Steps) -> Literal:
    try:
        value = decode(tree)
    except InvalidValueError as error:
        raise InvalidValidatorError(f"this literal is no value: {error}", steps) from error
    return literal_of(value, steps)


def _id(table: object, steps: Steps) -> IdOf:
    if not isinstance(table, str):
        raise InvalidValidatorError("`tableName` is no text", steps)
    return id_of(table, steps)


def _object(tree: object, steps: Steps, depth: int) -> ObjectOf:
    node = _mapping(tree, steps, "the value of an object's validator is an object with its fields")
    for name in node:
        check_field(name, (*steps, name))
    return ObjectOf(tuple((name, _read_field(each, (*steps, name), depth)) for name, each in node.items()))


def _union(tree: object, steps: Steps, depth: int) -> UnionOf:
    if not isinstance(tree, list):
        raise InvalidValidatorError("the value of a union's validator is an array", steps)
    return UnionOf(tuple(_read(each, (*steps, index), depth) for index, each in enumerate(tree)))


def _record(node: _Node, steps: Steps, depth: int) -> RecordOf:
    keys = _read(node["keys"], (*steps, "keys"), depth)
    values = _read_field(node["values"], (*steps, "values"), depth)
    if values.optional:
        hint = 'write "optional": false'
        raise InvalidValidatorError("the values of a record are never optional", (*steps, "values"), hint=hint)
    return record_of(keys, values.validator, (*steps, "keys"))


def _mapping(tree: object, steps: Steps, rule: str) -> _Node:
    if not isinstance(tree, dict):
        raise InvalidValidatorError(f"this is no object: {rule}", steps)
    for key in tree:
        if not isinstance(key, str):
            raise InvalidValidatorError(f"the key {key!r} is no text", steps)
    return tree


def _kind(node: _Node, steps: Steps) -> str:
    kind = node.get("type")
    if isinstance(kind, str) and kind in _PARTS:
        return kind
    if "type" not in node:
        raise InvalidValidatorError("this validator has no `type`", steps, hint='write {"type": "string"} or the like')
    if not isinstance(kind, str):
        raise InvalidValidatorError("the `type` of a validator is a text", (*steps, "type"))
    other = _OTHER_NAMES.get(kind)
    hint = f"did you mean {other!r}?" if other else did_you_mean(kind, _PARTS)
    raise InvalidValidatorError(f"{shown(kind)} is no type of validator", (*steps, "type"), hint=hint)


def _check_keys(node: _Node, needed: frozenset[str] | set[str], others: set[str], steps: Steps) -> None:
    for key in node:
        if key not in needed and key not in others:
            hint = did_you_mean(key, [*needed, *others])
            raise InvalidValidatorError(f"{shown(key)} has no meaning here", (*steps, key), hint=hint)
    for key in sorted(needed):
        if key not in node:
            raise InvalidValidatorError(f"there is no `{key}` here", steps, hint="this kind of validator needs it")
