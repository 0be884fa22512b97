"""Streams that come and go: clients that hang up, read slowly or are many; a server that goes down."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.live import (
    Live,
    living,
    open_streams,
    opened,
    streaming,
    talking,
    timers_of,
)
from tests.support.live_scenario import SCENARIO
from tests.support.raw import RawConnection, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import world_of

SUBSCRIBE = request_bytes("GET", "/api/chat/stream?session=s")


@pytest.fixture
async def live(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Live]:
    async with living(load_text(tmp_path, SCENARIO), clock) as live:
        yield live


async def test_whoever_hangs_up_is_not_watched_for_any_more(live: Live) -> None:
    async with streaming(live) as stream:
        assert live.chats.feed("agent:main:api:dm:s").is_watched
        stream.writer.transport.abort()
        await live.until_unwatched()

    assert not live.chats.feed("agent:main:api:dm:s").is_watched
    assert timers_of(live.clock) == 0


async def test_a_turn_goes_on_when_its_stream_hangs_up(live: Live) -> None:
    async with streaming(live) as other:
        async with streaming(live, message="count") as stream:
            await stream.data()
        while live.watchers > 1:
            await live.pass_milliseconds(0)
        await live.pass_milliseconds(200)
        assert (await other.reply())[0] == "one two three"

    history = await live.get("/api/sessions/agent:main:api:dm:s/history")
    assert b'"one two three"' in history.body


async def test_whoever_hangs_up_while_it_waits_for_an_answer_stops_no_turn(live: Live) -> None:
    async with streaming(live) as stream:
        async with live.posting("count"):
            await stream.data()
        run = live.chats.running("agent:main:api:dm:s")
        assert run is not None
        while run.watchers:
            await live.pass_milliseconds(0)
        await live.pass_milliseconds(200)
        assert (await stream.reply())[0] == " two three"


async def test_a_reader_that_reads_nothing_is_cut_off_and_the_others_are_not(live: Live) -> None:
    async with opened(live, SUBSCRIBE, receive_buffer=4_096) as slow, streaming(live) as quick:
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a transport that reads
        for _ in range(40):
            await live.chat("huge")
            assert (await quick.reply())[0] == "x" * 600_000
            if live.watchers == 1:
                break
        await live.chat("quick")
        assert (await quick.reply())[0] == "a quick reply"
        slow.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
        assert await slow.broken()


async def test_300_streams_carry_what_is_said_at_once(live: Live) -> None:
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(streaming(live)) for _ in range(300)]
        await live.chat("quick")
        texts = {(await stream.reply())[0] for stream in streams}
        assert live.watchers == 300

    assert texts == {"a quick reply"}
    await live.until_unwatched()


async def test_nothing_is_left_of_200_streams_and_sockets(live: Live) -> None:
    async with streaming(live, message="quick") as stream, talking(live) as socket:
        await stream.reply()
        await socket.silent()
    await live.until_unwatched()
    tasks, streams = len(asyncio.all_tasks()), open_streams()

    for number in range(100):
        message = "count" if number % 2 else "quick"
        async with streaming(live, f"s{number % 10}", message) as stream, talking(live) as socket:
            await socket.say(type="subscribe", events=["session"])
            await socket.hear()
            await socket.say(type="chat", message=message, session=f"t{number % 10}")
            await live.pass_milliseconds(200)
            if number % 3:
                stream.writer.transport.abort()
    await live.pass_milliseconds(10_000)
    await live.until_unwatched()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > tasks or world_of(live.app)._openclaw._sockets._open:
            await live.pass_milliseconds(0)
    gc.collect()

    assert open_streams() <= streams
    assert timers_of(live.clock) == 0
    assert not live.emulator._listeners
    assert not live.chats._running
    assert not any(live.chats._waiting.values())
    assert len(live.chats._feeds) == 21


async def test_a_server_that_goes_down_ends_its_streams_well(tmp_path: Path, clock: WatchedClock) -> None:
    async with living(load_text(tmp_path, SCENARIO), clock) as live, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(streaming(live)) for _ in range(3)]
        streams.append(await stack.enter_async_context(streaming(live, message="count")))
        assert (await streams[0].data())["chunk"] == "one"
        await live.app.stop()
        for stream in streams[1:3]:
            assert (await stream.data())["chunk"] == "one"
        assert (await streams[3].data())["chunk"] == "one"
        for stream in streams:
            await stream.end()


async def test_a_connection_serves_on_behind_a_stream_that_ended_well(live: Live) -> None:
    once = request_bytes("GET", "/api/chat/stream?session=s&message=quick")
    async with opened(live, once + request_bytes("GET", "/health") + once) as stream:
        await stream.event()
        await stream.reply()
        await stream.end()
        connection = RawConnection(stream._reader, stream.writer)
        assert (await connection.answer(to="GET")).status == 200
        assert (await stream._reader.readuntil(b"\r\n")) == b"HTTP/1.1 200 OK\r\n"


async def test_a_connection_ends_behind_a_stream_where_its_client_wants_that(live: Live) -> None:
    async with streaming(live, message="quick", headers={"Connection": "close"}) as stream:
        assert "Connection: close" in stream.head.split("\r\n")
        await stream.reply()
        await stream.end()
