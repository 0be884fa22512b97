"""Validator JSON, both ways, and what is none (contract convex §15.2)."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.values.convex import Int64
from emulator.values.validators.faults import InvalidValidatorError
from emulator.values.validators.json_form import is_validator_json, read_validator, write_validator
from emulator.values.validators.shorthand import spell_validator
from emulator.values.validators.types import AnyType, FieldOf, Int64Type, Literal, ObjectOf, StringType

STRING = {"type": "string"}
TABLE: dict[str, dict[str, Any]] = {
    "null": {"type": "null"},
    "number": {"type": "number"},
    "int64": {"type": "bigint"},
    "boolean": {"type": "boolean"},
    "string": STRING,
    "bytes": {"type": "bytes"},
    "any": {"type": "any"},
    '"a"': {"type": "literal", "value": "a"},
    "literal(1)": {"type": "literal", "value": 1.0},
    "literal(true)": {"type": "literal", "value": True},
    "literal(1n)": {"type": "literal", "value": {"$integer": "AQAAAAAAAAA="}},
    "id(users)": {"type": "id", "tableName": "users"},
    "id(_storage)": {"type": "id", "tableName": "_storage"},
    "string[]": {"type": "array", "value": STRING},
    "{a: string, b: any?}": {
        "type": "object",
        "value": {
            "a": {"fieldType": STRING, "optional": False},
            "b": {"fieldType": {"type": "any"}, "optional": True},
        },
    },
    "record(string, any)": {
        "type": "record",
        "keys": STRING,
        "values": {"fieldType": {"type": "any"}, "optional": False},
    },
    "string | null": {"type": "union", "value": [STRING, {"type": "null"}]},
    "union()": {"type": "union", "value": []},
}

rows = pytest.mark.parametrize(("short", "tree"), TABLE.items(), ids=TABLE)


@rows
def test_validator_json_is_read(short: str, tree: dict[str, Any]) -> None:
    assert spell_validator(read_validator(tree)) == short
    assert is_validator_json(tree)


@rows
def test_validators_are_written_as_the_json_they_come_from(short: str, tree: dict[str, Any]) -> None:
    written: Any = write_validator(read_validator(tree))

    assert written == tree, short
    assert type(written.get("value")) is type(tree.get("value"))


@pytest.mark.parametrize(
    "tree",
    [
        {"type": "map", "keys": STRING, "values": STRING},
        {"type": "set", "value": STRING},
        {"type": "map"},
        {"type": "set", "value": 3},
    ],
)
def test_old_kinds_read_as_any(tree: dict[str, Any]) -> None:
    assert read_validator(tree) == AnyType()


def test_commit_timestamps_are_read_as_what_a_document_then_holds() -> None:
    assert read_validator({"type": "commitTs"}) == Int64Type()


def test_numbers_without_a_point_are_read_as_float64() -> None:
    assert read_validator({"type": "literal", "value": 1}) == Literal(1.0)
    assert read_validator({"type": "literal", "value": {"$float": "AAAAAAAAAIA="}}) == Literal(-0.0)
    assert read_validator({"type": "literal", "value": {"$integer": "/////////38="}}) == Literal(Int64(2**63 - 1))


def test_a_field_that_does_not_say_so_is_required() -> None:
    tree = {"type": "object", "value": {"a": {"fieldType": STRING}}}

    assert read_validator(tree) == ObjectOf((("a", FieldOf(StringType())),))


def nested(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = STRING
    for _ in range(levels - 1):
        tree = {"type": "array", "value": tree}
    return tree


def field(tree: object) -> dict[str, Any]:
    return {"type": "object", "value": {"a": {"fieldType": tree, "optional": False}}}


# tree, message, steps, hint
BAD: dict[str, tuple[object, str, tuple[str | int, ...], str | None]] = {
    "no object": ("string", "this is no object", (), None),
    "no type": ({}, "this validator has no `type`", (), "write"),
    "odd type": ({"type": 3}, "the `type` of a validator is a text", ("type",), None),
    "unknown type": ({"type": "strin"}, "`strin` is no type of validator", ("type",), "did you mean 'string'?"),
    "type of the API": ({"type": "int64"}, "`int64` is no type of validator", ("type",), "did you mean 'bigint'?"),
    "unlike any": ({"type": "zzz"}, "`zzz` is no type of validator", ("type",), None),
    "too much": ({"type": "string", "value": 1}, "`value` has no meaning here", ("value",), None),
    "misspelled": (
        {"type": "id", "tablename": "users"},
        "`tablename` has no meaning here",
        ("tablename",),
        "did you mean 'tableName'?",
    ),
    "too little": ({"type": "array"}, "there is no `value` here", (), "needs it"),
    "key": ({1: 2}, "the key 1 is no text", (), None),
    "table": ({"type": "id", "tableName": "a b"}, "`a b` cannot name a table", ("tableName",), "letters"),
    "table of underscores": ({"type": "id", "tableName": "__"}, "`__` cannot name a table", ("tableName",), None),
    "long table": ({"type": "id", "tableName": "a" * 65}, "cannot name a table", ("tableName",), None),
    "table of another type": ({"type": "id", "tableName": 3}, "`tableName` is no text", ("tableName",), None),
    "literal null": ({"type": "literal", "value": None}, "a literal is a text", ("value",), "for null say null"),
    "literal array": ({"type": "literal", "value": []}, "a literal is a text", ("value",), None),
    "literal infinity": (
        {"type": "literal", "value": {"$float": "AAAAAAAA8H8="}},
        "a literal is never infinite",
        ("value",),
        None,
    ),
    "literal of no value": ({"type": "literal", "value": {"$set": []}}, "this literal is no value", ("value",), None),
    "half a character": ({"type": "literal", "value": "\ud800"}, "half a surrogate pair", ("value",), None),
    "union": ({"type": "union", "value": STRING}, "the value of a union's validator is an array", ("value",), None),
    "member": ({"type": "union", "value": [STRING, 3]}, "this is no object", ("value", 1), None),
    "object": ({"type": "object", "value": []}, "this is no object", ("value",), None),
    "field": ({"type": "object", "value": {"a": STRING}}, "`type` has no meaning here", ("value", "a", "type"), None),
    "empty field": ({"type": "object", "value": {"a": {}}}, "there is no `fieldType` here", ("value", "a"), None),
    "name": ({"type": "object", "value": {"$a": {}}}, "`$a` cannot be a field", ("value", "$a"), None),
    "optional": (
        {"type": "object", "value": {"a": {"fieldType": STRING, "optional": 1}}},
        "`optional` is neither true nor false",
        ("value", "a", "optional"),
        None,
    ),
    "deep": (
        field({"type": "array", "value": {"type": "oops"}}),
        "`oops` is no type of validator",
        ("value", "a", "fieldType", "value", "type"),
        None,
    ),
    "too deep": (nested(65), "this validator nests deeper than 64 levels", ("value",) * 64, "any"),
    "record of literals": (
        {"type": "record", "keys": {"type": "literal", "value": "a"}, "values": {"fieldType": STRING}},
        'the keys of a record are strings or ids, not `v.literal("a")`',
        ("keys",),
        "object",
    ),
    "record of optional values": (
        {"type": "record", "keys": STRING, "values": {"fieldType": STRING, "optional": True}},
        "the values of a record are never optional",
        ("values",),
        None,
    ),
}


@pytest.mark.parametrize("row", BAD.values(), ids=BAD)
def test_what_is_no_validator_json_is_refused_with_the_reason_and_the_place(
    row: tuple[object, str, tuple[str | int, ...], str | None],
) -> None:
    tree, message, steps, hint = row
    with pytest.raises(InvalidValidatorError) as caught:
        read_validator(tree)

    assert message in caught.value.message
    assert str(caught.value) == caught.value.message
    assert caught.value.steps == steps
    assert caught.value.offset is None
    assert hint is None or hint in str(caught.value.hint)


def test_the_steps_that_led_to_a_tree_are_part_of_the_place() -> None:
    with pytest.raises(InvalidValidatorError) as caught:
        read_validator({"type": "array", "value": 3}, ("functions", 0, "args"))

    assert caught.value.steps == ("functions", 0, "args", "value")


def test_the_deepest_nesting_is_read_and_written() -> None:
    assert write_validator(read_validator(nested(64))) == nested(64)


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        "string",
        {},
        {"type": 3},
        {"type": ["string"]},
        {"type": "user"},
        {"type": "string", "value": "string"},
        {"type": "id", "table": "users"},
        {"type": "record", "keys": STRING},
        {"fieldType": STRING, "optional": True},
    ],
    ids=str,
)
def test_other_trees_do_not_look_like_validator_json(tree: object) -> None:
    assert not is_validator_json(tree)
