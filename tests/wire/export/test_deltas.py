"""What was written since, in order, whole commits at a time (contract convex §9.3)."""

from __future__ import annotations

import pytest

from emulator.runtime.emulator import Level
from emulator.surfaces.convex.export import endpoints
from tests.support.clocks import WatchedClock
from tests.support.export import applied, deltas_since, fetch, own, snapshot_of, submit
from tests.support.functions import mutation, send
from tests.support.serving import Served
from tests.wire.export.conftest import Serve
from tests.wire.export.test_snapshots import TABLES, forget_the_past

BULK = """
tables: {rows: {}, others: {documents: [{}]}}
state: {mode: a}
functions:
  rows:one: {do: [{insert: {into: rows, document: {n: 1}}}], result: null}
  rows:both: {do: [{insert: {into: rows, document: {n: 2}}}, {insert: {into: others, document: {n: 2}}}], result: null}
  rows:none: {do: [{insert: {into: rows, document: {}, as: id}}, {delete: {table: rows, id: "${id}"}}], result: null}
  mode:set: {do: [{set: {mode: b}}], result: null}
"""


async def write(served: Served, name: str, times: int = 1) -> None:
    for _ in range(times):
        assert (await mutation(served, name)).value is None


async def test_every_write_is_told_in_order_and_a_deletion_by_its_id_only(serve: Serve) -> None:
    served = await serve(TABLES)
    rows, snapshot = await snapshot_of(served, tableName="messages")
    first = rows[0]["_id"]
    sent = (await mutation(served, "messages:send", {"body": "new"})).value
    await mutation(served, "messages:edit", {"id": sent, "body": "newer"})
    await mutation(served, "messages:drop", {"id": first})

    page = (await fetch(served, "document_deltas", cursor=snapshot)).json

    told = [(each["_id"], each["_deleted"], each.get("body")) for each in page["values"]]
    assert told == [(sent, False, "new"), (sent, False, "newer"), (first, True, None)]
    assert page["values"][2].keys() == {"_component", "_table", "_ts", "_deleted", "_id"}
    stamps = [each["_ts"] for each in page["values"]]
    assert stamps == sorted(stamps)
    assert snapshot < stamps[0]
    assert stamps[2] < page["cursor"]
    assert page["hasMore"] is False
    assert applied({each["_id"]: own(each) for each in rows}, page["values"]) == {
        each["_id"]: own(each) for each in (await snapshot_of(served, tableName="messages"))[0]
    }


async def test_an_idle_poll_moves_the_cursor_with_the_time(serve: Serve, clock: WatchedClock) -> None:
    served = await serve(TABLES)
    _, snapshot = await snapshot_of(served)
    await clock.advance(5_000_000_000)

    rows, cursor = await deltas_since(served, snapshot)

    assert rows == []
    assert cursor >= clock.now() > snapshot


@pytest.mark.parametrize("by", ["GET", "POST"])
async def test_a_page_has_128_writes_and_commits_stay_whole(serve: Serve, by: str) -> None:
    served = await serve(BULK)
    _, cursor = await snapshot_of(served)
    await write(served, "rows:one", 127)
    await write(served, "rows:both")
    await write(served, "rows:one")
    sizes = []
    for _ in range(2):
        asked = {"cursor": cursor}
        answer = fetch(served, "document_deltas", **asked) if by == "GET" else submit(served, "document_deltas", asked)
        page = (await answer).json
        cursor = page["cursor"]
        sizes.append((len(page["values"]), page["hasMore"]))

    assert sizes == [(129, True), (1, False)]


async def test_a_page_is_shorter_where_its_documents_are_long_and_commits_still_stay_whole(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = await serve(BULK)
    _, cursor = await snapshot_of(served)
    for name in ("rows:both", "rows:one", "rows:one", "rows:both"):
        await write(served, name)
    sizes = []
    monkeypatch.setattr(endpoints, "MAX_PAGE_BYTES", 400)
    for _ in range(3):
        page = (await fetch(served, "document_deltas", cursor=cursor)).json
        sizes.append((len(page["values"]), page["hasMore"]))
        cursor = page["cursor"]

    assert sizes == [(2, True), (2, True), (2, False)]
    monkeypatch.setattr(endpoints, "MAX_PAGE_BYTES", 1)
    whole = (await fetch(served, "document_deltas", cursor=0)).json
    assert (len(whole["values"]), whole["hasMore"]) == (1, True)


async def test_writes_of_tables_that_are_not_chosen_count_too(serve: Serve) -> None:
    served = await serve(BULK)
    _, cursor = await snapshot_of(served)
    await write(served, "rows:one", 128)
    await write(served, "rows:both")

    first = (await fetch(served, "document_deltas", cursor=cursor, tableName="others")).json
    second = (await fetch(served, "document_deltas", cursor=first["cursor"], tableName="others")).json

    assert ([len(each["values"]) for each in (first, second)], first["hasMore"]) == ([0, 1], True)


async def test_what_is_no_table_is_not_told_nor_what_came_and_went_at_once(serve: Serve) -> None:
    served = await serve(BULK)
    _, cursor = await snapshot_of(served)
    await write(served, "mode:set")
    await write(served, "rows:none")

    assert (await deltas_since(served, cursor))[0] == []


async def test_what_a_reset_does_is_told_as_any_write(serve: Serve) -> None:
    served = await serve(TABLES)
    rows, cursor = await snapshot_of(served)
    await mutation(served, "messages:send", {"body": "new"})
    served.emulator.reset({Level.STATE})

    told, _ = await deltas_since(served, cursor)

    now, _ = await snapshot_of(served)
    assert applied({each["_id"]: own(each) for each in rows}, told) == {each["_id"]: own(each) for each in now}


async def test_a_cursor_is_required(serve: Serve) -> None:
    served = await serve(TABLES)
    required = (400, "DocumentDeltasCursorRequired", "/api/document_deltas requires a cursor")

    assert (await fetch(served, "document_deltas")).refusal == required
    assert (await submit(served, "document_deltas", {})).refusal == required
    assert (await submit(served, "document_deltas", {"cursor": None})).refusal == required


async def test_a_cursor_that_is_no_number_is_refused(serve: Serve) -> None:
    served = await serve(TABLES)
    message = "Failed to deserialize query string: cursor: invalid digit found in string"

    assert (await fetch(served, "document_deltas", cursor="soon")).refusal == (400, "BadQueryArgs", message)
    assert (await submit(served, "document_deltas", {"cursor": "1"})).refusal[:2] == (400, "BadJsonBody")


async def test_a_cursor_older_than_what_is_kept_is_refused(serve: Serve) -> None:
    served = await serve(TABLES)
    _, cursor = await snapshot_of(served)
    forget_the_past(served.emulator.state.view.store)
    await mutation(served, "messages:send", {"body": "x"})

    for old in (cursor, 0, -1):
        status, code, message = (await fetch(served, "document_deltas", cursor=old)).refusal
        assert (status, code) == (400, "InvalidWindowToReadDocuments")
        assert str(old + 1) in message


async def test_a_cursor_from_before_everything_tells_everything_where_all_is_kept(serve: Serve) -> None:
    served = await serve(TABLES)

    rows, _ = await deltas_since(served, 0)

    assert len(rows) == 5


async def test_a_body_needs_the_name_of_its_type(serve: Serve) -> None:
    served = await serve(TABLES)
    headers = {"Authorization": "Convex demo-otter|s3cret", "Content-Type": "text/plain"}

    answer = await send(served, "/api/document_deltas", '{"cursor": 1}', headers)

    message = "Expected request with `Content-Type: application/json`"
    assert answer.refusal == (400, "BadJsonBody", message)


async def test_a_body_of_more_than_two_mebibytes_is_refused(serve: Serve) -> None:
    served = await serve(TABLES)

    answer = await submit(served, "document_deltas", {"cursor": 1, "rest": "x" * (2 * 1024 * 1024)})

    message = "Failed to buffer the request body: length limit exceeded"
    assert answer.refusal == (400, "BadJsonBody", message)
