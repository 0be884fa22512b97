"""What is imported is seen by whoever looks: live queries, functions, the control API, `undo`."""

from __future__ import annotations

from emulator.engine.call import Call
from emulator.engine.store import Write
from emulator.model.function import FunctionType
from tests.support.export import fetch, submit
from tests.support.functions import query
from tests.support.serving import Served
from tests.wire.export.conftest import Serve
from tests.wire.streaming_import.test_airbyte_import import TABLES, load, records, rows_of


async def test_a_commit_of_an_import_is_told_to_listeners_once(serve: Serve) -> None:
    served = await serve(TABLES)
    heard: list[tuple[Write, ...]] = []
    served.emulator.on_commit(heard.append)

    await load(served, records("users", {"a": 1}, {"a": 2}))

    assert [[each.collection for each in writes] for writes in heard] == [["users", "users"]]


async def test_what_a_query_read_was_written_by_an_import(serve: Serve) -> None:
    served = await serve(TABLES)
    before = served.emulator.look_again(Call("users:list", FunctionType.QUERY, {}))

    await load(served, records("users", {"a": 1}))

    (commit,) = list(served.emulator.state.view.store.commits)[-1:]
    assert {read.collection for read in before.reads} & {each.collection for each in commit.writes} == {"users"}
    assert [each["a"] for each in (await query(served, "users:list")).value] == [1.0]


async def test_an_import_can_be_taken_back(serve: Serve) -> None:
    served = await serve(TABLES)
    await load(served, records("users", {"a": 1}))
    await load(served, records("fresh", {"a": 1}))

    assert served.emulator.undo()

    assert (await fetch(served, "json_schemas")).json.keys() == {"users", "strict"}
    assert await rows_of(served, "users") == [{"a": 1.0}]


async def test_a_table_that_came_to_be_has_its_primary_key_until_the_scenario_begins_anew(serve: Serve) -> None:
    served = await serve(TABLES)
    await submit(served, "streaming_import/add_primary_key_indexes", {"indexes": {"fresh": [["id"]]}}, by="PUT")

    assert await is_ready(served)
    served.emulator.reset()
    assert not await is_ready(served)


async def is_ready(served: Served) -> bool:
    asked = {"tables": ["fresh"]}
    answer = await submit(served, "streaming_import/primary_key_indexes_ready", asked, by="GET")
    return bool(answer.json["indexesReady"])
