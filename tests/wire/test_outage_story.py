"""A story: an outage after half a minute, fifteen seconds long, and a client that backs off until it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from emulator.values.durations import SECOND
from tests.support.clocks import START, WatchedClock
from tests.support.functions import query
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

STORY = """
state: {mode: normal}
timeline:
  - at: 30s
    do: [{fault: {name: outage, enabled: true}}, {set: {mode: degraded}}]
  - at: 45s
    do: [{fault: {name: outage, enabled: false}}, {fault: {name: slow-start, enabled: true}}]
  - at: 60s
    do: [{fault: {name: slow-start, enabled: false}}, {set: {mode: normal}}]
faults:
  - {name: outage, on: "*", enabled: false, failure: overloaded}
  - {name: slow-start, on: "*", enabled: false, delay: 2s}
functions:
  status:get: {result: "${state.mode}"}
"""


@pytest.fixture
async def outage(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    async with serving(load_text(tmp_path, STORY), clock) as served:
        yield served


async def client(served: Served, clock: WatchedClock, seen: list[tuple[float, str]]) -> None:
    """Ask every five seconds, after errors in 1, 2, 4, 8 seconds, and write down what came when."""
    errors = 0
    while True:
        answer = await query(served, "status:get")
        seen.append(((clock.now() - START) / SECOND, answer.value if answer.status == 200 else str(answer.status)))
        errors = 0 if answer.status == 200 else errors + 1
        await clock.sleep_until(clock.now() + (2 ** (errors - 1) if errors else 5) * SECOND)


async def test_a_client_backs_off_through_an_outage_and_comes_back(outage: Served, clock: WatchedClock) -> None:
    seen: list[tuple[float, str]] = []
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(client(outage, clock, seen))
        for _ in range(75):
            await clock.until_asleep()
            await clock.pass_milliseconds(1_000)
        await clock.until_asleep()
        task.cancel()

    assert seen == [
        *[(at, "normal") for at in (0, 5, 10, 15, 20, 25)],
        *[(at, "503") for at in (30, 31, 33, 37)],
        *[(at, "degraded") for at in (47, 54, 61)],
        *[(at, "normal") for at in (66, 71)],
    ]


async def test_the_story_begins_anew_with_a_reset(outage: Served, clock: WatchedClock) -> None:
    seen = []
    for _ in range(2):
        for _ in range(3):
            seen.append((await query(outage, "status:get")).status)
            await clock.pass_milliseconds(15_001)
        outage.emulator.reset()

    assert seen == [200, 200, 503] * 2
