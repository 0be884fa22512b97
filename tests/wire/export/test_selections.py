"""Selections: components, tables and columns (contract convex §9.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.export import snapshot_of, submit
from tests.support.functions import mutation
from tests.support.serving import Served
from tests.wire.export.conftest import Serve

TABLES = """
tables:
  posts: {documents: [{title: Tea}]}
  users: {documents: [{name: Ada, ssn: "1"}]}
functions:
  users:add: {do: [{insert: {into: users, document: {name: Bob, ssn: "2"}, as: id}}], result: "${id}"}
  users:drop: {do: [{delete: {table: users, id: "${args.id}"}}], result: null}
"""
NO_SSN = {"_other": "included", "ssn": "excluded"}
SELECTIONS: list[tuple[Any, dict[str, set[str]]]] = [
    ({"_other": "included"}, {"posts": {"title"}, "users": {"name", "ssn"}}),
    ({"_other": "excluded"}, {}),
    ({"_other": "excluded", "": {"_other": "included"}}, {"posts": {"title"}, "users": {"name", "ssn"}}),
    ({"_other": "excluded", "": {"_other": "included", "users": "excluded"}}, {"posts": {"title"}}),
    ({"_other": "included", "": "excluded"}, {}),
    (
        {
            "_other": "excluded",
            "": {"_other": "excluded", "posts": {"_other": "included"}, "users": NO_SSN},
            "emailer": "excluded",
        },
        {"posts": {"title"}, "users": {"name"}},
    ),
    (
        {"_other": "excl", "": {"_other": "excl", "users": {"_other": "excl", "_id": "incl", "name": "incl"}}},
        {"users": {"name"}},
    ),
]


async def everything(served: Served, selection: Any) -> list[dict[str, Any]]:
    page = (await submit(served, "list_snapshot", {"selection": selection})).json
    rows = list(page["values"])
    while page["hasMore"]:
        more = {"selection": selection, "cursor": page["cursor"], "snapshot": page["snapshot"]}
        page = (await submit(served, "list_snapshot", more)).json
        rows += page["values"]
    return rows


@pytest.mark.parametrize(("selection", "expected"), SELECTIONS)
async def test_a_selection_says_which_tables_and_columns_come(
    serve: Serve, selection: Any, expected: dict[str, set[str]]
) -> None:
    served = await serve(TABLES)

    rows = await everything(served, selection)

    assert all("_id" in each for each in rows)
    columns = {each["_table"]: {name for name in each if not name.startswith("_")} for each in rows}
    assert columns == expected


async def test_changes_are_selected_likewise_and_a_deletion_has_its_id_whatever_the_columns(serve: Serve) -> None:
    served = await serve(TABLES)
    _, cursor = await snapshot_of(served)
    added = (await mutation(served, "users:add")).value
    await mutation(served, "users:drop", {"id": added})
    selection = {"_other": "excluded", "": {"_other": "excluded", "users": NO_SSN}}

    page = (await submit(served, "document_deltas", {"cursor": cursor, "selection": selection})).json
    none = (await submit(served, "document_deltas", {"cursor": cursor, "selection": {"_other": "excluded"}})).json

    assert [each.get("name") for each in page["values"]] == ["Bob", None]
    assert "ssn" not in page["values"][0]
    assert page["values"][1]["_id"] == added
    assert none["values"] == []


BAD: list[tuple[Any, str]] = [
    ({}, "selection: missing field `_other`"),
    ([], "selection: expected an object with `_other`"),
    ("included", "selection: expected an object with `_other`"),
    ({"_other": "maybe"}, "selection._other: expected `included` or `excluded`"),
    ({"_other": 1}, "selection._other: expected `included` or `excluded`"),
    ({"_other": "included", "": "included"}, "selection.: expected `excluded`, or an object with `_other`"),
    ({"_other": "included", "": {}}, "selection.: missing field `_other`"),
    (
        {"_other": "included", "": {"_other": "included", "users": {"name": "excluded"}}},
        "selection..users: missing field `_other`",
    ),
    (
        {"_other": "included", "": {"_other": "included", "users": {"_other": "included", "name": {}}}},
        "selection..users.name: expected `included` or `excluded`",
    ),
    (
        {"_other": "included", "": {"_other": "included", "users": {"_other": "included", "_id": "excluded"}}},
        "selection..users: `_id` must be included",
    ),
    (
        {"_other": "included", "": {"_other": "included", "users": {"_other": "excluded", "name": "included"}}},
        "selection..users: `_id` must be included",
    ),
]


@pytest.mark.parametrize(("selection", "message"), BAD)
async def test_a_selection_that_is_none_is_refused_where_it_is_wrong(
    serve: Serve, selection: Any, message: str
) -> None:
    served = await serve(TABLES)

    for route in ("list_snapshot", "document_deltas"):
        answer = await submit(served, route, {"cursor": None, "selection": selection} | _cursor(route))
        target = "Failed to deserialize the JSON body into the target type: "
        assert answer.refusal == (400, "BadJsonBody", f"{target}{message}")


def _cursor(route: str) -> dict[str, int]:
    return {"cursor": 1} if route == "document_deltas" else {}
