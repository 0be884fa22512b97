"""HTTP actions that answer in pieces, over time, or die in the middle of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from emulator.runtime.clock import ScenarioClock
from tests.support.clocks import WatchedClock
from tests.support.functions import PATIENCE, send
from tests.support.http_actions import SCENARIO
from tests.support.raw import connected, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving


@pytest.fixture
async def shop(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve a shop's HTTP actions, on a clock that stands still."""
    async with serving(load_text(tmp_path, SCENARIO), clock) as served:
        yield served


async def test_the_head_comes_first_and_pieces_at_their_pace_in_chunks_of_their_own(
    shop: Served, clock: WatchedClock
) -> None:
    async with shop.client.get("/http/stream", timeout=PATIENCE) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        await clock.until_asleep()
        await clock.pass_milliseconds(100)
        first = await response.content.readchunk()
        await clock.until_asleep()
        await clock.pass_milliseconds(200)
        second = await response.content.readchunk()

    assert [first[0], second[0]] == [b"data: 1\n\n", b'{"data":2}']


@pytest.fixture
async def moving(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve the same at a speed that leaves nothing to wait for."""
    async with serving(load_text(tmp_path, SCENARIO), ScenarioClock(rate=10_000)) as served:
        yield served


async def test_a_text_is_split_into_words(moving: Served) -> None:
    async with moving.client.get("/http/words", timeout=PATIENCE) as response:
        pieces = [piece async for piece, _ in response.content.iter_chunks()]

    assert pieces == [b"one ", b"two ", b"three"]


async def test_head_of_a_stream_waits_for_no_piece(shop: Served) -> None:
    answer = await send(shop, "/http/stream", by="HEAD")

    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"", "text/event-stream")


async def test_a_delayed_answer_comes_when_its_time_has_come(shop: Served, clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(send(shop, "/http/slow", by="GET"))
        await clock.until_asleep()
        await clock.pass_milliseconds(249)
        assert not task.done()
        await clock.pass_milliseconds(1)

    assert task.result().body == b"slow"


async def exchanged(served: Served, path: str, version: bytes = b"HTTP/1.1") -> bytes:
    """Return all that is sent until the connection is closed."""
    async with connected(served.url) as connection:
        request = request_bytes("GET", path, headers={"Connection": "close"})
        await connection.send(request.replace(b"HTTP/1.1", version, 1))
        return (await connection.rest()).partition(b"\r\n\r\n")[2]


async def test_a_stream_is_cut_after_so_many_chunks(shop: Served) -> None:
    assert await exchanged(shop, "/http/cut") == b"4\r\none \r\n4\r\ntwo \r\n"


async def test_a_stream_can_end_in_nonsense(shop: Served) -> None:
    assert await exchanged(shop, "/http/junk") == b"4\r\none \r\n2\r\n\xff\xfe\r\n0\r\n\r\n"


async def test_a_client_of_http_1_0_gets_pieces_without_frames(moving: Served) -> None:
    assert await exchanged(moving, "/http/words", b"HTTP/1.0") == b"one two three"


async def test_a_reader_that_goes_away_ends_the_stream(shop: Served, clock: WatchedClock) -> None:
    async with connected(shop.url) as connection:
        await connection.send(request_bytes("GET", "/http/words"))
        await clock.until_asleep()
        connection.reset()
        await clock.until_awake()

    assert (await send(shop, "/http/who", by="GET")).status == 200


async def test_a_stream_trickles_through_a_slow_network(tmp_path: Path, clock: WatchedClock) -> None:
    fault = 'faults: [{name: slow, on: "GET /http/cut", bandwidth: 4}]\n'
    async with serving(load_text(tmp_path, fault + SCENARIO), clock) as shop, asyncio.TaskGroup() as group:
        task = group.create_task(exchanged(shop, "/http/cut"))
        for _ in range(2):
            await clock.until_asleep()
            assert not task.done()
            await clock.pass_milliseconds(1000)

    assert task.result() == b"4\r\none \r\n4\r\ntwo \r\n"
