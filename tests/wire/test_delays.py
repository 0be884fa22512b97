"""Delays, on a clock that a test moves; and what is in flight when a scenario is reloaded."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from tests.support.clocks import WatchedClock
from tests.support.demo import DEMO
from tests.support.functions import Answer, query
from tests.support.raw import connected, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving


async def test_an_answer_comes_when_its_delay_has_passed_and_not_before(served: Served, clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(query(served, "slow:list"))
        await clock.until_asleep()
        await clock.pass_milliseconds(249)
        assert (await query(served, "jobs/nightly")).value == "nightly"
        assert not task.done()
        await clock.pass_milliseconds(1)

    assert task.result().value == "slow"


async def test_a_failure_comes_when_its_delay_has_passed(served: Served, clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(query(served, "slow:down"))
        await clock.until_asleep()
        await clock.pass_milliseconds(100)

    assert task.result().status == 503


async def test_delayed_calls_wait_side_by_side(served: Served, clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(query(served, "slow:list")) for _ in range(20)]
        await clock.until_asleep(20)
        await clock.pass_milliseconds(250)

    assert [task.result().value for task in tasks] == ["slow"] * 20


async def test_a_call_in_flight_ends_on_the_revision_it_began_with(
    served: Served, clock: WatchedClock, tmp_path: Path
) -> None:
    changed = DEMO.replace("result: slow", "result: quick").replace("delay: 250ms", "delay: 1ms")

    async with asyncio.TaskGroup() as group:
        old = group.create_task(query(served, "slow:list"))
        await clock.until_asleep()
        served.emulator.swap(load_text(tmp_path, changed))
        new = group.create_task(query(served, "slow:list"))
        await clock.until_asleep(2)
        await clock.pass_milliseconds(250)

    assert (old.result().value, old.result().headers["X-Emulator-Revision"]) == ("slow", "1")
    assert (new.result().value, new.result().headers["X-Emulator-Revision"]) == ("quick", "2")


async def test_a_call_in_flight_hides_what_its_own_revision_hides(clock: WatchedClock, tmp_path: Path) -> None:
    text = "deployment: {type: %s}\nfunctions: {f:g: {error: secret, delay: 10ms}}"

    async def in_flight(before: str, after: str) -> Answer:
        async with serving(load_text(tmp_path, text % before), clock) as served, asyncio.TaskGroup() as group:
            task = group.create_task(query(served, "f:g"))
            await clock.until_asleep()
            served.emulator.swap(load_text(tmp_path, text % after))
            await clock.pass_milliseconds(10)
            return await task

    assert "secret" not in (await in_flight("prod", "dev")).json["errorMessage"]
    assert "secret" in (await in_flight("dev", "prod")).json["errorMessage"]


async def test_a_client_that_does_not_wait_disturbs_nobody(served: Served, clock: WatchedClock) -> None:
    async with connected(served.url) as connection:
        await connection.send(request_bytes("POST", "/api/query", b'{"path":"slow:list","args":{}}'))
        await clock.until_asleep()
        connection.reset()

    assert (await query(served, "jobs/nightly")).value == "nightly"
    await clock.pass_milliseconds(250)
    await clock.until_awake()
    assert (await query(served, "jobs/nightly")).value == "nightly"


async def test_the_app_stops_while_calls_are_in_flight(clock: WatchedClock, tmp_path: Path) -> None:
    async with AsyncExitStack() as outlasting:
        async with serving(load_text(tmp_path, DEMO), clock) as served:
            connection = await outlasting.enter_async_context(connected(served.url))
            await connection.send(request_bytes("POST", "/api/query", b'{"path":"slow:list","args":{}}'))
            await clock.until_asleep()

        assert await connection.rest() == b""
        await clock.until_awake()
