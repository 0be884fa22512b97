"""Instances: emulators that are made through the control API, each by itself."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator import instances
from emulator.instances import Instances
from emulator.reload.report import Reloaded
from emulator.surfaces.control.house import Wanted
from emulator.values.durations import SECOND
from tests.support.clocks import Hand, settle
from tests.support.whole import Whole, whole

SCENARIO = """
seed: 1
state: {n: 0}
tables: {notes: {}}
timeline: [{at: 1h, do: [{set: {n: 60}}]}]
functions:
  notes:list: {type: query, query: {table: notes}}
  notes:add: {type: mutation, do: [{insert: {into: notes, document: {text: "${args.text}"}}}], result: null}
  notes:label: {result: before}
  draws:one: {result: "${random.int(1, 1000000)}"}
gateway: {agents: {main: {}}, chat: {reply: hello}}
"""
FILES = {
    "default.yaml": SCENARIO,
    "other.yaml": "functions: {notes:label: {result: other}}",
    "broken.yaml": "functions: {a:b: {reslt: 1}}",
    "unseedable.yaml": 'tables: {t: {documents: [{n: "${1 / 0}"}]}}',
}
KEYS = {"token", "admin_key", "gateway_token", "gateway_password"}


@pytest.fixture
async def main(tmp_path: Path) -> AsyncIterator[Whole]:
    """Serve the files."""
    async with whole(tmp_path, FILES) as main:
        yield main


async def make(main: Whole, **wanted: object) -> Any:
    return await main.tell("POST", "/instances", wanted)


async def texts(main: Whole, facts: Any = None) -> list[str]:
    return [each["text"] for each in await main.call("notes:list", facts=facts)]


async def test_an_instance_has_everything_that_the_emulator_has_and_shares_none_of_it(main: Whole) -> None:
    first, second = await make(main), await make(main)
    everybody = [main.server.facts(), first, second]

    for number, facts in enumerate(everybody):
        await main.call("notes:add", {"text": f"of {number}"}, facts)
        await main.tell("PATCH", "/state", {"set": {"n": number}}, facts)

    assert first.keys() == {"id", *main.server.facts()}
    for number, facts in enumerate(everybody):
        assert await texts(main, facts) == [f"of {number}"]
        assert (await main.tell("GET", "/state", None, facts))["state"] == {"n": float(number)}
        assert (await main.tell("GET", "/journal", None, facts))["total"] == 2
    for key in ("convex_url", "gateway_url", "control_url", "token"):
        assert len({facts[key] for facts in everybody}) == 3, key
    assert all(facts["convex_url"].startswith("http://127.0.0.1:") for facts in everybody)


async def test_its_gateway_answers_at_its_own_port(main: Whole) -> None:
    made = await make(main)

    async with main.client.post(f"{made['gateway_url']}/api/chat", json={"message": "hi"}) as answer:
        assert answer.status == 200

    assert (await main.tell("GET", "/journal", None, made))["total"] == 1
    assert (await main.tell("GET", "/journal"))["total"] == 0


async def test_the_key_of_one_does_not_open_another(main: Whole) -> None:
    made = await make(main)

    for facts, other in ((made, main.server.facts()), (main.server.facts(), made)):
        status, _ = await main.ask("POST", "/undo", None, {**facts, "token": other["token"]})
        assert status == 401


async def test_a_new_one_is_as_the_emulator_was_in_the_beginning(main: Whole) -> None:
    await main.call("notes:add", {"text": "milk"})
    drawn = await main.call("draws:one")
    await main.tell("POST", "/rules", {"operation": "notes:label", "result": "added"})

    made = await make(main)

    assert await texts(main, made) == []
    assert await main.call("notes:label", facts=made) == "before"
    assert await main.call("draws:one", facts=made) == drawn


async def test_it_has_the_seed_and_the_scenario_that_were_wanted(main: Whole) -> None:
    seeded, other = await make(main, seed=2), await make(main, scenario="other")

    assert (seeded["seed"], other["scenario"]) == (2, "other")
    assert await main.call("draws:one", facts=seeded) != await main.call("draws:one")
    assert await main.call("notes:label", facts=other) == "other"
    assert await main.call("notes:label") == "before"


async def test_it_is_of_the_scenario_in_force_if_nobody_says_otherwise(main: Whole) -> None:
    await main.tell("POST", "/scenarios/other/use")

    assert (await make(main))["scenario"] == "other"


async def test_what_is_saved_is_in_force_in_all_of_them(main: Whole) -> None:
    made, seeded, other = await make(main), await make(main, seed=2), await make(main, scenario="other")
    await main.call("notes:add", {"text": "kept"}, made)

    await main.save("default.yaml", SCENARIO.replace("result: before", "result: after"))

    assert [await main.call("notes:label", facts=each) for each in (made, seeded, other)] == ["after", "after", "other"]
    assert await texts(main, made) == ["kept"]
    assert (await main.tell("GET", "/status", None, seeded))["seed"] == 2
    assert len([each for each in main.reports if isinstance(each, Reloaded)]) == 1


async def test_what_is_broken_is_in_force_in_none_of_them_and_told_by_each(main: Whole) -> None:
    made = await make(main)
    await main.save("default.yaml", "functions: {a:b: {reslt: 1}}")
    late = await make(main)

    for facts in (made, late):
        assert await main.call("notes:label", facts=facts) == "before"
        assert len((await main.tell("GET", "/problems", None, facts))["problems"]) == 2

    await main.save("default.yaml", SCENARIO.replace("result: before", "result: mended"))
    assert [await main.call("notes:label", facts=facts) for facts in (made, late)] == ["mended", "mended"]


async def test_another_scenario_in_one_leaves_the_others_alone(main: Whole) -> None:
    made = await make(main)

    await main.tell("POST", "/scenarios/other/use", None, made)

    assert await main.call("notes:label", facts=made) == "other"
    assert await main.call("notes:label") == "before"
    await main.save("other.yaml", "functions: {notes:label: {result: saved}}")
    assert await main.call("notes:label", facts=made) == "saved"


async def test_those_that_run_are_listed_without_their_keys(main: Whole) -> None:
    made = await make(main, name="worker-1")

    rows = (await main.tell("GET", "/instances"))["instances"]

    assert rows == [{key: value for key, value in made.items() if key not in KEYS}]
    assert made["token"] not in json.dumps(rows)
    assert rows[0]["id"] == "worker-1"


async def test_one_that_is_ended_listens_no_more_and_the_others_do(main: Whole) -> None:
    first, second = await make(main), await make(main)

    assert await main.tell("DELETE", f"/instances/{first['id']}") == {"ok": True}

    with pytest.raises(aiohttp.ClientConnectorError):
        await main.call("notes:list", facts=first)
    assert await texts(main, second) == []
    assert [each["id"] for each in (await main.tell("GET", "/instances"))["instances"]] == [second["id"]]
    status, answer = await main.ask("DELETE", f"/instances/{first['id']}")
    assert (status, answer["error"]["message"]) == (404, "there is no instance '1'")


async def test_all_are_ended_at_once(main: Whole) -> None:
    made = [await make(main) for _ in range(3)]

    assert await main.tell("DELETE", "/instances") == {"ended": 3}
    assert await main.tell("DELETE", "/instances") == {"ended": 0}
    for facts in made:
        with pytest.raises(aiohttp.ClientConnectorError):
            await main.call("notes:list", facts=facts)


async def test_all_end_with_the_server_that_made_them(tmp_path: Path) -> None:
    async with whole(tmp_path, FILES) as main:
        facts = await make(main)

    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(facts["convex_url"])


async def test_whoever_is_connected_to_one_that_ends_is_told(main: Whole) -> None:
    made = await make(main)

    async with main.client.ws_connect(f"{made['convex_url']}/api/sync") as socket:
        await main.tell("DELETE", "/instances")
        closing = await socket.receive()

    assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1001)


async def test_nothing_is_left_of_one_that_ended(main: Whole) -> None:
    made = await make(main)
    await main.call("notes:add", {"text": "x"}, made)
    await main.tell("GET", "/status", None, made)
    emulator = weakref.ref(main.server.instances._open[made["id"]].app.emulator)

    await main.tell("DELETE", "/instances")
    await main.tell("GET", "/health")  # so that nothing of the last request is held any more
    gc.collect()

    assert emulator() is None


@pytest.mark.parametrize(
    ("wanted", "status", "code", "message"),
    [
        ({"scenario": "othr"}, 404, "not_found", "there is no scenario 'othr'"),
        ({"scenario": "broken"}, 409, "has_problems", "the scenario broken has problems"),
        ({"scenario": "unseedable"}, 409, "cannot_begin", "unseedable.yaml:1:26: division by zero"),
        ({"name": "a/b"}, 400, "bad_request", "name: string should match pattern '^[A-Za-z0-9._-]{1,64}$'"),
        ({"name": ""}, 400, "bad_request", "name: string should match pattern '^[A-Za-z0-9._-]{1,64}$'"),
        ({"seed": "x"}, 400, "bad_request", "seed: input should be a valid integer"),
        ({"expires": "soon"}, 400, "bad_request", "'soon' is not a duration such as 250ms, 3s or 1m30s"),
        ({"expires": "10ms"}, 400, "bad_request", "expires: at least 1s"),
        ({"port": 3210}, 400, "bad_request", "port: there is no such key"),
    ],
)
async def test_one_that_cannot_be_is_refused_with_a_reason(
    main: Whole, wanted: object, status: int, code: str, message: str
) -> None:
    told, answer = await main.ask("POST", "/instances", wanted)

    assert (told, answer["error"]["code"]) == (status, code)
    assert answer["error"]["message"].endswith(message), answer
    assert (await main.tell("GET", "/instances"))["instances"] == []


async def test_a_name_is_that_of_one_only(main: Whole) -> None:
    await make(main, name="1")
    assert (await make(main))["id"] == "2"

    status, answer = await main.ask("POST", "/instances", {"name": "1"})

    assert (status, answer["error"]["code"]) == (409, "name_taken")
    await main.tell("DELETE", "/instances/1")
    assert (await make(main, name="1"))["id"] == "1"


async def test_there_are_only_so_many(main: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "MAX_INSTANCES", 2)
    await make(main)
    await make(main)

    status, answer = await main.ask("POST", "/instances")

    assert (status, answer["error"]["code"]) == (409, "too_many")
    await main.tell("DELETE", "/instances/1")
    await make(main)


async def test_an_instance_makes_no_instances(main: Whole) -> None:
    made = await make(main)

    status, answer = await main.ask("POST", "/instances", None, made)

    assert (status, answer["error"]["code"]) == (409, "no_instances")
    assert await main.tell("GET", "/instances", None, made) == {"instances": []}
    assert await main.tell("DELETE", "/instances", None, made) == {"ended": 0}
    assert (await main.ask("DELETE", "/instances/1", None, made))[0] == 404


async def test_one_that_nobody_uses_ends_by_itself_if_that_was_asked_for(main: Whole) -> None:
    hand = Hand()
    made_here = Instances(main.server.main, main.server.reloader, ["convex"], hand)
    facts = await made_here.make(Wanted(idle=60 * SECOND))

    hand.ring(9)
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{facts['convex_url']}/version"):
            hand.ring(30)
        assert len(made_here) == 1
    await _disconnected(made_here)
    hand.ring(10)
    assert len(made_here) == 1
    hand.ring()
    await made_here.close()

    assert len(made_here) == 0
    assert set(hand.seconds) == {6.0}
    assert hand.waiting == []


async def _disconnected(made: Instances) -> None:
    (instance,) = made._open.values()
    async with asyncio.timeout(10):
        while instance.app.uses() is None:
            await settle()
