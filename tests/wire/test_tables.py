"""Documents over the wire: their formats, and the limits and words of functions with validators and effects."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clocks import START, WatchedClock
from tests.support.demo import ADMIN
from tests.support.functions import Answer, mutation, post, query, send
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

TABLES = """
deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret"]}
tables:
  things:
    documents: [{_id: j5700000000000000000000000001qv0, n: {$int64: -1}, x: .nan, i: -.inf, z: -0.0, b: {$bytes: AQID}}]
  notes: {fields: {text: string, stars: int64?}}
functions:
  things:list: {type: query, query: {table: things}}
  things:get: {type: query, query: {table: things, id: "${args.id}"}}
  things:put:
    type: mutation
    do: [{insert: {into: things, document: "${args}", as: id}}]
    result: ${id}
  notes:put:
    type: mutation
    args: {text: string, stars: int64?}
    do:
      - {log: "writing"}
      - insert: {into: notes, document: {text: "${args.text}", stars: "${args.stars ?? 3}"}, as: id}
      - {patch: {table: notes, id: "${id}", fields: {stars: "${args.stars ?? 'none'}"}}}
    result: ${id}
  notes:list: {type: query, query: {table: notes}}
  echo:text: {type: query, args: {x: any, y: string?}, result: "${len(args.x)}"}
  echo:list: {type: query, args: {x: "any[]"}, returns: number, result: "${len(args.x)}"}
  echo:bad: {type: query, returns: string, result: "${args.x}"}
  echo:ratio: {type: query, result: {ratio: "${args.a / args.b}"}}
  echo:thrown: {error: {message: "no ${args.a}", data: {a: "${args.a}", n: {$int64: 2}}}, logs: ["a is ${args.a}"]}
"""
THING = "j5700000000000000000000000001qv0"
MIB = 1024 * 1024
DEEPEST = 63  # containers within one argument; the arguments themselves are the 64th
HEAD = re.compile(r"\[Request ID: [0-9a-f]{16}\] Server Error")


def place_of(text: str) -> str:
    """Return line and column of a text in the scenario."""
    before, found, _ = TABLES.partition(text)
    assert found, text
    return f"default.yaml:{before.count(chr(10)) + 1}:{len(before.rpartition(chr(10))[2]) + 1}"


def nested(depth: int) -> Any:
    tree: Any = []
    for _ in range(depth - 1):
        tree = [tree]
    return tree


@pytest.fixture
async def tables(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve the scenario as a development deployment."""
    async with serving(load_text(tmp_path, TABLES), clock) as served:
        yield served


@pytest.fixture
async def production(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve the scenario as a production deployment."""
    text = TABLES.replace("deployment: {", "deployment: {type: prod, ")
    async with serving(load_text(tmp_path, text), clock) as served:
        yield served


@pytest.mark.parametrize(
    ("form", "document"),
    [
        ("json", {"n": "-1", "x": "NaN", "i": "-Infinity", "z": -0.0, "b": "AQID"}),
        (
            "convex_encoded_json",
            {
                "n": {"$integer": "//////////8="},
                "x": {"$float": "AAAAAAAA+H8="},
                "i": {"$float": "AAAAAAAA8P8="},
                "z": {"$float": "AAAAAAAAAIA="},
                "b": {"$bytes": "AQID"},
            },
        ),
        (
            "export_json",
            {
                "n": -1,
                "x": {"$float": "AAAAAAAA+H8="},
                "i": {"$float": "AAAAAAAA8P8="},
                "z": -0.0,
                "b": {"$bytes": "AQID"},
            },
        ),
    ],
)
async def test_documents_are_written_in_the_format_asked_for(tables: Served, form: str, document: Any) -> None:
    answer = await query(tables, "things:list", format=form)

    created = START / 1e6 - 1
    assert repr(answer.value) == repr([{"_creationTime": created, "_id": THING, **dict(sorted(document.items()))}])


async def test_documents_keep_the_types_that_they_were_sent_with(tables: Served) -> None:
    sent = {
        "a": [{"$integer": "/////////38="}, 1, None, {"deep": {"$float": "AAAAAAAA+H8="}}],
        "b": {"$bytes": "/w=="},
        "c": {"$float": "AAAAAAAAAIA="},
        "d": '안녕 \u2028 \\ "',
    }

    key = (await mutation(tables, "things:put", sent)).value
    got = (await query(tables, "things:get", {"id": key}, format="convex_encoded_json")).value

    assert got.pop("_id") == key
    assert got.pop("_creationTime") == START / 1e6
    assert got == {**sent, "a": [{"$integer": "/////////38="}, 1.0, None, {"deep": {"$float": "AAAAAAAA+H8="}}]}


async def test_a_whole_number_becomes_an_int64_where_the_table_wants_one(tables: Served) -> None:
    await mutation(tables, "notes:put", {"text": "a", "stars": {"$integer": "AgAAAAAAAAA="}})

    [note] = (await query(tables, "notes:list", format="export_json")).value
    assert repr(note["stars"]) == "2"


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        ({"text": 1}, "Value does not match validator.\nPath: .text\nValue: 1.0\nValidator: v.string()"),
        (
            [{"text": "a", "stars": 1}],
            "Value does not match validator.\nPath: .stars\nValue: 1.0\nValidator: v.int64()",
        ),
        ([], "Expected to receive a single object as the function's argument. Instead received 0 arguments: []"),
        ([{"text": "a"}, 1], "Expected to receive a single object as the function's argument. Instead received 2 "),
        ([[]], "Expected to receive an object as the function's argument. Instead received: []"),
        ("a", 'Expected to receive an object as the function\'s argument. Instead received: "a"'),
    ],
)
async def test_validators_come_after_the_shape_of_the_arguments(tables: Served, args: Any, refusal: str) -> None:
    answer = await mutation(tables, "notes:put", args)

    assert answer.error.startswith(f"ArgumentValidationError: {refusal}")
    assert "X-Emulator-Rule" not in answer.headers
    assert (await query(tables, "notes:list")).value == []


async def test_what_is_no_value_is_refused_before_validators_look_at_it(tables: Served) -> None:
    answer = await mutation(tables, "notes:put", {"text": {"$set": []}})

    assert answer.error.startswith("Invalid arguments for notes.js:put: Field name $set starts with '$'")


async def test_arguments_with_validators_may_have_16_mib_and_no_more(tables: Served) -> None:
    room = 16 * MIB - len('{"x":""}')

    fits = await send(tables, "/api/query", json.dumps({"path": "echo:text", "args": {"x": "a" * room}}))
    large = await send(tables, "/api/query", json.dumps({"path": "echo:text", "args": {"x": "a" * (room + 1)}}))

    assert fits.value == room
    assert large.error == "Arguments for echo.js:text are too large (actual: 16.00 MiB, limit: 16 MiB)"


async def test_arguments_with_validators_may_be_as_wide_and_deep_as_any(tables: Served) -> None:
    assert (await query(tables, "echo:list", {"x": [None] * 8192})).value == 8192
    assert "Array length is too long" in (await query(tables, "echo:list", {"x": [None] * 8193})).error
    assert (await query(tables, "echo:text", {"x": {f"f{n}": n for n in range(1024)}})).value == 1024
    assert (
        "Object has too many fields"
        in (await query(tables, "echo:text", {"x": {f"f{n}": n for n in range(1025)}})).error
    )
    assert (await query(tables, "echo:list", {"x": nested(DEEPEST)})).value == 1
    assert "Value is too nested" in (await query(tables, "echo:list", {"x": nested(DEEPEST + 1)})).error


async def test_a_result_that_does_not_fit_names_its_rule(tables: Served) -> None:
    answer = await query(tables, "echo:bad", {"x": 1})

    assert (
        answer.error == "ReturnsValidationError: Value does not match validator.\n\nValue: 1.0\nValidator: v.string()"
    )
    assert answer.json["errorMessage"].endswith(f"{place_of('echo:bad')})\n")
    assert answer.headers["X-Emulator-Rule"].endswith(place_of("echo:bad"))


def stack(answer: Answer) -> list[str]:
    """Return the places of a failure, innermost first."""
    return re.findall(r"^    at \w+ \(.*/(default\.yaml:\d+:\d+)\)$", answer.json["errorMessage"], re.MULTILINE)


async def test_a_step_that_fails_is_named_by_line_and_column_and_all_steps_are_undone(tables: Served) -> None:
    answer = await mutation(tables, "notes:put", {"text": "a"})

    assert answer.error.startswith('Uncaught Error: Failed to insert or update a document in table "notes" because ')
    assert stack(answer) == [place_of("{patch: {table: notes"), place_of("notes:put")]
    assert place_of("{patch: {table: notes") in answer.headers["X-Emulator-Miss"]
    assert answer.headers["X-Emulator-Rule"].endswith(place_of("notes:put"))
    assert answer.json["logLines"] == ["[LOG] 'writing'"]
    assert (await query(tables, "notes:list")).value == []


async def test_an_expression_that_fails_is_named_by_line_and_column(tables: Served) -> None:
    answer = await query(tables, "echo:ratio", {"a": 1, "b": 0})

    assert answer.error == "Uncaught Error: division by zero"
    assert stack(answer) == [place_of('{ratio: "'), place_of("echo:ratio")]


@pytest.mark.parametrize(
    ("name", "args"),
    [("notes:put", {"text": "a"}), ("notes:put", {}), ("echo:ratio", {"a": 1, "b": 0}), ("echo:bad", {"x": 1})],
)
async def test_production_says_nothing_of_lines_and_reasons_but_to_admins(
    production: Served, name: str, args: Any
) -> None:
    path = "/api/mutation" if name == "notes:put" else "/api/query"
    hidden = await post(production, path, {"path": name, "args": args})
    shown = await post(production, path, {"path": name, "args": args}, ADMIN)

    assert HEAD.fullmatch(hidden.json["errorMessage"])
    assert hidden.json["logLines"] == []
    assert HEAD.match(shown.json["errorMessage"])
    assert shown.error


async def test_computed_data_of_a_convex_error_are_written_in_the_format_asked_for(production: Served) -> None:
    answer = await query(production, "echo:thrown", {"a": "tea"}, format="convex_encoded_json")

    assert answer.json["errorData"] == {"a": "tea", "n": {"$integer": "AgAAAAAAAAA="}}
    assert HEAD.fullmatch(answer.json["errorMessage"])


async def test_computed_errors_and_log_lines_are_shown_in_development(tables: Served) -> None:
    answer = await query(tables, "echo:thrown", {"a": "tea"})

    assert answer.error == "Uncaught ConvexError: no tea"
    assert answer.json["logLines"] == ["[LOG] 'a is tea'"]


async def test_a_computed_answer_names_its_call_its_revision_and_its_rule(tables: Served) -> None:
    await query(tables, "things:list")
    headers = (await mutation(tables, "things:put", {"a": 1})).headers

    assert (headers["X-Emulator-Call"], headers["X-Emulator-Revision"]) == ("2", "1")
    assert headers["X-Emulator-Rule"].endswith(place_of("things:put"))
    assert "X-Emulator-Miss" not in headers


@pytest.mark.parametrize("name", ["$a", "é", "x" * 1025])
async def test_a_field_that_no_object_can_have_is_refused_where_it_is_computed(tmp_path: Path, name: str) -> None:
    text = "functions: {a:b: {type: query, result: '${parse_json(args.a)}'}}"
    async with serving(load_text(tmp_path, text)) as served:
        error = (await query(served, "a:b", {"a": json.dumps({name: 1})})).error
        assert (await query(served, "a:b", {"a": '{"a": 1}'})).value == {"a": 1.0}

    assert error.startswith("Uncaught Error: Field name ")


@pytest.mark.parametrize("written", ["${parse_json(args.a)}", "x ${parse_json(args.a)}"])
async def test_half_a_surrogate_pair_is_refused_where_it_is_computed(tmp_path: Path, written: str) -> None:
    text = f"functions: {{a:b: {{type: query, result: '{written}', logs: ['{written}']}}}}"
    async with serving(load_text(tmp_path, text)) as served:
        answer = await query(served, "a:b", {"a": '"\\ud800"'})

    assert answer.error == "Uncaught Error: a text has half a surrogate pair in it"
