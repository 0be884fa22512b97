"""What connectors learn of tables before they read them (contract convex §9.1, §9.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.export import fetch
from tests.support.functions import mutation
from tests.wire.export.conftest import Serve

DRAFT = "http://json-schema.org/draft-07/schema#"
TABLES = """
tables:
  users: {documents: [{}]}
  declared:
    fields:
      a: string
      b: int64?
      c: "null | id(users) | 'x'"
      d: "{x: number}[]"
      e: record(string, boolean)
      f: any
      g: bytes
  inferred: {documents: [{n: 1, s: tea}, {n: .nan, u: "${tables.users[0]._id}"}]}
  empty: {}
functions:
  inferred:add: {do: [{insert: {into: inferred, document: {s: 1}, as: id}}], result: "${id}"}
  inferred:drop: {do: [{delete: {table: inferred, id: "${args.id}"}}], result: null}
"""
ID, NUMBER, STRING = {"type": "string"}, {"type": "number"}, {"type": "string"}
DELTA = {
    "_table": {"type": "string"},
    "_component": {"type": "string"},
    "_ts": {"type": "integer"},
    "_deleted": {"type": "boolean"},
}


NOT_ON_THIS_PLAN = (
    "Streaming export is not available on your current subscription. See https://www.convex.dev/plans to upgrade."
)


def schema(table: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    system = {"_creationTime": NUMBER, "_id": {"$description": f"Id({table})", "type": "string"}}
    return {
        "type": "object",
        "properties": {**system, **properties},
        "additionalProperties": False,
        "required": ["_creationTime", "_id", *required],
        "$schema": DRAFT,
    }


def declared(form: str) -> dict[str, Any]:
    integers: dict[str, Any] = {
        "json": {"$description": "int64 represented as base10 string", "type": "string"},
        "convex_encoded_json": {
            "$description": "int64",
            "type": "object",
            "properties": {"$integer": {"$description": "int64 -> little-endian -> base64", "type": "string"}},
        },
        "export_json": {"$description": "int64", "type": "number"},
    }
    encoded = {"type": "object", "$description": "base64 bytes", "properties": {"$bytes": {"type": "string"}}}
    item = {"type": "object", "properties": {"x": NUMBER}, "additionalProperties": False, "required": ["x"]}
    record = "Record with keys of type string"
    return schema(
        "declared",
        {
            "a": STRING,
            "b": integers[form],
            "c": {"anyOf": [{"type": "null"}, STRING]},
            "d": {"type": "array", "items": item},
            "e": {"type": "object", "$description": record, "additionalProperties": {"type": "boolean"}},
            "f": {},
            "g": {"$description": "base64 bytes", "type": "string"} if form == "json" else encoded,
        },
        ["a", "c", "d", "e", "f", "g"],
    )


@pytest.mark.parametrize("form", ["json", "convex_encoded_json", "export_json"])
async def test_a_table_with_declared_fields_has_the_schema_of_those(serve: Serve, form: str) -> None:
    served = await serve(TABLES)

    assert (await fetch(served, "json_schemas", format=form)).json["declared"] == declared(form)


SPECIALS = {
    "json": {"type": "string", "$description": "-inf, inf, or NaN"},
    "convex_encoded_json": {
        "type": "object",
        "$description": "-0, -inf, inf, or NaN",
        "properties": {"$float": {"$description": "float64 -> little-endian -> base64", "type": "string"}},
    },
    "export_json": {
        "type": "object",
        "$description": "-inf, inf, or NaN",
        "properties": {"$float": {"$description": "float64 -> little-endian -> base64", "type": "string"}},
    },
}


@pytest.mark.parametrize("form", SPECIALS)
async def test_a_table_without_has_what_its_documents_look_like(serve: Serve, form: str) -> None:
    served = await serve(TABLES)

    schemas = (await fetch(served, "json_schemas", format=form)).json

    number = {"$description": "float64", "anyOf": [NUMBER, SPECIALS[form]]}
    user = {"$description": "Id(users)", "type": "string"}
    assert schemas["inferred"] == schema("inferred", {"n": number, "s": STRING, "u": user}, ["n"])
    assert schemas["empty"] == schema("empty", {}, [])


async def test_the_schema_follows_what_is_written(serve: Serve) -> None:
    served = await serve("tables: {inferred: {documents: [{s: tea}]}}\n" + TABLES[TABLES.index("functions:") :])
    before = (await fetch(served, "json_schemas")).json["inferred"]
    added = (await mutation(served, "inferred:add")).value
    during = (await fetch(served, "json_schemas")).json["inferred"]
    await mutation(served, "inferred:drop", {"id": added})

    assert during["properties"]["s"] == {"anyOf": [NUMBER, STRING]}
    assert (await fetch(served, "json_schemas")).json["inferred"] == before


async def test_a_delta_schema_has_the_fields_that_tell_of_changes(serve: Serve) -> None:
    served = await serve("tables: {empty: {}}")
    plain = schema("empty", {}, [])

    delta = (await fetch(served, "json_schemas", deltaSchema="true")).json["empty"]

    assert delta == {**plain, "properties": {**plain["properties"], **DELTA}}
    assert (await fetch(served, "json_schemas", deltaSchema="false")).json["empty"] == plain


async def test_schemas_can_be_asked_for_by_component(serve: Serve) -> None:
    served = await serve("tables: {empty: {}}")

    answer = await fetch(served, "json_schemas", byComponent="true")

    assert answer.json == {"": {"empty": schema("empty", {}, [])}}


@pytest.mark.parametrize("name", ["deltaSchema", "byComponent"])
async def test_a_flag_is_true_or_false(serve: Serve, name: str) -> None:
    served = await serve("tables: {empty: {}}")

    answer = await fetch(served, "json_schemas", **{name: "yes"})

    message = f"Failed to deserialize query string: {name}: provided string was not `true` or `false`"
    assert answer.refusal == (400, "BadQueryArgs", message)


async def test_a_deployment_without_tables_has_no_schemas(serve: Serve) -> None:
    served = await serve("")

    assert (await fetch(served, "json_schemas")).json == {}
    assert (await fetch(served, "get_table_column_names")).json == {"byComponent": {"": []}}
    page = (await fetch(served, "list_snapshot")).json
    assert (page["values"], page["cursor"], page["hasMore"]) == ([], None, False)


async def test_the_columns_of_every_table_are_named(serve: Serve) -> None:
    served = await serve("""
tables:
  messages: {documents: [{body: kettle on}, {author: Ada, body: x}]}
  declared: {fields: {b: string?, a: string}}
  empty: {}
""")

    assert (await fetch(served, "get_table_column_names")).json == {
        "byComponent": {
            "": [
                {"name": "declared", "columns": ["_creationTime", "_id", "a", "b"]},
                {"name": "empty", "columns": ["_creationTime", "_id"]},
                {"name": "messages", "columns": ["_creationTime", "_id", "author", "body"]},
            ]
        }
    }


async def test_documents_with_too_many_different_fields_have_no_schema(serve: Serve) -> None:
    rows = ", ".join(f"{{n{number}: 1}}" for number in range(1025))
    served = await serve(f"tables: {{wide: {{documents: [{rows}]}}}}")

    assert (await fetch(served, "json_schemas")).refusal[:2] == (400, "UnsupportedSchemaForExport")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "NoSchemaForExport", "No schema found for table messages"),
        (400, "NoTableDefinitionForExport", "No definition for table messages"),
        (403, "StreamingExportNotEnabled", NOT_ON_THIS_PLAN),
    ],
)
async def test_what_a_deployment_of_files_never_says_a_fault_can_have_it_say(
    serve: Serve, status: int, code: str, message: str
) -> None:
    failure = f"{{status: {status}, code: {code}, message: '{message}'}}"
    served = await serve(f"faults: [{{name: plan, on: 'GET /api/json_schemas', failure: {failure}}}]")

    assert (await fetch(served, "json_schemas")).refusal == (status, code, message)
