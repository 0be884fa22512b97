"""Validators in scenario files: what they become, and where what is wrong with one stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.model.function import Function
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    FieldOf,
    IdOf,
    NullType,
    ObjectOf,
    StringType,
    UnionOf,
    Validator,
)
from tests.support.scenarios import load_files, load_text


def function(folder: Path, text: str) -> Function:
    return load_text(folder, f"tables: {{users: {{}}}}\nfunctions:\n  a:b:\n    result: null\n{text}\n").functions[
        "a:b"
    ]


def object_of(**fields: Validator) -> ObjectOf:
    return ObjectOf(tuple((name, FieldOf(each)) for name, each in fields.items()))


def test_without_validators_anything_goes(tmp_path: Path) -> None:
    found = function(tmp_path, "    args: null")
    assert (found.args, found.returns) == (None, None)


WRITTEN: dict[str, tuple[str, Validator]] = {
    "fields": ("{a: string}", object_of(a=StringType())),
    "no fields": ("{}", object_of()),
    "a text": ("'{a: string}'", object_of(a=StringType())),
    "any": ("any", AnyType()),
    "JSON of an object": (
        "{type: object, value: {a: {fieldType: {type: string}, optional: false}}}",
        object_of(a=StringType()),
    ),
    "fields that look like JSON": ("{type: string}", object_of(type=StringType())),
    "a union of objects": (
        "'{a: string} | {b: string}'",
        UnionOf((object_of(a=StringType()), object_of(b=StringType()))),
    ),
    "a block over several lines": (
        ">\n      {a: string,\n       b: id(users)}",
        object_of(a=StringType(), b=IdOf("users")),
    ),
}


@pytest.mark.parametrize(("text", "validator"), WRITTEN.values(), ids=WRITTEN)
def test_arguments_are_what_is_written(text: str, validator: Validator, tmp_path: Path) -> None:
    assert function(tmp_path, f"    args: {text}").args == validator


RETURNED: dict[str, tuple[str, Validator]] = {
    "a text": ("string[]", ArrayOf(StringType())),
    "null in quotes": ("'null'", NullType()),
    "fields": ("{a: string}", object_of(a=StringType())),
    "JSON": ("{type: array, value: {type: id, tableName: users}}", ArrayOf(IdOf("users"))),
}


@pytest.mark.parametrize(("text", "validator"), RETURNED.values(), ids=RETURNED)
def test_what_is_returned_is_what_is_written(text: str, validator: Validator, tmp_path: Path) -> None:
    assert function(tmp_path, f"    returns: {text}").returns == validator


FAULTS = {
    "a text": "    returns: @strng[]",
    "a text in quotes": "    returns: '@strng'",
    "a text behind Korean": "    returns: '\"안녕\" | @strng'",
    "a text in double quotes": '    returns: "\\"a\\" | @strng"',
    "a text in a block": "    returns: |\n      {a: string,\n\n       b: @strng}",
    "a field": "    args: {a: string, b: @strng}",
    "a field in a field": "    args: {a: {b: {c: @strng}}}",
    "a field that is no text": "    args: {a: @7}",
    "two fields": "    args: {a: @strng, b: string, c: @numbr}",
    "JSON": "    returns: {type: array, value: {type: @strng}}",
    "JSON in a list": "    returns: {type: union, value: [{type: string}, {type: @strng}]}",
    "JSON in a field": "    args: {a: {fieldType: {type: @strng}, optional: true}}",
    "an unknown table": "    args: {a: id(@teams)}",
    "an unknown table in quotes": "    args: {a: \"id('@teams')\"}",
    "an unknown table in JSON": "    returns: {type: id, tableName: @teams}",
    "an unknown table in a block": "    returns: >\n      id(users)\n      | id(@teams)",
    "an unknown table in a list": "    returns: {type: union, value: [{type: id, tableName: @teams}]}",
    "what takes no objects": "    args: @string",
    "what may be left out": "    returns: @string?",
    "a name that no field can have": "    args: {a: string, @$b: string}",
}


@pytest.mark.parametrize("marked", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_at_the_very_character(marked: str, tmp_path: Path) -> None:
    head = "tables: {users: {}}\nfunctions:\n  a:b:\n    result: null\n"
    expected = []
    for number, line in enumerate(f"{head}{marked}".split("\n"), 1):
        while (column := line.find("@")) >= 0:
            expected.append((number, column + 1))
            line = line.replace("@", "", 1)  # noqa: PLW2901 - each mark is taken out in its turn
    loaded = load_files(tmp_path, {"default.yaml": head + marked.replace("@", "") + "\n"})
    assert {each.slug for each in loaded.problems} <= {"bad-validator", "unknown-table"}
    assert [(each.place.line, each.place.column) for each in loaded.problems] == expected


def test_a_validator_in_a_part_is_told_in_the_part(tmp_path: Path) -> None:
    files = {
        "default.yaml": "include: [_p.yaml]\nfunctions: {a:b: {result: 1}}\n",
        "_p.yaml": "functions:\n  a:b:\n    args: '{안녕: string}'\n    returns: 'id(teams)'\n",
    }
    loaded = load_files(tmp_path, files)
    assert [(Path(each.place.file).name, each.place.line, each.place.column) for each in loaded.problems] == [
        ("_p.yaml", 3, 13),
        ("_p.yaml", 4, 18),
    ]
