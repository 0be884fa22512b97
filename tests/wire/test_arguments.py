"""Arguments: their shapes, their values, and the sentences about bad ones (contract convex §4.1, §5.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.functions import query, send
from tests.support.serving import Served

NOT_AN_OBJECT = "ArgumentValidationError: Expected to receive an object as the function's argument. Instead received: "
NOT_ONE = "ArgumentValidationError: Expected to receive a single object as the function's argument. Instead received "


@pytest.mark.parametrize(
    ("args", "value"),
    [
        ({"a": 1}, "named"),
        ([{"a": 1}], "named"),
        ({"a": 1.0, "b": []}, "named"),
        ({}, "other"),
        ([{}], "other"),
        ({"n": 1}, "a float"),
        ({"n": {"$integer": "AQAAAAAAAAA="}}, "an int64"),
        ([{"n": {"$integer": "AQAAAAAAAAA="}}], "an int64"),
        ({"n": {"$bytes": "AQ=="}}, "bytes"),
        ({"n": "1"}, "other"),
        ({"n": True}, "other"),
    ],
)
@pytest.mark.parametrize("form", ["json", "convex_encoded_json", "export_json"])
async def test_arguments_are_one_object_and_read_by_the_encoded_rules_whatever_the_format(
    served: Served, args: Any, value: str, form: str
) -> None:
    assert (await query(served, "echo:args", args, format=form)).value == value


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ([], f"{NOT_ONE}0 arguments: []"),
        ([{}, {}], f"{NOT_ONE}2 arguments: [{{}}, {{}}]"),
        ([{"a": 1}, 2, None], f"{NOT_ONE}3 arguments: [{{a: 1.0}}, 2.0, null]"),
        (["x"], f'{NOT_AN_OBJECT}"x"'),
        ([[]], f"{NOT_AN_OBJECT}[]"),
        ("x", f'{NOT_AN_OBJECT}"x"'),
        (1, f"{NOT_AN_OBJECT}1.0"),
        (True, f"{NOT_AN_OBJECT}true"),
        (None, f"{NOT_AN_OBJECT}null"),
        ({"$integer": "KgAAAAAAAAA="}, f"{NOT_AN_OBJECT}42"),
        ([{"$bytes": "AQID"}], f'{NOT_AN_OBJECT}b"AQID"'),
    ],
    ids=json.dumps,
)
async def test_arguments_of_another_shape_are_the_functions_error(served: Served, args: Any, error: str) -> None:
    answer = await send(served, "/api/query", json.dumps({"path": "messages:list", "args": args}))

    assert answer.error == error


@pytest.mark.parametrize(
    ("args", "detail"),
    [
        ({"a": {"$set": []}}, "Field name $set starts with '$', which is reserved."),
        ({"$odd": 1}, "Field name $odd starts with '$', which is reserved."),
        ({"a": [{"$float": "AAAAAAAA+D8="}]}, "Float64 1.5 should be encoded as a number"),
        ({"a": [0] * 8193}, "Array length is too long (8193 > maximum length 8192)"),
        ({f"f{n}": 1 for n in range(1025)}, "Object has too many fields (1025 > maximum number 1024)"),
        ([{"é": 1}], "Field name é has invalid character 'é': "),
    ],
    ids=lambda each: str(each)[:30],
)
async def test_arguments_that_are_no_values_are_the_functions_error(served: Served, args: Any, detail: str) -> None:
    answer = await query(served, "messages.js:list", args)

    assert answer.error.startswith(f"Invalid arguments for messages.js:list: {detail}")


async def test_arguments_nested_too_deep_are_the_functions_error(served: Served) -> None:
    def nested(depth: int) -> str:
        return f'{{"path":"echo:args","args":{{"x":{"[" * depth}{"]" * depth}}}}}'

    assert (await send(served, "/api/query", nested(63))).value == "other"
    for depth in (64, 1000):
        answer = await send(served, "/api/query", nested(depth))
        assert answer.error.startswith("Invalid arguments for echo.js:args: Value is too nested")


async def test_a_bad_argument_does_not_run_the_function(served: Served) -> None:
    await query(served, "jobs:status", [1, 2])
    await query(served, "jobs:status", {"a": {"$x": 1}})

    assert (await query(served, "jobs:status")).value == "queued"


async def test_what_is_not_there_is_not_found_whatever_the_arguments(served: Served) -> None:
    assert (await query(served, "no:such", [1, 2])).error == "Could not find public function for 'no:such'."


async def test_arguments_may_have_16_mib_and_no_more(served: Served) -> None:
    room = 16 * 1024 * 1024 - len('{"x":""}')
    fits = {"path": "echo:args", "args": {"x": "a" * room}}
    too_large = {"path": "echo:args", "args": {"x": "a" * (room + 1000)}}

    assert (await send(served, "/api/query", json.dumps(fits))).value == "other"
    error = (await send(served, "/api/query", json.dumps(too_large))).error
    assert error == "Arguments for echo.js:args are too large (actual: 16.00 MiB, limit: 16 MiB)"


async def test_missing_arguments_are_refused(served: Served) -> None:
    answer = await send(served, "/api/query", '{"path":"messages:list"}')

    message = "Failed to deserialize the JSON body into the target type: missing field `args` at line 1 column 24"
    assert answer.refusal == (400, "BadJsonBody", message)
