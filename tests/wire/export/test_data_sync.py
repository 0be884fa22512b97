"""Data syncs: tables, then what was written since, with one cursor (contract convex §9.6)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest

from emulator.engine.data_sync import MOST_SYNCED
from emulator.surfaces.convex.export import endpoints
from tests.support.clocks import WatchedClock
from tests.support.export import fetch, snapshot_of, submit
from tests.support.functions import mutation
from tests.support.serving import Served
from tests.wire.export.conftest import Serve
from tests.wire.export.test_snapshots import TABLES, forget_the_past

LARGE = f"""
tables:
  small: {{documents: [{{}}]}}
  large: {{count: {MOST_SYNCED}, document: {{}}}}
  last: {{documents: [{{}}, {{}}]}}
functions:
  last:add: {{do: [{{insert: {{into: last, document: {{}}, as: id}}}}], result: "${{id}}"}}
"""
DAY = 24 * 60 * 60 * 1_000_000_000


async def sync(served: Served, cursor: str | None = None, headers: Any = None, **more: Any) -> dict[str, Any]:
    body = {**more, **({} if cursor is None else {"cursor": cursor})}
    answer: dict[str, Any] = (await submit(served, "v1/data/sync", body, headers=headers)).json
    assert answer["pagination"]["hasMore"] is True
    return answer


def cursor_of(page: dict[str, Any]) -> str:
    return str(page["pagination"]["nextCursor"])


async def test_a_small_deployment_is_up_to_date_at_once(serve: Serve) -> None:
    served = await serve(TABLES)

    page = await sync(served)

    assert page["status"] == {"type": "upToDate", "snapshotTs": page["status"]["snapshotTs"]}
    assert page["truncates"] == [{"component": "", "table": each} for each in ("empty", "messages", "users")]
    assert [each["table"] for each in page["values"]] == ["messages"] * 2 + ["users"] * 3
    value = page["values"][0]
    assert value.keys() == {"component", "table", "ts", "deleted", "value"}
    assert (value["component"], value["deleted"]) == ("", False)
    assert isinstance(value["value"]["likes"], int)
    assert value["ts"] < page["status"]["snapshotTs"]


async def test_the_next_pages_tell_what_was_written_and_move_with_the_time(serve: Serve) -> None:
    served = await serve(TABLES)
    first = await sync(served)
    sent = (await mutation(served, "messages:send", {"body": "new"})).value
    await mutation(served, "messages:drop", {"id": sent})

    second = await sync(served, cursor_of(first))
    third = await sync(served, cursor_of(second))

    told = [(each["deleted"], each["value"].get("body")) for each in second["values"]]
    assert told == [(False, "new"), (True, None)]
    assert second["values"][1]["value"] == {"_id": sent}
    assert (second["truncates"], third["truncates"], third["values"]) == ([], [], [])
    stamps = [each["status"]["snapshotTs"] for each in (first, second, third)]
    assert stamps == sorted(set(stamps))
    assert {each["syncId"] for each in (second, third)} == {first["syncId"]}


async def test_pages_have_16384_documents_and_say_how_far_they_are(serve: Serve) -> None:
    served = await serve(LARGE)
    first = await sync(served)
    snapshotting = (await fetch(served, "v1/data/list_active_syncs")).json
    await mutation(served, "last:add")
    second = await sync(served, cursor_of(first))
    third = await sync(served, cursor_of(second))

    assert [len(each["values"]) for each in (first, second, third)] == [MOST_SYNCED, 3, 1]
    assert [each["status"]["type"] for each in (first, second, third)] == ["snapshotting", "stale", "upToDate"]
    assert first["status"] == {"type": "snapshotting"}
    assert [[each["table"] for each in page["truncates"]] for page in (first, second, third)] == [
        ["large", "small"],
        ["last"],
        [],
    ]
    (active,) = snapshotting["syncs"]
    assert active["status"] == {
        "type": "snapshotting",
        "numTablesSynced": 1,
        "totalTables": 3,
        "currentComponent": "",
        "currentTable": "large",
        "numDocumentsInCurrentTable": MOST_SYNCED - 1,
        "totalDocumentsInCurrentTable": MOST_SYNCED,
        "numDocumentsSynced": MOST_SYNCED,
        "totalDocuments": MOST_SYNCED + 3,
    }


async def test_a_page_is_shorter_where_its_documents_are_long(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = await serve(TABLES)
    monkeypatch.setattr(endpoints, "MAX_PAGE_BYTES", 300)
    monkeypatch.setattr(endpoints, "_PORTION", 1)

    page = await sync(served)
    sizes, seen = [len(page["values"])], [each["value"]["_id"] for each in page["values"]]
    while page["status"]["type"] != "upToDate":
        page = await sync(served, cursor_of(page))
        sizes.append(len(page["values"]))
        seen += [each["value"]["_id"] for each in page["values"]]

    rows, _ = await snapshot_of(served)
    assert sizes == [2, 2, 1]
    assert seen == [each["_id"] for each in rows]


@pytest.mark.parametrize(
    ("client", "prefix"),
    [("airbyte-export-0.4.0", "airbyte-"), ("fivetran-export-1.0.0", "fivetran-"), ("npm-1.48.0", "")],
)
async def test_the_id_of_a_sync_tells_whose_it_is(serve: Serve, client: str, prefix: str) -> None:
    served = await serve(TABLES)

    pages = [await sync(served, headers={"Convex-Client": client}) for _ in range(2)]

    ids = [each["syncId"] for each in pages]
    assert len(set(ids)) == 2
    for each in ids:
        assert each.startswith(prefix)
        assert len(each.removeprefix(prefix)) == 32


def only(*tables: str) -> dict[str, Any]:
    return {"_other": "excluded", "": {"_other": "excluded", **{each: {"_other": "included"} for each in tables}}}


async def test_a_table_that_is_chosen_later_is_walked_and_one_no_longer_chosen_is_forgotten(serve: Serve) -> None:
    served = await serve(TABLES)
    first = await sync(served, selection=only("messages"))
    await mutation(served, "messages:send", {"body": "x"})

    second = await sync(served, cursor_of(first), selection=only("users"))
    third = await sync(served, cursor_of(second), selection=only("users", "messages"))

    assert [each["table"] for each in first["truncates"]] == ["messages"]
    assert [each["table"] for each in second["truncates"]] == ["users"]
    assert {each["table"] for each in second["values"]} == {"users"}
    assert [each["table"] for each in third["truncates"]] == ["messages"]


async def test_a_table_that_comes_to_be_is_told(serve: Serve) -> None:
    served = await serve(TABLES)
    page = await sync(served)
    stream: dict[str, Any] = {"primaryKey": None, "jsonSchema": {}}
    record = {"tables": {"fresh": stream}, "messages": [{"tableName": "fresh", "data": {"a": 1}}]}
    await submit(served, "streaming_import/import_airbyte_records", record)

    page = await sync(served, cursor_of(page))
    rows = list(page["values"])
    assert [each["table"] for each in page["truncates"]] == ["fresh"]
    while page["status"]["type"] != "upToDate":
        page = await sync(served, cursor_of(page))
        rows += page["values"]

    assert [(each["table"], each["value"]["a"]) for each in rows] == [("fresh", 1.0)]


async def test_active_syncs_are_listed_the_newest_first_in_pages(serve: Serve, clock: WatchedClock) -> None:
    served = await serve(TABLES)
    ids = []
    for _ in range(3):
        ids.append((await sync(served))["syncId"])
        await clock.advance(DAY)

    first = (await fetch(served, "v1/data/list_active_syncs", limit=2)).json
    second = (await fetch(served, "v1/data/list_active_syncs", cursor=first["pagination"]["nextCursor"])).json

    assert [each["syncId"] for each in first["syncs"]] == [ids[2], ids[1]]
    assert first["pagination"]["hasMore"] is True
    assert [each["syncId"] for each in second["syncs"]] == [ids[0]]
    assert second["pagination"] == {"hasMore": False, "nextCursor": None}
    status = second["syncs"][0]["status"]
    assert status == {
        "type": "upToDate",
        "totalTables": 3,
        "numDocumentsSynced": 5,
        "syncedTs": status["syncedTs"],
    }
    assert second["syncs"][0]["lastUpdated"] == (clock.now() - 3 * DAY) // 1_000_000
    await clock.advance(1)
    assert [each["syncId"] for each in (await fetch(served, "v1/data/list_active_syncs")).json["syncs"]] == ids[:0:-1]


@pytest.mark.parametrize("limit", ["0", "101"])
async def test_a_limit_out_of_range_is_refused(serve: Serve, limit: str) -> None:
    served = await serve(TABLES)

    answer = await fetch(served, "v1/data/list_active_syncs", limit=limit)

    assert answer.refusal == (400, "LimitOutOfRange", f"limit must be between 1 and 100, not {limit}")


@pytest.mark.parametrize("name", ["limit", "cursor"])
async def test_parameters_of_the_list_are_numbers(serve: Serve, name: str) -> None:
    served = await serve(TABLES)

    answer = await fetch(served, "v1/data/list_active_syncs", **{name: "x"})

    assert answer.refusal[:2] == (400, "BadQueryArgs")


def forged(*parts: Any) -> str:
    return b64encode(json.dumps(parts).encode()).decode()


NO_BASE64 = "Could not base64-decode the data sync cursor"
NO_CURSOR = "Could not parse the data sync cursor"
BAD_CURSORS = {
    "": NO_CURSOR,
    "*": NO_BASE64,
    "한글": NO_BASE64,
    forged(): NO_CURSOR,
    forged("other", "x", 1, [], None, 0, 0): NO_CURSOR,
    forged("demo-otter", 5, 1, [], None, 0, 0): NO_CURSOR,
    forged("demo-otter", "x", "1", [], None, 0, 0): NO_CURSOR,
    forged("demo-otter", "x", 1.5, [], None, 0, 0): NO_CURSOR,
    forged("demo-otter", "x", 1, 5, None, 0, 0): NO_CURSOR,
    forged("demo-otter", "x", 1, [5], None, 0, 0): NO_CURSOR,
    forged("demo-otter", "x", 1, [], [], 0, 0): NO_CURSOR,
    forged("demo-otter", "x", 1, [], ["a", 5], 0, 0): NO_CURSOR,
    forged("demo-otter", "x", 2**62, [], None, 0, 0): "data sync cursor is ahead of the deployment's latest timestamp",
}


@pytest.mark.parametrize("cursor", BAD_CURSORS)
async def test_a_cursor_that_is_none_is_refused(serve: Serve, cursor: str) -> None:
    served = await serve(TABLES)

    answer = await submit(served, "v1/data/sync", {"cursor": cursor})

    assert answer.refusal == (400, "InvalidDataSyncCursor", BAD_CURSORS[cursor])


async def test_a_cursor_of_a_snapshot_is_none_of_a_sync(serve: Serve) -> None:
    served = await serve(TABLES)
    cursor = (await fetch(served, "list_snapshot")).json["cursor"]

    answer = await submit(served, "v1/data/sync", {"cursor": cursor})

    assert answer.refusal[:2] == (400, "InvalidDataSyncCursor")


async def test_a_cursor_older_than_what_is_kept_has_expired(serve: Serve) -> None:
    served = await serve(TABLES)
    cursor = cursor_of(await sync(served))
    old = json.loads(b64decode(cursor))[2]
    forget_the_past(served.emulator.state.view.store)
    await mutation(served, "messages:send", {"body": "x"})

    for answer in (
        await submit(served, "v1/data/sync", {"cursor": cursor}),
        await submit(served, "data_sync_cursor_from_deltas", {"cursor": old}),
    ):
        assert answer.refusal[:2] == (400, "DataSyncCursorExpired")


@pytest.mark.parametrize("route", ["v1/data/sync", "data_sync_cursor_from_deltas"])
async def test_a_selection_that_is_none_is_refused(serve: Serve, route: str) -> None:
    served = await serve(TABLES)

    answer = await submit(served, route, {"selection": {}} | ({"cursor": 1} if "deltas" in route else {}))

    message = "Invalid selection: missing field `_other`"
    assert answer.refusal == (400, "InvalidDataSyncSelection", message)


async def test_a_cursor_of_deltas_becomes_one_of_a_sync(serve: Serve) -> None:
    served = await serve(TABLES)
    _, deltas = await snapshot_of(served)
    await mutation(served, "messages:send", {"body": "new"})

    converted = await submit(served, "data_sync_cursor_from_deltas", {"cursor": deltas})
    page = await sync(served, converted.json["cursor"])

    assert converted.json.keys() == {"cursor"}
    assert [each["value"]["body"] for each in page["values"]] == ["new"]
    assert (page["truncates"], page["status"]["type"]) == ([], "upToDate")


async def test_a_cursor_of_deltas_must_be_a_number_of_the_past(serve: Serve) -> None:
    served = await serve(TABLES)

    ahead = await submit(served, "data_sync_cursor_from_deltas", {"cursor": 2**62})
    text = await submit(served, "data_sync_cursor_from_deltas", {"cursor": "1"})
    none = await submit(served, "data_sync_cursor_from_deltas", {})

    message = "document_deltas cursor is ahead of the deployment's latest timestamp"
    assert ahead.refusal == (400, "InvalidDataSyncCursor", message)
    assert [each.refusal[:2] for each in (text, none)] == [(400, "BadJsonBody")] * 2
