"""Validators of functions and tables: what they refuse, in the service's words, and the Int64 they make of numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.plan import Rejected, Returned, Uncomputable
from emulator.values.convex import Int64, Value
from tests.support.engine import MUTATION, QUERY, call, emulator_of, ending_of, value_of
from tests.support.tables import change, documents, fields, refusal

TEXT = """
tables:
  notes: {fields: {text: string, likes: int64, ratio: number?, by: 'id("users")?', either: 'string | int64?'}}
  users: {documents: [{name: Ada}]}
functions:
  n:args: {args: {text: string, n: number?}, result: "${args.text}", logs: [seen]}
  n:int: {args: {n: int64}, result: "${args.n}"}
  n:seq: {args: {n: number}, sequence: [{result: 1}, {result: 2}]}
  n:whole: {returns: int64, result: 5}
  n:half: {returns: int64, do: [{insert: {into: users, document: {}}}], result: "${5 / 2}"}
  n:list: {returns: {likes: "int64[]", other: number}, result: {likes: ["${1 + 1}", 3], other: 4}}
  n:page: {returns: "{name: string}[]", query: {table: users}}
  n:add: {do: [{insert: {into: notes, document: "${args}"}}]}
  n:patch: {do: [{patch: {table: notes, id: "${tables.notes[0]._id}", fields: "${args}"}}]}
  n:put: {do: [{replace: {table: notes, id: "${tables.notes[0]._id}", document: "${args}"}}]}
"""


MISSING = (
    "ArgumentValidationError: Object is missing the required field `text`. Consider wrapping the field validator in "
    "`v.optional(...)` if this is expected.\n\nObject: {}\n"
    "Validator: v.object({n: v.optional(v.float64()), text: v.string()})"
)


@pytest.mark.parametrize(
    ("operation", "args", "message"),
    [
        ("n:args", {}, MISSING),
        (
            "n:args",
            {"text": 1.0},
            "ArgumentValidationError: Value does not match validator.\nPath: .text\nValue: 1.0\nValidator: v.string()",
        ),
        (
            "n:int",
            {"n": 1.0},
            "ArgumentValidationError: Value does not match validator.\nPath: .n\nValue: 1.0\nValidator: v.int64()",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused_in_the_services_words(
    tmp_path: Path, operation: str, args: dict[str, Value], message: str
) -> None:
    entry = call(emulator_of(tmp_path, TEXT), operation, args)

    assert ending_of(entry) == Rejected(message)
    assert entry.decision.rule is None
    assert entry.explanation is None


def test_a_call_that_was_refused_is_not_counted(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)

    call(emulator, "n:seq", {})
    assert value_of(call(emulator, "n:seq", {"n": 1.0})) == 1.0
    assert value_of(call(emulator, "n:args", {"text": "x"})) == "x"
    assert value_of(call(emulator, "n:int", {"n": Int64(3)})) == Int64(3)


def test_what_is_returned_has_the_whole_numbers_that_its_validator_wants(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)

    assert repr(value_of(call(emulator, "n:whole"))) == "Int64(5)"
    assert repr(value_of(call(emulator, "n:list"))) == "{'likes': [Int64(2), Int64(3)], 'other': 4.0}"


def test_what_is_returned_and_does_not_fit_is_an_error_that_takes_the_effects_back(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)

    assert refusal(emulator, "n:half") == (
        "ReturnsValidationError: Value does not match validator.\n\nValue: 2.5\nValidator: v.int64()"
    )
    assert len(documents(emulator, "users")) == 1
    assert refusal(emulator, "n:page").startswith("ReturnsValidationError: Object contains extra field `_creationTime`")


def test_a_document_gets_the_whole_numbers_that_its_table_wants(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)

    change(emulator, "n:add", {"text": "a", "likes": 1.0, "ratio": 2.0})
    change(emulator, "n:add", {"text": "b", "likes": Int64(2), "either": 3.0})
    change(emulator, "n:add", {"text": "c", "likes": -0.0, "either": "x"})

    assert repr(fields(emulator, "notes", "likes")) == "[Int64(1), Int64(2), Int64(0)]"
    assert repr(fields(emulator, "notes", "ratio")) == "[2.0, 'nothing', 'nothing']"
    assert repr(fields(emulator, "notes", "either")) == "['nothing', Int64(3), 'x']"

    change(emulator, "n:patch", {"likes": 7.0})
    assert repr(fields(emulator, "notes", "likes")[0]) == "Int64(7)"
    change(emulator, "n:put", {"text": "z", "likes": 8.0})
    assert documents(emulator, "notes")[0]["text"] == "z"
    assert "ratio" not in documents(emulator, "notes")[0]


@pytest.mark.parametrize("operation", ["n:add", "n:patch", "n:put"])
@pytest.mark.parametrize(
    ("args", "fault"),
    [
        ({"text": 1.0, "likes": 1.0}, "Path: .text\nValue: 1.0\nValidator: v.string()"),
        ({"text": "a", "likes": 1.5}, "Path: .likes\nValue: 1.5\nValidator: v.int64()"),
        ({"text": "a", "likes": 1e300}, "Path: .likes\nValue: 1e300\nValidator: v.int64()"),
        ({"text": "a", "likes": True}, "Path: .likes\nValue: true\nValidator: v.int64()"),
        ({"text": "a", "likes": 1.0, "more": None}, "Object contains extra field `more`"),
        ({"text": "a", "likes": 1.0, "by": "nobody"}, "Path: .by"),
    ],
)
def test_a_write_that_does_not_fit_its_table_is_refused_and_changes_nothing(
    tmp_path: Path, operation: str, args: dict[str, Value], fault: str
) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    change(emulator, "n:add", {"text": "first", "likes": 1.0})
    before = documents(emulator, "notes")

    ending = ending_of(call(emulator, operation, args, MUTATION))

    assert isinstance(ending, Uncomputable)
    schema = 'Failed to insert or update a document in table "notes" because it does not match the schema: '
    assert ending.reason.startswith(schema)
    assert fault in ending.reason
    assert documents(emulator, "notes") == before


def test_an_id_of_another_table_does_not_fit(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    ada = documents(emulator, "users")[0]["_id"]

    change(emulator, "n:add", {"text": "a", "likes": 1.0, "by": ada})
    note = documents(emulator, "notes")[0]["_id"]

    assert "from table `notes`" in refusal(emulator, "n:patch", {"by": note})


@pytest.mark.parametrize("name", ["_id", "_creationTime", "_own"])
def test_fields_of_the_system_cannot_be_written(tmp_path: Path, name: str) -> None:
    emulator = emulator_of(
        tmp_path, "tables: {t: {}}\nfunctions: {t:add: {do: [{insert: {into: t, document: '${args}'}}]}}"
    )

    message = f"Field '{name}' starts with an underscore, which is only allowed for system fields like '_id'"
    assert refusal(emulator, "t:add", {"a": 1.0, name: "x"}) == message


def test_a_document_has_at_most_as_many_fields_as_the_service_takes(tmp_path: Path) -> None:
    emulator = emulator_of(
        tmp_path, "tables: {t: {}}\nfunctions: {t:add: {do: [{insert: {into: t, document: '${args}'}}]}}"
    )

    assert "Object has too many fields" in refusal(emulator, "t:add", {f"f{n}": None for n in range(1025)})
    assert isinstance(ending_of(call(emulator, "t:add", {f"f{n}": None for n in range(1000)}, MUTATION)), Returned)


def test_a_refused_call_has_no_rule_to_paste(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    call(emulator_of(tmp_path, TEXT), "n:args", {"text": 5.0}, QUERY)

    assert caplog.records == []
