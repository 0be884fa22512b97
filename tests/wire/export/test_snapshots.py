"""Snapshots of tables, page by page (contract convex §9.2)."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from emulator.engine.export import MOST_LISTED
from emulator.engine.store import Store
from emulator.surfaces.convex.export import endpoints
from emulator.values.ids import decode_id
from tests.support.export import fetch, own, snapshot_of, submit
from tests.support.functions import mutation
from tests.support.serving import Served
from tests.wire.export.conftest import Serve

TABLES = """
tables:
  messages:
    documents: [{body: kettle on, likes: {$int64: 3}}, {body: kettle off, likes: {$int64: 0}}]
  users: {documents: [{name: Ada}, {name: Bob}, {name: Cleo}]}
  empty: {}
functions:
  messages:send: {do: [{insert: {into: messages, document: {body: "${args.body}"}, as: id}}], result: "${id}"}
  messages:edit: {do: [{patch: {table: messages, id: "${args.id}", fields: {body: "${args.body}"}}}], result: null}
  messages:drop: {do: [{delete: {table: messages, id: "${args.id}"}}], result: null}
"""
MANY = f"""
tables:
  rows: {{count: {2 * MOST_LISTED + 1}, document: {{n: "${{index}}"}}}}
  others: {{count: 2, document: {{}}}}
"""
OPAQUE = (
    "Invalid value for the `cursor` argument of list_snapshot. "
    "Use a `cursor` returned by a previous list_snapshot call, and treat it as an opaque value."
)


async def test_all_tables_are_listed_one_a_page_in_the_order_of_ids(serve: Serve) -> None:
    served = await serve(TABLES)

    first = (await fetch(served, "list_snapshot")).json
    rows, snapshot = await snapshot_of(served)

    assert {each["_table"] for each in first["values"]} == {"messages"}
    assert first["hasMore"] is True
    assert [each["_table"] for each in rows] == ["messages"] * 2 + ["users"] * 3
    assert rows == sorted(rows, key=lambda each: each["_id"])
    assert snapshot > first["snapshot"] > served.emulator.state.view.ts


async def test_a_row_is_the_document_with_its_table_and_when_it_was_written(serve: Serve) -> None:
    served = await serve(TABLES)
    written = served.emulator.state.view.ts

    page = (await fetch(served, "list_snapshot", tableName="messages")).json

    (row,) = [each for each in page["values"] if each["body"] == "kettle on"]
    assert row.keys() == {"_component", "_table", "_ts", "_creationTime", "_id", "body", "likes"}
    assert (row["_component"], row["_table"], row["_ts"], row["likes"]) == ("", "messages", written, "3")
    assert isinstance(row["_creationTime"], float)
    assert (page["hasMore"], page["cursor"]) == (False, None)


@pytest.mark.parametrize("by", ["GET", "POST"])
async def test_a_table_can_be_chosen_in_either_spelling_and_with_its_component(serve: Serve, by: str) -> None:
    served = await serve(TABLES)
    for choice, expected in [
        ({"tableName": "users"}, {"users"}),
        ({"table_name": "users"}, {"users"}),
        ({"tableName": "users", "component": ""}, {"users"}),
        ({"component": ""}, {"messages"}),
        ({"component": "emailer"}, set()),
        ({"tableName": "users", "component": "emailer"}, set()),
        ({"tableName": "nobody"}, set()),
        ({"tableName": "empty"}, set()),
        ({}, {"messages"}),
    ]:
        asked = fetch(served, "list_snapshot", **choice) if by == "GET" else submit(served, "list_snapshot", choice)
        page = (await asked).json
        assert {each["_table"] for each in page["values"]} == expected, choice


async def test_a_snapshot_stays_what_it_was_while_documents_come_change_and_go(serve: Serve) -> None:
    served = await serve(TABLES)
    before, snapshot = await snapshot_of(served, tableName="messages")
    (edited, dropped) = (each["_id"] for each in before)
    sent = (await mutation(served, "messages:send", {"body": "new"})).value
    await mutation(served, "messages:edit", {"id": edited, "body": "changed"})
    await mutation(served, "messages:drop", {"id": dropped})

    again, same = await snapshot_of(served, tableName="messages", snapshot=snapshot)
    now, later = await snapshot_of(served, tableName="messages")

    assert (again, same) == (before, snapshot)
    assert {each["_id"]: each["body"] for each in now} == {edited: "changed", sent: "new"}
    assert all(snapshot < each["_ts"] < later for each in now)


async def test_pages_have_1024_documents_and_the_cursor_leads_through_them(serve: Serve) -> None:
    served = await serve(MANY)
    sizes = []
    page: dict[str, Any] = {"hasMore": True, "snapshot": None, "cursor": None}
    seen: list[str] = []
    while page["hasMore"]:
        asked = {name: page[name] for name in ("snapshot", "cursor") if page[name] is not None}
        page = (await fetch(served, "list_snapshot", **asked)).json
        sizes.append(len(page["values"]))
        seen += [each["_id"] for each in page["values"]]

    assert sizes == [MOST_LISTED, MOST_LISTED, 1, 2]
    assert len(set(seen)) == len(seen) == 2 * MOST_LISTED + 3


async def test_a_page_is_shorter_where_its_documents_are_long(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = await serve(TABLES)
    whole, snapshot = await snapshot_of(served)
    monkeypatch.setattr(endpoints, "MAX_PAGE_BYTES", 200)

    first = (await fetch(served, "list_snapshot", snapshot=snapshot)).json

    assert (len(first["values"]), first["hasMore"]) == (1, True)
    assert await snapshot_of(served, snapshot=snapshot) == (whole, snapshot)


async def test_a_full_last_page_says_that_it_is_the_last(serve: Serve) -> None:
    served = await serve(f"tables: {{rows: {{count: {MOST_LISTED}, document: {{}}}}}}")

    page = (await fetch(served, "list_snapshot")).json

    assert (len(page["values"]), page["hasMore"], page["cursor"]) == (MOST_LISTED, False, None)


async def test_the_next_table_may_be_an_empty_page(serve: Serve) -> None:
    served = await serve("tables: {some: {documents: [{}]}, none: {}, more: {documents: [{}]}}")
    sizes, page = [], (await fetch(served, "list_snapshot")).json
    sizes.append((len(page["values"]), page["hasMore"]))
    while page["hasMore"]:
        page = (await fetch(served, "list_snapshot", snapshot=page["snapshot"], cursor=page["cursor"])).json
        sizes.append((len(page["values"]), page["hasMore"]))

    assert sizes == [(1, True), (0, True), (1, False)]


SPECIAL = """
tables: {all: {documents: [{i: {$int64: -1}, b: {$bytes: AQID}, n: .nan, p: .inf, m: -.inf, z: -0.0, f: 3, x: null}]}}
"""
FORMATS: dict[str, dict[str, Any]] = {
    "json": {"i": "-1", "b": "AQID", "n": "NaN", "p": "Infinity", "m": "-Infinity", "z": -0.0},
    "convex_encoded_json": {
        "i": {"$integer": "//////////8="},
        "b": {"$bytes": "AQID"},
        "n": {"$float": "AAAAAAAA+H8="},
        "p": {"$float": "AAAAAAAA8H8="},
        "m": {"$float": "AAAAAAAA8P8="},
        "z": {"$float": "AAAAAAAAAIA="},
    },
    "export_json": {
        "i": -1,
        "b": {"$bytes": "AQID"},
        "n": {"$float": "AAAAAAAA+H8="},
        "p": {"$float": "AAAAAAAA8H8="},
        "m": {"$float": "AAAAAAAA8P8="},
        "z": -0.0,
    },
}


@pytest.mark.parametrize("form", FORMATS)
async def test_documents_are_written_in_the_format_asked_for(serve: Serve, form: str) -> None:
    served = await serve(SPECIAL)

    by_url = await fetch(served, "list_snapshot", format=form)
    by_body = await submit(served, "list_snapshot", {"format": form})

    for answer in (by_url, by_body):
        (row,) = answer.json["values"]
        fields = {name: each for name, each in own(row).items() if not name.startswith("_")}
        assert fields == {**FORMATS[form], "f": 3.0, "x": None}
        assert math.copysign(1, row["z"]) == -1 if isinstance(row["z"], float) else True
        assert b'"f":3.0' in answer.body


async def test_without_a_format_it_is_json(serve: Serve) -> None:
    served = await serve(SPECIAL)

    (row,) = (await fetch(served, "list_snapshot")).json["values"]

    assert row["i"] == "-1"


@pytest.mark.parametrize("route", ["list_snapshot", "document_deltas", "json_schemas"])
async def test_an_unknown_format_is_refused(serve: Serve, route: str) -> None:
    served = await serve(TABLES)

    answer = await fetch(served, route, cursor="1", format="xml") if route != "json_schemas" else None
    answer = answer or await fetch(served, route, format="xml")

    assert answer.refusal == (400, "BadFormat", "format param must be one of [`json`]. Got xml")


async def test_a_snapshot_of_the_future_is_refused(serve: Serve) -> None:
    served = await serve(TABLES)
    _, snapshot = await snapshot_of(served)

    answer = await fetch(served, "list_snapshot", snapshot=snapshot + 10)

    message = f"Snapshot value {snapshot + 10} is in the future."
    assert answer.refusal == (400, "SnapshotTooNew", message)


async def test_a_snapshot_older_than_what_is_kept_is_refused(serve: Serve) -> None:
    served = await serve(TABLES)
    _, snapshot = await snapshot_of(served)
    forget_the_past(served.emulator.state.view.store)
    await mutation(served, "messages:send", {"body": "x"})

    answer = await fetch(served, "list_snapshot", snapshot=snapshot)

    assert answer.refusal[:2] == (400, "SnapshotTooOld")
    assert str(snapshot) in answer.refusal[2]


async def cursor_in(served: Served, table: str) -> str:
    page = (await fetch(served, "list_snapshot", tableName=table)).json
    assert isinstance(page["cursor"], str)
    return str(page["cursor"])


TWO = (
    f"tables: {{one: {{count: {MOST_LISTED + 1}, document: {{}}}}, two: {{count: {MOST_LISTED + 1}, document: {{}}}}}}"
)


async def test_a_cursor_of_another_table_is_refused(serve: Serve) -> None:
    served = await serve(TWO)
    cursor = await cursor_in(served, "one")

    assert len((await fetch(served, "list_snapshot", tableName="one", cursor=cursor)).json["values"]) == 1
    for asked in ({"tableName": "two"}, {"component": "emailer"}):
        answer = await fetch(served, "list_snapshot", cursor=cursor, **asked)
        assert answer.refusal == (400, "InvalidListSnapshotCursor", OPAQUE)


async def test_a_cursor_with_the_id_of_another_table_is_refused(serve: Serve) -> None:
    served = await serve(TWO)
    one, two = [json.loads(await cursor_in(served, table)) for table in ("one", "two")]

    answer = await fetch(served, "list_snapshot", cursor=json.dumps({**one, "id": two["id"]}))

    assert decode_id(one["id"])[0] != decode_id(two["id"])[0]
    assert answer.refusal == (400, "InvalidListSnapshotCursor", OPAQUE)


@pytest.mark.parametrize(
    "cursor",
    ["", "nope", "{}", "[]", "1", '{"tablet": 1, "id": "x"}', '{"tablet": [], "id": {}}', '{"id": ""}', '"\ud800'],
)
async def test_a_cursor_that_is_none_is_refused(serve: Serve, cursor: str) -> None:
    served = await serve(TABLES)

    answer = await submit(served, "list_snapshot", {"cursor": cursor})

    assert answer.refusal[0] == 400
    assert answer.refusal[1] in {"InvalidListSnapshotCursor", "BadJsonBody"}


async def test_a_snapshot_that_is_no_number_is_refused(serve: Serve) -> None:
    served = await serve(TABLES)

    for text in ("x", "", "1.5", "9" * 30, "-", "²"):
        answer = await fetch(served, "list_snapshot", snapshot=text)
        message = "Failed to deserialize query string: snapshot: invalid digit found in string"
        assert answer.refusal == (400, "BadQueryArgs", message)


BODIES = {
    '{"snapshot": "1"}': 'snapshot: invalid type: string "1", expected i64 at line 1 column 16',
    '{"snapshot": true}': "snapshot: invalid type: boolean `true`, expected i64 at line 1 column 17",
    '{"tableName": 5}': "tableName: invalid type: integer `5`, expected a string at line 1 column 15",
}


@pytest.mark.parametrize("body", BODIES)
async def test_a_body_of_the_wrong_shape_is_refused(serve: Serve, body: str) -> None:
    served = await serve(TABLES)

    answer = await submit(served, "list_snapshot", json.loads(body))

    target = "Failed to deserialize the JSON body into the target type: "
    assert answer.refusal == (400, "BadJsonBody", f"{target}{BODIES[body]}")


def forget_the_past(store: Store) -> None:
    """Have a store keep nothing older than its next commit but one."""
    store._max_commits = 0
