"""Operations that Fivetran's destination sends (contract convex §10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.export import deltas_since, fetch, own, snapshot_of, submit
from tests.support.functions import Answer
from tests.support.serving import Served
from tests.wire.export.conftest import Serve

CLIENT = {"Convex-Client": "fivetran-import-0.1.0"}
DEFINITION = {
    "tableName": "users",
    "indexes": [
        {"indexDescriptor": "sync_index", "fields": ["fivetran.deleted", "fivetran.synced", "_creationTime"]},
        {"indexDescriptor": "by_primary_key", "fields": ["fivetran.deleted", "org", "fivetran.id", "_creationTime"]},
    ],
}


def row(number: int, synced: float = 1_000.0, **fields: Any) -> dict[str, Any]:
    return {"org": "a", "fivetran": {"id": number, "synced": synced, "deleted": False}, **fields}


async def apply(served: Served, *operations: tuple[str, dict[str, Any]], table: str = "users") -> Answer:
    batch = [{"table": table, "operation": name, "row": each} for name, each in operations]
    return await submit(served, "streaming_import/apply_fivetran_operations", batch, headers=CLIENT)


async def truncate(served: Served, **asked: Any) -> Answer:
    return await submit(served, "streaming_import/fivetran_truncate_table", {"tableName": "users", **asked})


async def rows_of(served: Served) -> dict[float, dict[str, Any]]:
    found = (await snapshot_of(served, tableName="users"))[0]
    rows = [{name: value for name, value in own(each).items() if not name.startswith("_")} for each in found]
    return {each["fivetran"]["id"]: each for each in rows}


@pytest.fixture
async def destination(serve: Serve) -> Served:
    """Serve a deployment with a table that Fivetran made."""
    served = await serve("")
    created = {"tableDefinition": DEFINITION}
    assert (await fetch(served, "streaming_import/get_schema")).json is None
    answer = await submit(served, "streaming_import/fivetran_create_table", created, headers=CLIENT)
    assert (answer.status, answer.body) == (200, b"")
    return served


async def test_rows_are_inserted_replaced_changed_and_deleted_by_their_primary_key(destination: Served) -> None:
    first = await apply(
        destination,
        ("Upsert", row(1, name="Ada", age=36)),
        ("Upsert", row(2, name="Bob")),
        ("Upsert", row(3, name="Cleo")),
        ("Upsert", row(1, name="Ada L.")),
        ("Update", {"org": "a", "fivetran": {"id": 2, "synced": 2_000.0}, "age": 40}),
        ("HardDelete", row(3)),
        ("HardDelete", row(9)),
    )

    assert (first.status, first.body) == (200, b"")
    assert await rows_of(destination) == {
        1.0: row(1, name="Ada L."),
        2.0: row(2, synced=2_000.0, name="Bob", age=40.0),
    }


async def test_values_of_all_types_come_in_encoded_json(destination: Served) -> None:
    encoded = row(1, big={"$integer": "KgAAAAAAAAA="}, raw={"$bytes": "AQID"})

    await apply(destination, ("Upsert", encoded))

    (found,) = (await rows_of(destination)).values()
    assert (found["big"], found["raw"]) == ("42", "AQID")


async def test_an_update_of_a_row_that_is_not_there_is_refused_and_the_whole_batch_undone(destination: Served) -> None:
    _, cursor = await snapshot_of(destination)

    answer = await apply(destination, ("Upsert", row(1)), ("Update", row(2)))

    message = "Fivetran is trying to update a row that doesn’t exist in the Convex destination."
    assert answer.refusal == (404, "FivetranMissingUpdatedRow", message)
    assert (await deltas_since(destination, cursor))[0] == []


async def test_a_table_without_a_primary_key_is_refused(destination: Served) -> None:
    answer = await apply(destination, ("Upsert", row(1)), table="others")

    assert answer.refusal[:2] == (400, "MissingFivetranPrimaryKeyIndex")
    assert answer.refusal[2].startswith("The `by_primary_key` index on the `others` table is missing.")


async def test_a_row_without_its_primary_key_is_refused(destination: Served) -> None:
    answer = await apply(destination, ("Upsert", {"org": "a", "fivetran": {}}))

    message = "Missing value for field fivetran.id of primary key index."
    assert answer.refusal == (400, "MissingValueForFivetranPrimaryKeyIndex", message)


async def test_a_table_is_truncated_for_good_or_by_a_mark_wholly_or_up_to_a_moment(destination: Served) -> None:
    rows = [row(number, synced=number * 1_000.0) for number in (1, 2, 3, 4)]
    await apply(destination, *[("Upsert", each) for each in rows])

    assert (await truncate(destination, deleteBefore=2_000, deleteType="SoftDelete")).body == b""
    assert {key: each["fivetran"]["deleted"] for key, each in (await rows_of(destination)).items()} == {
        1.0: True,
        2.0: False,
        3.0: False,
        4.0: False,
    }
    _, cursor = await snapshot_of(destination)
    await truncate(destination, deleteBefore=2_000, deleteType="SoftDelete")
    assert (await deltas_since(destination, cursor))[0] == []
    await truncate(destination, deleteBefore="1970-01-01T00:00:03Z", deleteType="HardDelete")
    assert (await rows_of(destination)).keys() == {3.0, 4.0}
    await truncate(destination, deleteBefore=None, deleteType="SoftDelete")
    assert all(each["fivetran"]["deleted"] for each in (await rows_of(destination)).values())
    await truncate(destination, deleteType="HardDelete")
    assert await rows_of(destination) == {}


SHAPES: list[tuple[str, Any, str]] = [
    ("apply_fivetran_operations", {}, "invalid type: map, expected a sequence"),
    ("apply_fivetran_operations", [{"table": "a", "row": {}}], "[0]: missing field `operation`"),
    (
        "apply_fivetran_operations",
        [{"table": "a", "operation": "Drop", "row": {}}],
        "[0].operation: unknown variant `Drop`, expected one of `Upsert`, `Update`, `HardDelete`",
    ),
    (
        "apply_fivetran_operations",
        [{"table": "a", "operation": "Upsert", "row": {"$set": 1}}],
        "[0].row: Field name $set starts with '$', which is reserved.",
    ),
    (
        "fivetran_truncate_table",
        {"tableName": "a", "deleteType": "Some"},
        "deleteType: unknown variant `Some`, expected one of `SoftDelete`, `HardDelete`",
    ),
    (
        "fivetran_truncate_table",
        {"tableName": "a", "deleteType": "SoftDelete", "deleteBefore": []},
        "deleteBefore: expected a timestamp",
    ),
    (
        "fivetran_truncate_table",
        {"tableName": "a", "deleteType": "SoftDelete", "deleteBefore": "soon"},
        "deleteBefore: 'soon' is no moment in ISO 8601",
    ),
    ("fivetran_create_table", {"tableDefinition": {}}, "tableDefinition: missing field `tableName`"),
]


@pytest.mark.parametrize(("route", "body", "message"), SHAPES)
async def test_a_body_of_the_wrong_shape_is_refused(destination: Served, route: str, body: Any, message: str) -> None:
    answer = await submit(destination, f"streaming_import/{route}", body)

    target = "Failed to deserialize the JSON body into the target type: "
    assert answer.refusal[:2] == (400, "BadJsonBody")
    assert answer.refusal[2].split(" at line")[0] == f"{target}{message}"


async def test_a_row_with_a_system_field_of_its_own_is_refused(destination: Served) -> None:
    answer = await apply(destination, ("Upsert", row(1, _secret=1)))

    assert answer.refusal[:2] == (400, "SchemaEnforcementError")
