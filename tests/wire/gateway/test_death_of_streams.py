"""Connections that die over a reply, as raw sockets and aiohttp's client see it: every death is another one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.clocks import WatchedClock
from tests.support.live import Live, RawStream, StreamCutError, data_of, living, streaming, talking
from tests.support.live_scenario import SCENARIO
from tests.support.raw import PATIENCE
from tests.support.scenarios import load_text


@pytest.fixture
async def live(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Live]:
    async with living(load_text(tmp_path, SCENARIO), clock) as live:
        yield live


async def pieces_of(live: Live, stream: RawStream) -> tuple[list[str], Exception]:
    """Return the pieces that come before a stream ends otherwise than well, and how it does."""
    await live.pass_milliseconds(1_000)
    pieces: list[str] = []
    try:
        while True:
            data = data_of(await stream.event())
            pieces += [data["chunk"]] if data else []
    except (StreamCutError, ConnectionError, UnicodeDecodeError) as error:
        return pieces, error


async def test_a_stream_is_cut_off_behind_so_many_pieces(live: Live) -> None:
    async with streaming(live, message="breaks") as stream:
        pieces, error = await pieces_of(live, stream)

    assert pieces == ["a", "b"]
    assert isinstance(error, StreamCutError)


@pytest.mark.parametrize("message", ["resets", "quick reset"])
async def test_a_stream_is_reset_behind_so_many_pieces(live: Live, message: str) -> None:
    async with streaming(live, message=message) as stream:
        pieces, error = await pieces_of(live, stream)

    assert pieces == ["a", "b"]
    assert isinstance(error, ConnectionResetError)


async def test_nonsense_comes_behind_so_many_pieces_and_the_stream_ends_well(live: Live) -> None:
    async with streaming(live, message="garbles") as stream:
        pieces, error = await pieces_of(live, stream)
        await stream.end()

    assert pieces == ["a", "b"]
    assert isinstance(error, UnicodeDecodeError)


async def test_bytes_count_whole_pieces(live: Live) -> None:
    async with streaming(live, message="bytes") as stream:
        pieces, error = await pieces_of(live, stream)

    assert pieces == ["abc", "def"]
    assert isinstance(error, StreamCutError)


async def test_a_stream_that_hangs_stays_open_with_its_heartbeats(live: Live) -> None:
    async with streaming(live, message="hangs") as stream:
        await live.pass_milliseconds(600_000)
        assert {await stream.event() for _ in range(40)} == {": keep-alive"}
        assert live.chats.active_runs("main") == 0


async def test_everybody_who_watches_is_cut_off_and_nobody_again(live: Live) -> None:
    async with streaming(live) as first, streaming(live) as second:
        async with streaming(live, message="breaks"):
            await live.pass_milliseconds(10)
        last_event_id = (await first.event()).split("\n")[0].removeprefix("id: ")
        assert [len(await each.broken()) for each in (first, second)] == [1, 2]
    async with streaming(live, headers={"Last-Event-ID": last_event_id}) as again:
        assert (await again.data())["chunk"] == "b"
        await live.chat("quick")
        assert (await again.reply())[0] == "a quick reply"


async def test_a_dead_turn_is_over_and_not_begun_again(live: Live) -> None:
    async with streaming(live, message="breaks") as stream:
        event = await stream.event()
        await live.pass_milliseconds(10)
        await stream.broken()
    answer = await live.get(
        "/api/chat/stream?session=s&message=breaks", {"Last-Event-ID": event.split("\n")[0][4:]}, "HEAD"
    )
    assert answer.status == 204


async def test_a_turn_over_a_socket_is_cut_off_without_a_farewell(live: Live) -> None:
    async with talking(live) as socket:
        await socket.say(type="chat", message="breaks")
        heard = [await socket.hear()]
        await live.pass_milliseconds(1_000)
        heard.append(await socket.hear())
        closed = await socket.closed()

    assert [each["chunk"] for each in heard] == ["a", "b"]
    assert (closed.code, closed.reason) == (1006, "StreamCutError")


@pytest.mark.parametrize("message", ["resets", "quick reset"])
async def test_a_turn_over_a_socket_is_reset(live: Live, message: str) -> None:
    async with talking(live) as socket:
        await socket.say(type="chat", message=message)
        heard = [await socket.hear()]
        await live.pass_milliseconds(1_000)
        heard.append(await socket.hear())
        closed = await socket.closed()

    assert [each["chunk"] for each in heard] == ["a", "b"]
    assert (closed.code, closed.reason) == (1006, "ConnectionResetError")


async def test_a_turn_over_a_socket_ends_in_nonsense_and_the_socket_stays(live: Live) -> None:
    async with talking(live) as socket:
        await socket.say(type="chat", message="garbles", id="c1")
        await socket.hear()
        await live.pass_milliseconds(1_000)
        await socket.hear()
        assert await socket.text() == "{not JSON"
        await socket.silent()


async def test_a_turn_over_a_socket_that_hangs_leaves_it_to_others(live: Live) -> None:
    async with talking(live) as socket:
        await socket.say(type="chat", message="hangs", session="s", id="c1")
        await live.pass_milliseconds(600_000)
        await socket.silent()
        await socket.say(type="chat", message="quick", session="s", id="c2")
        assert (await socket.reply("c2"))[0] == "a quick reply"


async def test_one_socket_dies_and_the_others_live(live: Live) -> None:
    async with talking(live) as other, talking(live) as socket:
        await other.say(type="chat", message="count", session="t")
        await other.hear()
        await socket.say(type="chat", message="breaks")
        await live.pass_milliseconds(1_000)
        assert (await other.reply())[0] == " two three"


@pytest.mark.parametrize("message", ["breaks", "resets", "bytes"])
async def test_an_answer_that_is_waited_for_never_comes(live: Live, message: str) -> None:
    async with live.posting(message) as connection:
        while not live.chats.active_runs("main"):
            await live.pass_milliseconds(0)
        await live.pass_milliseconds(1_000)
        try:
            rest = await connection.rest()
        except ConnectionResetError:
            rest = None

    if message == "bytes":
        assert rest is not None
        assert rest.endswith(b'\r\n\r\n{"respo')
    else:
        assert rest == (None if message == "resets" else b"")


async def test_an_answer_that_hangs_ends_when_its_client_goes(live: Live) -> None:
    async with live.posting("hangs") as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connection.rest()


async def test_the_client_of_aiohttp_tells_the_deaths_of_a_stream_apart(live: Live) -> None:
    async def end_of(message: str) -> str:
        path = f"{live.url}/api/chat/stream?session={message}&message={message}"
        async with client.get(path, timeout=aiohttp.ClientTimeout(PATIENCE)) as response:
            await live.pass_milliseconds(1_000)
            try:
                (await response.read()).decode()
            except (aiohttp.ClientError, ConnectionError, UnicodeDecodeError) as error:
                return type(error).__name__
            return "well"

    messages = ["hello", "breaks", "garbles"]
    async with aiohttp.ClientSession() as client:
        ends = [await end_of(message) for message in messages]
        reset = await end_of("resets")

    assert ends == ["well", "ClientPayloadError", "UnicodeDecodeError"]
    assert reset in ("ClientPayloadError", "ClientConnectionResetError", "ClientOSError")


async def test_the_client_of_aiohttp_tells_the_deaths_of_a_socket_apart(live: Live) -> None:
    async def end_of(message: str) -> list[object]:
        async with client.ws_connect(f"{live.url}/ws") as socket:
            await socket.send_json({"type": "chat", "message": message, "session": message})
            async with asyncio.timeout(PATIENCE):
                came: list[object] = [(await socket.receive()).type.name]
                await live.pass_milliseconds(1_000)
                came += [(await socket.receive()).type.name for _ in range(2)]
            return [*came, socket.close_code]

    async with aiohttp.ClientSession() as client:
        assert await end_of("hello") == ["TEXT", "TEXT", "TEXT", None]
        assert await end_of("garbles") == ["TEXT", "TEXT", "TEXT", None]
        broken, reset = await end_of("breaks"), await end_of("resets")

    assert broken == ["TEXT", "TEXT", "CLOSED", 1006]
    assert reset[:2] == ["TEXT", "TEXT"]
    assert reset[2] in ("CLOSED", "ERROR")
