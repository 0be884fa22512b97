"""Records that Airbyte's destination sends (contract convex §10)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.values.ids import decode_id
from tests.support.export import ADMIN, deltas_since, fetch, own, snapshot_of, submit
from tests.support.functions import Answer, query, send
from tests.support.serving import Served
from tests.wire.export.conftest import Serve

TABLES = """
tables:
  users: {}
  strict: {fields: {name: string, age: number?, likes: int64?}}
functions:
  users:list: {query: {table: users}}
"""
TARGET = "Failed to deserialize the JSON body into the target type: "


def records(table: str, *rows: Any, key: Any = None) -> dict[str, Any]:
    stream = {"primaryKey": key, "jsonSchema": {"type": "object"}}
    return {"tables": {table: stream}, "messages": [{"tableName": table, "data": each} for each in rows]}


async def load(served: Served, body: Any) -> Answer:
    return await submit(served, "streaming_import/import_airbyte_records", body)


async def rows_of(served: Served, table: str) -> list[dict[str, Any]]:
    found = sorted((await snapshot_of(served, tableName=table))[0], key=lambda each: float(each["_creationTime"]))
    return [{name: value for name, value in own(each).items() if not name.startswith("_")} for each in found]


async def test_records_without_a_primary_key_are_appended(serve: Serve) -> None:
    served = await serve(TABLES)

    first = await load(served, records("users", {"name": "Ada"}, {"name": "Ada"}))
    await load(served, records("users", {"name": "Ada"}))

    assert (first.status, first.body) == (200, b"")
    assert await rows_of(served, "users") == [{"name": "Ada"}] * 3
    assert len((await query(served, "users:list")).value) == 3


async def test_with_a_primary_key_a_record_replaces_the_row_that_has_it(serve: Serve) -> None:
    served = await serve(TABLES)
    await load(served, records("users", {"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}, key=[["id"]]))
    before = (await query(served, "users:list")).value

    await load(served, records("users", {"id": 1, "age": 36}, {"id": 3}, {"id": 3, "name": "Cleo"}, key=[["id"]]))

    after = (await query(served, "users:list")).value
    assert await rows_of(served, "users") == [
        {"id": 1.0, "age": 36.0},
        {"id": 2.0, "name": "Bob"},
        {"id": 3.0, "name": "Cleo"},
    ]
    assert [each["_id"] for each in after[:2]] == [each["_id"] for each in before]
    assert [each["_creationTime"] for each in after[:2]] == [each["_creationTime"] for each in before]


@pytest.mark.parametrize(
    ("key", "same", "other"),
    [
        ([["a"], ["b"]], {"a": 1, "b": "x", "n": 1}, {"a": 1, "b": "y"}),
        ([["a", "id"]], {"a": {"id": 1}, "n": 1}, {"a": {"id": "1"}}),
        ([["a"]], {"a": None, "n": 1}, {"a": False}),
        ([["a"]], {"a": [1, {"b": 2}], "n": 1}, {"a": [1, {"b": 3}]}),
    ],
)
async def test_a_primary_key_may_have_several_fields_nested_ones_and_any_values(
    serve: Serve, key: Any, same: Any, other: Any
) -> None:
    served = await serve(TABLES)
    original = {name: each for name, each in same.items() if name != "n"}

    await load(served, records("users", original, other, key=key))
    await load(served, records("users", same, key=key))

    assert [each.get("n") for each in await rows_of(served, "users")] == [1.0, None]


async def test_a_row_with_a_deletion_mark_is_deleted_and_the_marks_are_dropped(serve: Serve) -> None:
    served = await serve(TABLES)
    marks = {"_ab_cdc_lsn": 5, "_ab_cdc_updated_at": "2024-01-01", "_ab_cdc_deleted_at": None}
    await load(served, records("users", {"id": 1, **marks}, {"id": 2, **marks}, key=[["id"]]))

    gone = {"id": 1, **marks, "_ab_cdc_deleted_at": "2024-01-02T00:00:00Z"}
    await load(served, records("users", gone, {**gone, "id": 9}, key=[["id"]]))
    await load(served, records("users", {**gone, "id": 2}))

    assert await rows_of(served, "users") == [{"id": 2.0}]


async def test_a_row_that_comes_and_goes_in_one_request_is_not_there(serve: Serve) -> None:
    served = await serve(TABLES)

    await load(served, records("users", {"id": 1}, {"id": 1, "_ab_cdc_deleted_at": "x"}, {"id": 2}, key=[["id"]]))

    assert await rows_of(served, "users") == [{"id": 2.0}]


async def test_a_table_that_is_not_declared_comes_to_be(serve: Serve) -> None:
    served = await serve(TABLES)

    await load(served, records("events", {"kind": "click"}))
    await load(served, records("others", {"kind": "view"}))

    numbers = {}
    for table in ("events", "others"):
        (row,) = (await snapshot_of(served, tableName=table))[0]
        numbers[table] = decode_id(row["_id"])[0]
    assert sorted(numbers.values()) == [10003, 10004]
    assert (await fetch(served, "json_schemas")).json.keys() == {"users", "strict", "events", "others"}
    await load(served, records("events", {"kind": "again"}))
    assert {decode_id(each["_id"])[0] for each in (await snapshot_of(served, tableName="events"))[0]} == {
        numbers["events"]
    }


NAMES = {
    "users": "users",
    "_id": "source_id",
    "*name!of.table": "source_name_of_table",
    "_system_table": "source_system_table",
    "2024": "source_2024",
    "Été-Élan": "source_ete_elan",
    "이름": None,
}


@pytest.mark.parametrize("name", NAMES)
async def test_names_of_tables_that_are_not_legal_are_made_so(serve: Serve, name: str) -> None:
    served = await serve("")

    assert (await load(served, records(name, {"a": 1}))).status == 200

    (table,) = (await fetch(served, "json_schemas")).json
    assert table == NAMES[name] if NAMES[name] else table.startswith("source_u")


FIELDS: list[tuple[Any, Any]] = [
    ({"good": 1, "_bad": {"_worse": 2}}, {"good": 1.0, "source_bad": {"source_worse": 2.0}}),
    ({"list": [{"_bad": "x"}]}, {"list": [{"source_bad": "x"}]}),
    ({"source_id": 1, "_id": 2}, {"source_id": 1.0, "source_source_id": 2.0}),
    ({"$set": 1, "한글": 2}, {"source_set": 1.0}),
    ({"a field": 1, "UPPER": 2}, {"a field": 1.0, "UPPER": 2.0}),
    ({"_creationTime": 5}, {"source_creationtime": 5.0}),
    (
        {"n": None, "b": True, "f": 1.5, "i": 2**60, "s": ""},
        {"n": None, "b": True, "f": 1.5, "i": float(2**60), "s": ""},
    ),
]


@pytest.mark.parametrize(("data", "row"), FIELDS)
async def test_names_of_fields_are_made_legal_and_numbers_floats(serve: Serve, data: Any, row: Any) -> None:
    served = await serve(TABLES)

    await load(served, records("users", data))

    (found,) = await rows_of(served, "users")
    assert {name: each for name, each in found.items() if not name.startswith("source_u")} == row


async def test_different_names_beyond_ascii_stay_different(serve: Serve) -> None:
    served = await serve(TABLES)

    await load(served, records("users", {"이름": 1, "나이": 2}))

    (row,) = await rows_of(served, "users")
    assert sorted(row.values()) == [1.0, 2.0]


async def test_a_name_that_stays_taken_is_refused(serve: Serve) -> None:
    served = await serve(TABLES)
    data = {"_id": 0, "source_id": 1, "source_source_id": 2, "source_source_source_id": 3}

    status, code, message = (await load(served, records("users", data))).refusal

    assert (status, code) == (400, "BadJsonBody")
    assert "Too many duplicate field names" in message


async def test_documents_are_held_against_the_fields_of_their_table(serve: Serve) -> None:
    served = await serve(TABLES)

    good = await load(served, records("strict", {"name": "Ada", "likes": 3}))
    bad = await load(served, records("strict", {"name": 5}))

    assert good.status == 200
    assert await rows_of(served, "strict") == [{"name": "Ada", "likes": "3"}]
    assert bad.refusal[:2] == (400, "SchemaEnforcementError")
    assert 'Failed to insert or update a document in table "strict"' in bad.refusal[2]


MIDWAY: list[tuple[Any, tuple[int, str]]] = [
    (records("strict", {"name": "Ada"}, {"name": 5}), (400, "SchemaEnforcementError")),
    (records("strict", {"name": "Ada"}, {"age": 5, "name": "x"}, key=[["age"]]), (400, "MissingPrimaryKeyValue")),
    (records("fresh", {"id": 1}, {"no": 2}, key=[["id"]]), (400, "MissingPrimaryKeyValue")),
    (
        {
            **records("fresh", {"id": 1}),
            "messages": [*records("fresh", {"id": 1})["messages"], {"tableName": "x", "data": {}}],
        },
        (400, "MissingStream"),
    ),
    (records("fresh", {"id": 1}, {"deep": json.loads("[" * 70 + "]" * 70)}), (400, "BadJsonBody")),
]


@pytest.mark.parametrize(("body", "refusal"), MIDWAY)
async def test_an_import_that_fails_midway_writes_nothing(serve: Serve, body: Any, refusal: tuple[int, str]) -> None:
    served = await serve(TABLES)
    _, cursor = await snapshot_of(served)

    answer = await load(served, body)

    assert answer.refusal[:2] == refusal
    assert (await deltas_since(served, cursor))[0] == []
    assert (await fetch(served, "json_schemas")).json.keys() == {"users", "strict"}


async def test_the_messages_of_what_is_refused(serve: Serve) -> None:
    served = await serve(TABLES)
    missing = {"tables": {}, "messages": [{"tableName": "users", "data": {}}]}

    assert (await load(served, missing)).refusal == (400, "MissingStream", "Missing stream for table users")
    empty = await load(served, records("users", {}, key=[]))
    assert empty.refusal == (400, "EmptyPrimaryKey", "Primary keys cannot be empty")
    keyless = await load(served, records("users", {"a": {}}, key=[["a", "id"]]))
    assert keyless.refusal == (400, "MissingPrimaryKeyValue", "Missing value for primary key field a.id")


SHAPES: dict[str, str] = {
    "[]": "invalid type: sequence, expected struct AirbyteImportArgs at line 1 column 0",
    "{}": "missing field `tables` at line 1 column 2",
    '{"tables":{},"messages":{}}': "messages: invalid type: map, expected a sequence at line 1 column 24",
    '{"tables":{},"messages":[5]}': "messages[0]: invalid type: integer `5`, expected struct AirbyteRecordMessage",
    '{"tables":{},"messages":[{"data":{}}]}': "messages[0]: missing field `tableName` at line 1 column 38",
    '{"tables":{"a":{"primaryKey":null}},"messages":[]}': "tables.a: missing field `jsonSchema` at line 1 column 49",
}


@pytest.mark.parametrize("body", SHAPES)
async def test_a_body_of_the_wrong_shape_is_refused(serve: Serve, body: str) -> None:
    served = await serve(TABLES)

    status, code, message = (await load(served, json.loads(body))).refusal

    assert (status, code) == (400, "BadJsonBody")
    assert message.split(" at line")[0] == f"{TARGET}{SHAPES[body]}".split(" at line")[0]


async def test_an_empty_flush_writes_nothing(serve: Serve) -> None:
    served = await serve(TABLES)

    answer = await load(served, {"tables": {}, "messages": []})

    assert (answer.status, answer.body) == (200, b"")


async def test_a_body_may_be_20_mebibytes_long_and_no_longer(serve: Serve) -> None:
    served = await serve(TABLES)
    filler = json.dumps(records("users", {"text": ""}))
    most = 20 * 1024 * 1024
    fits = filler.replace('"text": ""', '"text": "%s"' % ("x" * (most - len(filler))))
    headers = {**ADMIN, "Content-Type": "application/json"}
    path = "/api/streaming_import/import_airbyte_records"

    answers = [await send(served, path, body, headers) for body in (fits, f"{fits} ")]

    assert len(fits) == most
    assert answers[0].status == 200
    message = "Failed to buffer the request body: length limit exceeded"
    assert answers[1].refusal == (400, "BadJsonBody", message)


async def test_half_an_upload_writes_nothing(serve: Serve) -> None:
    served = await serve(TABLES)
    whole = json.dumps(records("users", {"name": "Ada"}))
    headers = {**ADMIN, "Content-Type": "application/json"}

    answer = await send(served, "/api/streaming_import/import_airbyte_records", whole[: len(whole) // 2], headers)

    assert answer.refusal[:2] == (400, "BadJsonBody")
    assert await rows_of(served, "users") == []


async def test_primary_keys_can_be_added_ahead(serve: Serve) -> None:
    served = await serve(TABLES)

    before = await submit(served, "streaming_import/primary_key_indexes_ready", {"tables": ["users", "_new"]}, by="GET")
    added = await submit(
        served,
        "streaming_import/add_primary_key_indexes",
        {"indexes": {"users": [["id"]], "_new": [["a", "b"]]}},
        by="PUT",
    )
    after = await submit(served, "streaming_import/primary_key_indexes_ready", {"tables": ["users", "_new"]}, by="GET")

    assert (added.status, added.body) == (200, b"")
    assert [before.json, after.json] == [{"indexesReady": False}, {"indexesReady": True}]
    assert "source_new" in (await fetch(served, "json_schemas")).json


REQUIREMENTS = (
    "Identifiers must start with an alphabetic character or underscore and must consist entirely of alphanumeric "
    "characters or underscores."
)


@pytest.mark.parametrize(
    ("key", "shown"),
    [([], "[]"), ([[]], "[[]]"), ([["a b"]], '[["a b"]]'), ([["a"], ["b", "1"]], '[["a"], ["b", "1"]]')],
)
async def test_a_primary_key_that_is_none_is_refused(serve: Serve, key: Any, shown: str) -> None:
    served = await serve(TABLES)

    answer = await submit(served, "streaming_import/add_primary_key_indexes", {"indexes": {"users": key}}, by="PUT")

    assert answer.refusal == (400, "InvalidPrimaryKey", f"Invalid primary key: {REQUIREMENTS} {shown}.")


async def test_tables_can_be_cleared_several_at_once(serve: Serve) -> None:
    served = await serve(TABLES)
    await load(served, records("users", {"a": 1}, {"a": 2}))
    await load(served, records("fresh", {"a": 1}))
    rows, cursor = await snapshot_of(served)

    answer = await submit(
        served, "streaming_import/clear_tables", {"tableNames": ["users", "fresh", "nobody"]}, by="PUT"
    )

    assert (answer.status, answer.body) == (200, b"")
    told, _ = await deltas_since(served, cursor)
    assert {each["_id"] for each in told if each["_deleted"]} == {each["_id"] for each in rows}
    assert (await snapshot_of(served))[0] == []
    assert "fresh" in (await fetch(served, "json_schemas")).json


async def test_tables_are_never_replaced(serve: Serve) -> None:
    served = await serve(TABLES)

    answer = await submit(served, "streaming_import/replace_tables", {"tableNames": {"temp_1_users": "users"}})

    message = "Overwrite sync mode is not supported. Please use a different sync mode."
    assert answer.refusal == (400, "OverwriteNotSupported", message)


async def test_the_schema_is_that_of_the_declared_fields(serve: Serve) -> None:
    served = await serve(TABLES)
    await submit(served, "streaming_import/add_primary_key_indexes", {"indexes": {"strict": [["name"]]}}, by="PUT")
    bare = await serve("tables: {users: {}}")

    schema = (await fetch(served, "streaming_import/get_schema")).json

    assert (await fetch(bare, "streaming_import/get_schema")).json is None
    assert schema["schemaValidation"] is True
    (table,) = schema["tables"]
    assert table["tableName"] == "strict"
    assert table["indexes"] == [{"indexDescriptor": "by_primary_key", "fields": ["name", "_creationTime"]}]
    assert table["documentType"]["value"]["likes"] == {"fieldType": {"type": "bigint"}, "optional": True}


async def test_what_the_destination_of_airbyte_sends_for_a_deduplicated_stream(serve: Serve) -> None:
    served = await serve("")
    client = {"Convex-Client": "streaming-import-0.1.0", "Accept": "application/json"}
    prefix = "streaming_import"

    assert (await send(served, "/version", headers={**ADMIN, **client}, by="GET")).status == 200
    indexes = {"indexes": {"shop_users": [["id"]]}}
    assert (await submit(served, f"{prefix}/add_primary_key_indexes", indexes, "PUT", client)).status == 200
    ready = await submit(served, f"{prefix}/primary_key_indexes_ready", {"tables": ["shop_users"]}, "GET", client)
    assert ready.json == {"indexesReady": True}
    stream = {"shop_users": {"primaryKey": [["id"]], "jsonSchema": {"type": "object"}}}
    for start in (0, 500):
        messages = [{"tableName": "shop_users", "data": {"id": start + number}} for number in range(1_000)]
        batch = {"tables": stream, "messages": messages}
        assert (await submit(served, f"{prefix}/import_airbyte_records", batch, "POST", client)).status == 200
    flush = {"tables": stream, "messages": []}
    assert (await submit(served, f"{prefix}/import_airbyte_records", flush, "POST", client)).status == 200

    assert sorted(each["id"] for each in await rows_of(served, "shop_users")) == list(range(1_500))


async def test_a_reset_puts_the_tables_back_to_the_scenario(serve: Serve) -> None:
    served = await serve(TABLES)
    await load(served, records("fresh", {"a": 1}))
    served.emulator.reset()

    assert (await fetch(served, "json_schemas")).json.keys() == {"users", "strict"}
