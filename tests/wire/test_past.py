"""Queries of the past: timestamps, batches, and when what is written is there (contract convex §4.1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.call import Call
from emulator.engine.store import MAX_COMMITS
from emulator.model.function import FunctionType
from emulator.surfaces.convex.codec import read_ts, write_ts
from tests.support.clocks import START, WatchedClock
from tests.support.functions import Answer, mutation, post, query
from tests.support.raw import connected, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

SHOP = """
state: {open: false}
tables:
  cups: {documents: [{_id: j5700000000000000000000000001qv0, name: mug, size: 2}]}
  pots: {documents: [{name: iron}]}
functions:
  shop:open: {type: query, result: "${state.open}"}
  shop:set: {type: mutation, do: [{set: {open: "${args.open}"}}], result: null}
  cups:names: {type: query, result: "${[each.name for each in tables.cups]}"}
  cups:list: {type: query, query: {table: cups, order: {by: size}}}
  cups:get: {type: query, query: {table: cups, id: "${args.id}"}}
  cups:named: {type: query, query: {table: cups, where: {name: "${args.name}"}}}
  cups:page: {type: query, query: {table: cups, paginate: true}}
  cups:add: {type: mutation, do: [{insert: {into: cups, document: "${args}", as: id}}], result: "${id}"}
  cups:grow: {type: mutation, do: [{patch: {table: cups, id: "${args.id}", fields: {size: 9}}}], result: null}
  cups:remove: {type: mutation, do: [{delete: {table: cups, id: "${args.id}"}}], result: null}
  cups:slowly: {type: mutation, do: [{insert: {into: cups, document: {name: late}}}], result: done, delay: 250ms}
  cups:twice: {do: [{insert: {into: cups, document: {name: "twice"}}}], result: "${len(tables.cups)}"}
  pots:names: {type: query, result: "${[each.name for each in tables.pots]}"}
  pots:add: {type: mutation, do: [{insert: {into: pots, document: "${args}"}}], result: null}
  jobs:status: {sequence: [{result: queued}, {result: running}]}
"""
MUG = "j5700000000000000000000000001qv0"


@pytest.fixture
async def shop(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve a shop."""
    async with serving(load_text(tmp_path, SHOP), clock) as served:
        yield served


async def stamp(served: Served) -> str:
    """Return the timestamp of now."""
    ts: str = (await post(served, "/api/query_ts", None)).json["ts"]
    return ts


async def query_at(served: Served, ts: str, name: str, args: object = None) -> Answer:
    return await post(served, "/api/query_at_ts", {"path": name, "args": {} if args is None else args, "ts": ts})


async def names(served: Served) -> Any:
    return (await query(served, "cups:names")).value


async def test_a_query_at_a_timestamp_sees_what_was_written_before_and_nothing_after(shop: Served) -> None:
    await mutation(shop, "cups:add", {"name": "bowl"})
    ts = await stamp(shop)
    await mutation(shop, "cups:add", {"name": "glass"})

    assert (await query_at(shop, ts, "cups:names")).value == ["mug", "bowl"]
    assert await names(shop) == ["mug", "bowl", "glass"]
    assert (await query_at(shop, await stamp(shop), "cups:names")).value == ["mug", "bowl", "glass"]


async def test_what_was_changed_or_removed_since_is_as_it_was(shop: Served) -> None:
    removed = (await mutation(shop, "cups:add", {"name": "bowl", "size": 1})).value
    ts = await stamp(shop)
    await mutation(shop, "cups:grow", {"id": MUG})
    await mutation(shop, "cups:remove", {"id": removed})
    await mutation(shop, "shop:set", {"open": True})

    listed = (await query_at(shop, ts, "cups:list")).value
    assert [(each["name"], each["size"]) for each in listed] == [("bowl", 1.0), ("mug", 2.0)]
    assert (await query_at(shop, ts, "cups:get", {"id": removed})).value["name"] == "bowl"
    assert [each["_id"] for each in (await query_at(shop, ts, "cups:named", {"name": "bowl"})).value] == [removed]
    assert (await query_at(shop, ts, "shop:open")).value is False
    assert (await query(shop, "shop:open")).value is True
    assert (await query(shop, "cups:named", {"name": "bowl"})).value == []


async def test_pages_at_a_timestamp_go_on_where_they_ended(shop: Served) -> None:
    await mutation(shop, "cups:add", {"name": "bowl"})
    ts = await stamp(shop)
    await mutation(shop, "cups:add", {"name": "glass"})

    first = (await query_at(shop, ts, "cups:page", {"paginationOpts": {"numItems": 1, "cursor": None}})).value
    options = {"numItems": 5, "cursor": first["continueCursor"]}
    second = (await query_at(shop, ts, "cups:page", {"paginationOpts": options})).value
    now = (await query(shop, "cups:page", {"paginationOpts": options})).value

    assert [each["name"] for each in first["page"]] == ["mug"]
    assert ([each["name"] for each in second["page"]], second["isDone"]) == (["bowl"], True)
    assert [each["name"] for each in now["page"]] == ["bowl", "glass"]


async def test_first_documents_that_a_reload_replaced_are_still_the_past(shop: Served, tmp_path: Path) -> None:
    await mutation(shop, "pots:add", {"name": "clay"})
    ts = await stamp(shop)
    shop.emulator.swap(load_text(tmp_path, SHOP.replace("{name: iron}", "{name: steel}")))

    assert (await query(shop, "pots:names")).value == ["steel"]
    assert (await query_at(shop, ts, "pots:names")).value == ["iron", "clay"]


async def test_a_timestamp_in_the_future_is_now(shop: Served) -> None:
    future = write_ts(START + 10**18)
    await mutation(shop, "cups:add", {"name": "bowl"})

    assert (await query_at(shop, future, "cups:names")).value == ["mug", "bowl"]
    await mutation(shop, "cups:add", {"name": "glass"})
    assert (await query_at(shop, future, "cups:names")).value == ["mug", "bowl", "glass"]
    assert read_ts(await stamp(shop)) < START + 1000


async def test_before_the_beginning_there_was_nothing(shop: Served) -> None:
    assert (await query_at(shop, write_ts(0), "cups:names")).value == []
    assert (await query_at(shop, write_ts(START - 1), "cups:names")).value == []


async def test_a_timestamp_that_is_forgotten_is_refused(shop: Served) -> None:
    ts = await stamp(shop)
    for number in range(MAX_COMMITS + 1):
        shop.emulator.handle(Call("shop:set", FunctionType.MUTATION, {"open": number % 2 == 0}))

    status, code, message = (await query_at(shop, ts, "cups:names")).refusal

    assert (status, code) == (400, "TimestampTooOld")
    assert message.startswith(f"Cannot query at {read_ts(ts)}: ")
    assert (await query_at(shop, await stamp(shop), "cups:names")).value == ["mug"]


async def test_a_query_at_a_timestamp_writes_nothing_but_counts(shop: Served) -> None:
    ts = await stamp(shop)

    assert (await query_at(shop, ts, "cups:twice")).value == 2.0
    assert (await query_at(shop, ts, "jobs:status")).value == "queued"

    assert await names(shop) == ["mug"]
    assert (await query(shop, "jobs:status")).value == "running"


async def test_the_queries_of_a_batch_see_one_moment_whatever_is_written_meanwhile(shop: Served) -> None:
    asked = {"queries": [{"path": "cups:names", "args": {}}, *[{"path": "cups:list", "args": {}}] * 3]}

    async with asyncio.TaskGroup() as group:
        batches = []
        for number in range(10):
            group.create_task(mutation(shop, "cups:add", {"name": str(number)}))
            batches.append(group.create_task(post(shop, "/api/query_batch", asked)))

    for batch in batches:
        first, *others = [len(each["value"]) for each in batch.result().json["results"]]
        assert others == [first] * 3
    assert len(await names(shop)) == 11


async def test_what_a_delayed_mutation_writes_is_there_before_its_answer(shop: Served, clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(mutation(shop, "cups:slowly"))
        await clock.until_asleep()
        assert await names(shop) == ["mug", "late"]
        assert not task.done()
        await clock.pass_milliseconds(250)

    assert task.result().value == "done"
    assert await names(shop) == ["mug", "late"]


async def test_delayed_mutations_write_in_the_order_they_came(shop: Served, clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(mutation(shop, "cups:slowly"))
        await clock.until_asleep()
        await mutation(shop, "cups:add", {"name": "quick"})
        await clock.pass_milliseconds(250)

    assert await names(shop) == ["mug", "late", "quick"]


async def test_a_client_that_does_not_wait_for_its_delayed_mutation_has_written_all_the_same(
    shop: Served, clock: WatchedClock
) -> None:
    async with connected(shop.url) as connection:
        await connection.send(request_bytes("POST", "/api/mutation", b'{"path":"cups:slowly","args":{}}'))
        await clock.until_asleep()
        connection.reset()
    await clock.pass_milliseconds(250)
    await clock.until_awake()

    assert await names(shop) == ["mug", "late"]
