"""Faults of a gateway: of its routes, of its turns however they come, of its streams and sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from emulator.engine.overlay import switch
from emulator.runtime.chat import Run
from tests.support.clocks import WatchedClock, settle
from tests.support.live import UPGRADE, Live, SocketClosedError, body_of, code_of, living, opened, streaming, talking
from tests.support.raw import PATIENCE, connected, request_bytes
from tests.support.scenarios import load_text

GATEWAY = """
gateway:
  cors: {origins: ["http://a.example"]}
  channels: {telegram: {}}
  chat: {reply: [one, "2", 셋, "4"], stream: {every: 10ms}}
"""
PIECES = ["one", "2", "셋", "4"]

Begin: TypeAlias = Callable[[str], Awaitable[Live]]


@pytest.fixture
async def begin(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Begin]:
    """Return what serves a gateway with these sections, on a clock that stands still."""
    async with AsyncExitStack() as stack:

        async def serve(text: str) -> Live:
            return await stack.enter_async_context(living(load_text(tmp_path, text + GATEWAY), clock))

        yield serve


async def running(live: Live, key: str = "agent:main:api:dm:s") -> Run:
    """Return the run under way in a conversation, once there is one."""
    async with asyncio.timeout(PATIENCE):
        while (run := live.chats.running(key)) is None:
            await settle(1)
    return run


@pytest.mark.parametrize(
    ("failure", "status", "code", "message"),
    [
        ("overloaded", 503, "INTERNAL", "service unavailable"),
        ("internal", 500, "INTERNAL", "internal server error"),
        ("unauthorized", 401, "AUTH_REQUIRED", "unauthorized"),
        ("forbidden", 403, "FORBIDDEN", "forbidden"),
        ("not_found", 404, "NOT_FOUND", "not found"),
        ("rate_limited", 429, "RATE_LIMIT", "too many requests"),
        ("{status: 418}", 418, "INVALID_REQUEST", "i'm a teapot"),
        ("{status: 502, code: BAD_GATEWAY, message: 잠시만요}", 502, "BAD_GATEWAY", "잠시만요"),
    ],
)
async def test_a_route_fails_in_the_gateways_words(
    begin: Begin, failure: str, status: int, code: str, message: str
) -> None:
    live = await begin(f'faults: [{{name: down, on: "GET /api/sessions", failure: {failure}}}]')

    answer = await live.get("/api/sessions", {"Origin": "http://a.example"})

    assert code_of(answer) == (status, code)
    assert body_of(answer)["error"]["message"] == message
    assert answer.header("access-control-allow-origin") == "http://a.example"
    assert (answer.header("retry-after") is not None) == (status == 429)
    assert (answer.header("www-authenticate") is not None) == (status == 401)
    assert (await live.get("/api/channels")).status == 200


async def test_a_slash_at_the_end_makes_no_other_operation(begin: Begin) -> None:
    live = await begin('faults: [{name: down, on: "GET /api/sessions", failure: overloaded}]')

    assert (await live.get("/api/sessions/")).status == 503


async def test_an_outage_takes_everything_with_it(begin: Begin) -> None:
    live = await begin('faults: [{name: outage, on: "*", failure: {status: 503}}]')

    paths = ["/health", "/", "/chat", "/api/sessions", "/api/nowhere", "/ws", "/api/chat/stream?session=s"]
    assert [(await live.get(path)).status for path in paths] == [503] * len(paths)
    async with live.posting("hi") as connection:
        assert (await connection.answer()).status == 503
    async with opened(live, request_bytes("GET", "/ws", headers=UPGRADE)) as stream:
        assert stream.status == 503


async def test_what_is_refused_anyway_is_cut_too(begin: Begin) -> None:
    live = await begin('faults: [{name: cut, on: "GET /api/*", failure: {disconnect: {after_bytes: 8}}}]')
    async with connected(live.url) as connection:
        await connection.send(request_bytes("GET", "/api/nowhere"))
        head, _, body = (await connection.rest()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 404 Not Found")
    assert body == b'{"error"'


async def test_a_route_answers_late_and_slowly(begin: Begin, clock: WatchedClock) -> None:
    live = await begin('faults: [{name: slow, on: "GET /api/channels", delay: 1s, bandwidth: 40}]')
    body = b'{"channels":[{"id":"telegram","status":"connected"}]}'
    async with connected(live.url) as connection:
        await connection.send(request_bytes("GET", "/api/channels", headers={"Origin": "http://a.example"}))
        await clock.until_asleep()
        await clock.pass_milliseconds(1_000)
        head = await connection._reader.readuntil(b"\r\n\r\n")
        came = await connection._reader.readexactly(4)
        while len(came) < len(body):
            await clock.until_asleep()
            await clock.pass_milliseconds(100)
            came += await connection._reader.readexactly(min(4, len(body) - len(came)))

    assert came == body
    assert b"http://a.example" in head


async def test_a_whole_reply_is_malformed_and_readable_by_its_page(begin: Begin) -> None:
    live = await begin('faults: [{name: odd, on: "POST /api/chat", failure: malformed}]')
    body = json.dumps({"message": "hi", "session": "s"}).encode()
    async with connected(live.url) as connection:
        await connection.send(request_bytes("POST", "/api/chat", body, {"Origin": "http://a.example"}))
        answer = await connection.answer()

    assert answer.status == 200
    assert answer.header("access-control-allow-origin") == "http://a.example"
    with pytest.raises(ValueError, match="codec"):
        json.loads(answer.body)


async def test_a_fault_of_turns_hits_them_however_they_come(begin: Begin) -> None:
    live = await begin('faults: [{name: down, on: "POST /api/chat", failure: {status: 503, code: OVERLOADED}}]')

    async with live.posting("hi") as connection:
        assert code_of(await connection.answer()) == (503, "OVERLOADED")
    async with streaming(live, message="hi") as stream:
        assert (await stream.reply())[1]["error"]["code"] == "OVERLOADED"
        await stream.end()
    async with talking(live) as socket:
        await socket.say(type="chat", message="hi", session="s", id="1")
        assert (await socket.reply("1"))[1]["error"]["code"] == "OVERLOADED"


async def test_a_stream_breaks_off_behind_the_pieces_that_a_fault_leaves_it(begin: Begin, clock: WatchedClock) -> None:
    live = await begin(
        'faults: [{name: cut, on: "POST /api/chat", failure: {disconnect: {after_chunks: 2}}, every: 2}]'
    )
    async with streaming(live, message="hi") as stream:
        await clock.pass_milliseconds(100)
        assert (await stream.reply())[0] == "".join(PIECES)
    async with streaming(live, message="hi") as stream:
        await clock.pass_milliseconds(100)
        came = await stream.broken()

    assert len(came) == 2
    async with talking(live) as socket:
        await socket.say(type="chat", message="hi", session="s")
        await running(live)
        await clock.pass_milliseconds(100)
        assert (await socket.reply())[0] == "".join(PIECES)
        await socket.say(type="chat", message="hi", session="s")
        await running(live)
        await clock.pass_milliseconds(100)
        assert [(await socket.hear())["chunk"] for _ in range(2)] == PIECES[:2]
        with pytest.raises(SocketClosedError):
            await socket.hear()


async def test_a_bandwidth_slows_the_pieces_of_a_stream(begin: Begin, clock: WatchedClock) -> None:
    live = await begin('faults: [{name: modem, on: "POST /api/chat", bandwidth: 10}]')
    async with streaming(live, message="hi") as stream:
        run = await running(live)
        seen = []
        for wait in (299, 1, 100, 299, 1, 99, 1):
            await clock.pass_milliseconds(wait)
            seen.append(len(run.pieces))
        text, _ = await stream.reply()

    assert seen == [0, 1, 2, 2, 3, 3, 4]
    assert text == "".join(PIECES)


@pytest.mark.parametrize("failure", ["disconnect", "reset"])
@pytest.mark.parametrize("path", ["/ws", "/api/chat/stream?session=s", "/api/chat/stream?session=s&message=hi"])
async def test_a_stream_or_a_socket_dies_before_it_opens(begin: Begin, path: str, failure: str) -> None:
    live = await begin(f'faults: [{{name: cut, on: ["GET /ws", "GET /api/chat/stream"], failure: {failure}}}]')
    async with connected(live.url) as connection:
        await connection.send(request_bytes("GET", path, headers=UPGRADE if path == "/ws" else {}))
        try:
            came = await connection.rest()
        except ConnectionResetError:
            assert failure == "reset"
        else:
            assert (failure, came) == ("disconnect", b"")

    assert (await live.get("/api/sessions")).status == 200
    assert body_of(await live.get("/api/sessions")) == {"sessions": []}


async def test_what_cannot_be_done_to_a_stream_is_said(begin: Begin) -> None:
    live = await begin('faults: [{name: cut, on: "GET /api/chat/stream", failure: {reset: {after_chunks: 1}}}]')
    async with streaming(live):
        (entry,) = live.emulator.journal

    assert entry.explanation == (
        "the fault cut was due for GET /api/chat/stream and is not all done: "
        "it is over when GET /api/chat/stream is answered; what comes then is of POST /api/chat"
    )


async def test_a_stream_with_a_message_is_hit_once_by_a_fault_of_everything(begin: Begin, clock: WatchedClock) -> None:
    live = await begin('faults: [{name: third, on: "*", failure: overloaded, every: 3}]')
    statuses = []
    for number in range(6):
        path = f"/api/chat/stream?session=s{number}&message=hi"
        async with opened(live, request_bytes("GET", path)) as stream:
            statuses.append(stream.status)
            if stream.status == 200:
                await clock.pass_milliseconds(100)
                assert (await stream.reply())[1]["reason"] == "complete"

    assert statuses == [200, 200, 503, 200, 200, 503]


async def test_a_turn_that_a_fault_refuses_at_the_door_is_not_remembered(begin: Begin) -> None:
    live = await begin('faults: [{name: outage, on: "GET /api/chat/stream", failure: overloaded}]')

    assert (await live.get("/api/chat/stream?session=s&message=hi")).status == 503
    assert body_of(await live.get("/api/sessions")) == {"sessions": []}


async def test_a_fault_is_switched_while_a_gateway_runs(begin: Begin) -> None:
    live = await begin('faults: [{name: outage, enabled: false, on: "GET /api/*", failure: overloaded}]')
    statuses = [(await live.get("/api/sessions")).status]
    for on in (True, False):
        live.emulator.transact(partial(switch, name="outage", on=on))
        statuses.append((await live.get("/api/sessions")).status)

    assert statuses == [200, 503, 200]


async def test_what_hangs_does_not_keep_the_gateway_from_going_down(begin: Begin) -> None:
    live = await begin('faults: [{name: hangs, on: "GET /api/*", failure: timeout}]')
    async with connected(live.url) as connection:
        await connection.send(request_bytes("GET", "/api/sessions"))
        async with asyncio.timeout(PATIENCE):
            while not live.emulator.journal.total:
                await settle(1)
            await live.app.stop()
        assert await connection.rest() == b""
