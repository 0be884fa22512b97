"""What a scenario file may hold for validators: short texts, mappings of fields, validator JSON, told apart."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.values.validators.faults import InvalidValidatorError
from emulator.values.validators.shorthand import spell_field, spell_validator
from emulator.values.validators.types import nesting_of
from emulator.values.validators.written import read_fields, read_written, read_written_validator

STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("tree", "spelled"),
    [
        ("string", "string"),
        ("id(users)?", "id(users)?"),
        ({"type": "string"}, "string"),
        ({"type": "id", "tableName": "users"}, "id(users)"),
        ({"type": "union", "value": [STRING, {"type": "null"}]}, "string | null"),
        ({"type": "set", "value": STRING}, "any"),
        ({"fieldType": STRING, "optional": True}, "string?"),
        ({"fieldType": STRING, "optional": False}, "string"),
        ({}, "{}"),
        ({"street": "string", "zip": "string?"}, "{street: string, zip: string?}"),
        ({"street": {"name": "string"}}, "{street: {name: string}}"),
        ({"street?": {"name": "string"}}, "{street: {name: string}?}"),
        ({"zip?": "string?"}, "{zip: string?}"),
        ({"type": "string", "value": "number"}, "{type: string, value: number}"),
        ({"type": "string?"}, "{type: string?}"),
        ({"type": "id(users)"}, "{type: id(users)}"),
        ({"type": STRING}, "{type: string}"),
        ({"fieldType": "string", "optional": "boolean"}, "{fieldType: string, optional: boolean}"),
        ({"at": {"type": "number"}, "by": {"type": "id", "tableName": "users"}}, "{at: number, by: id(users)}"),
    ],
    ids=str,
)
def test_a_field_is_a_text_or_validator_json_or_a_mapping_of_fields(tree: object, spelled: str) -> None:
    assert spell_field(read_written(tree)) == spelled


@pytest.mark.parametrize(
    ("tree", "spelled"),
    [
        ({}, "{}"),
        ({"author": "string", "likes": "int64?"}, "{author: string, likes: int64?}"),
        ({"type": "string"}, "{type: string}"),
        ({"type": "any"}, "{type: any}"),
        ({"b": "any", "a?": "any"}, "{b: any, a: any?}"),
    ],
    ids=str,
)
def test_a_mapping_of_fields_is_nothing_else(tree: object, spelled: str) -> None:
    assert spell_validator(read_fields(tree)) == spelled


@pytest.mark.parametrize(
    ("tree", "spelled"),
    [
        ({"author": "string", "likes": "int64?"}, "{author: string, likes: int64?}"),
        ({"type": "string"}, "{type: string}"),
        ({"type": "number", "value": "string"}, "{type: number, value: string}"),
        ({"type": "any", "value": "string"}, "{type: any, value: string}"),
        ({"type": "any"}, "any"),
        ({"type": "object", "value": {"a": {"fieldType": STRING, "optional": True}}}, "{a: string?}"),
        ({"type": "union", "value": []}, "union()"),
        ({"type": "record", "keys": STRING, "values": {"fieldType": STRING}}, "record(string, string)"),
        ("any", "any"),
        ("{a: string} | {b: string}", "{a: string} | {b: string}"),
        ("{type: any}", "{type: any}"),
    ],
    ids=str,
)
def test_at_the_top_a_mapping_is_fields_unless_it_is_the_json_of_a_whole_object(tree: object, spelled: str) -> None:
    assert spell_validator(read_written_validator(tree)) == spelled


@pytest.mark.parametrize(
    ("tree", "message", "steps", "offset", "hint"),
    [
        ({"a": None}, "what a field holds is said with a text", ("a",), None, 'for null, put it in quotes: "null"'),
        ({"a": True}, "what a field holds is said with a text", ("a",), None, "write literal(true)"),
        ({"a": 3}, "what a field holds is said with a text", ("a",), None, "write literal(3)"),
        ({"a": ["string"]}, "what a field holds is said with a text", ("a",), None, "string[]"),
        ({"a": {"b": "stri ng"}}, "`stri` is no validator", ("a", "b"), 0, "did you mean 'string'?"),
        ({"a?": {"b": "any?", "c": "any int"}}, "`int` stands where the end is expected", ("a?", "c"), 4, ""),
        ({"a": {"type": "array", "value": "string"}}, "this is no object", ("a", "value"), None, ""),
        ({"a": {"type": "id", "table": "users"}}, "id does not say of what", ("a", "type"), 0, "id(users)"),
        ({"$a": "any"}, "`$a` cannot be a field", ("$a",), None, ""),
        ({"a": "any", "a?": "any"}, "the field `a` is there twice, with and without ?", ("a?",), None, ""),
        ({"a": {3: "any"}}, "the field 3 has a name that is no text", ("a",), None, ""),
        ([], "fields are a mapping", (), None, "write {author: string, likes: int64?}"),
        (None, "fields are a mapping", (), None, ""),
    ],
    ids=str,
)
def test_anything_else_is_refused_with_the_reason_and_the_place(
    tree: object, message: str, steps: tuple[str, ...], offset: int | None, hint: str
) -> None:
    with pytest.raises(InvalidValidatorError) as caught:
        read_written_validator(tree, ("tables", "posts"))

    assert message in caught.value.message
    assert caught.value.steps == ("tables", "posts", *steps)
    assert caught.value.offset == offset
    assert hint in str(caught.value.hint)


def test_mappings_nest_as_deep_as_values() -> None:
    tree: dict[str, Any] = {}
    for _ in range(63):
        tree = {"a": tree}
    assert nesting_of(read_fields(tree)) == 64

    with pytest.raises(InvalidValidatorError, match="nests deeper than 64 levels") as caught:
        read_fields({"a": tree})
    assert caught.value.steps == ("a",) * 64


def test_what_is_no_object_at_all_has_no_hint() -> None:
    with pytest.raises(InvalidValidatorError) as caught:
        read_written(object())

    assert caught.value.hint is None
