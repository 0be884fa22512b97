"""GET /ws: who may come in, bad frames, and how sockets are closed (contract openclaw §1.13)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from emulator.surfaces.openclaw import socket as socket_module
from emulator.surfaces.openclaw.conversation import Conversation
from tests.support.clocks import WatchedClock
from tests.support.live import (
    CLOSE,
    PING,
    TEXT,
    UPGRADE,
    Live,
    RawSocket,
    body_of,
    code_of,
    living,
    opened,
    talking,
)
from tests.support.live_scenario import LOCKED, SCENARIO, SECRET, locked
from tests.support.raw import request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import world_of

PASSWORD = {"Authorization": f"Bearer {SECRET}"}
MEBIBYTE = 1024 * 1024


@pytest.fixture
async def live(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Live]:
    async with living(load_text(tmp_path, locked()), clock) as live:
        yield live


@pytest.fixture
async def socket(live: Live) -> AsyncIterator[RawSocket]:
    async with talking(live, PASSWORD) as socket:
        yield socket


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in UPGRADE.items() if name not in names}


@pytest.mark.parametrize("headers", [without("Upgrade", "Connection"), {**UPGRADE, "Upgrade": "h2c"}])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_request_that_is_no_upgrade_is_told_to_be_one(live: Live, headers: dict[str, str], method: str) -> None:
    answer = await live.get("/ws", {**headers, **PASSWORD}, method)

    assert answer.status == 426
    assert answer.header("upgrade") == "websocket"
    assert answer.header("connection") == "Upgrade"
    assert method == "HEAD" or code_of(answer) == (426, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "headers",
    [
        without("Sec-WebSocket-Key"),
        {**UPGRADE, "Sec-WebSocket-Key": "short"},
        {**UPGRADE, "Sec-WebSocket-Version": "12"},
        without("Sec-WebSocket-Version"),
        without("Connection"),
    ],
)
async def test_half_a_handshake_is_refused(live: Live, headers: dict[str, str]) -> None:
    assert code_of(await live.get("/ws", {**headers, **PASSWORD})) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "openclaw_session=x"}])
async def test_nobody_in_particular_is_refused_before_the_upgrade(live: Live, headers: dict[str, str]) -> None:
    answer = await live.get("/ws", {**UPGRADE, **headers})

    assert code_of(answer) == (401, "AUTH_REQUIRED")
    assert code_of(await live.get("/ws?token=wrong", UPGRADE)) == (401, "AUTH_REQUIRED")


async def test_a_secret_may_stand_in_the_query(live: Live) -> None:
    async with talking(live, path=f"/ws?token={SECRET}") as socket:
        await socket.silent()


async def cookie_of(live: Live) -> str:
    async with opened(live, request_bytes("POST", "/api/auth/login", b'{"password":"s3cret"}')) as login:
        (line,) = [each for each in login.head.split("\r\n") if each.startswith("Set-Cookie")]
    return line.removeprefix("Set-Cookie: ").partition(";")[0]


@pytest.mark.parametrize("path", ["/ws", "/ws/"])
async def test_a_page_of_another_origin_may_not_use_the_cookie_of_a_login(live: Live, path: str) -> None:
    cookie = await cookie_of(live)
    foreign = {**UPGRADE, "Cookie": cookie, "Origin": "http://evil.example"}

    assert code_of(await live.get(path, foreign)) == (403, "FORBIDDEN")
    async with talking(live, {"Cookie": cookie, "Origin": "http://emulator"}, path) as socket:
        await socket.silent()


async def test_whoever_may_only_read_subscribes_and_begins_nothing(live: Live) -> None:
    async with talking(live, path="/ws?token=looker") as socket, talking(live, PASSWORD) as other:
        await socket.say(type="subscribe", events=["session"])
        assert (await socket.hear())["type"] == "subscribed"
        for fields in ({"type": "chat", "message": "quick"}, {"type": "abort", "session": "s"}):
            await socket.say(**fields, id="x")
            heard = await socket.hear()
            assert heard["error"]["code"] == "FORBIDDEN"
            assert heard["error"]["details"] == {"requiredScopes": ["write"]}
            assert heard["id"] == "x"
        await other.say(type="chat", message="quick")
        assert (await socket.hear())["event"] == "session"


BAD = {
    "{": "",
    "": "",
    "[]": "",
    '"chat"': "",
    "null": "",
    "7": "",
    "{}": "type",
    '{"type": "greet"}': "type",
    '{"type": ["chat"]}': "type",
    '{"type": "chat"}': "message",
    '{"type": "chat", "message": " "}': "message",
    '{"type": "chat", "message": 7}': "message",
    '{"type": "chat", "message": "\\ud800"}': "",
    '{"type": "chat", "message": "x", "session": ""}': "session",
    '{"type": "chat", "message": "x", "session": 7}': "session",
    '{"type": "chat", "message": "x", "session": "agent:main"}': "session",
    '{"type": "chat", "message": "x", "agent": 7}': "agent",
    '{"type": "chat", "message": "x", "id": {}}': "id",
    '{"type": "ping", "id": [1]}': "id",
    '{"type": "ping", "id": true}': "id",
    '{"type": "ping", "id": "%s"}' % ("x" * 257): "id",
    '{"type": "abort"}': "session",
    '{"type": "abort", "session": 7}': "session",
    '{"type": "abort", "session": "s", "agent": 7}': "agent",
    '{"type": "abort", "runId": 7}': "runId",
    '{"type": "subscribe"}': "events",
    '{"type": "subscribe", "events": "session"}': "events",
    '{"type": "subscribe", "events": ["agent"]}': "events",
    '{"type": "subscribe", "events": [7]}': "events",
}


@pytest.mark.parametrize(("text", "place"), BAD.items())
async def test_a_bad_frame_is_an_error_and_the_socket_stays(socket: RawSocket, text: str, place: str) -> None:
    await socket.send(text)
    heard = await socket.hear()

    assert set(heard) == {"type", "error"}
    assert (heard["type"], heard["error"]["code"]) == ("error", "INVALID_REQUEST")
    assert [each["path"] for each in heard["error"]["details"]["issues"]] == [place]
    await socket.silent()


async def test_the_error_of_a_bad_frame_has_its_id(socket: RawSocket) -> None:
    await socket.say(type="chat", id="c1")
    assert (await socket.hear())["id"] == "c1"


async def test_20_bad_frames_in_a_row_are_enough(socket: RawSocket) -> None:
    for _ in range(19):
        await socket.send("{")
        assert (await socket.hear())["type"] == "error"
    await socket.silent()
    for _ in range(25):
        await socket.send("{")
    for _ in range(20):
        assert (await socket.hear())["type"] == "error"

    assert (await socket.closed()).code == 1008


async def test_a_text_that_is_no_utf8_closes_the_socket(socket: RawSocket) -> None:
    await socket.send(b'{"type":"ping","id":"\xff"}', TEXT)
    assert (await socket.closed()).code == 1007


async def test_a_frame_of_a_mebibyte_is_heard_and_one_byte_more_is_too_much(socket: RawSocket) -> None:
    whole = '{"type": "ping"}'
    await socket.send(whole.ljust(MEBIBYTE))
    assert (await socket.hear())["type"] == "pong"
    await socket.send(whole.ljust(MEBIBYTE + 1))
    assert (await socket.closed()).code == 1009


async def test_a_socket_that_is_closed_well_is_closed_by_both(socket: RawSocket) -> None:
    await socket.send(b"\x03\xe8bye", CLOSE)
    assert (await socket.closed()).code == 1000


@pytest.mark.parametrize("frame", [b"\x83\x80abcd", b"\xc1\x80abcd", b"\x89\xfe\x00\x7eabcd"])
async def test_what_is_no_frame_closes_the_socket(socket: RawSocket, frame: bytes) -> None:
    socket.writer.write(frame)
    assert (await socket.closed()).code == 1002


async def test_a_server_that_goes_down_says_so(tmp_path: Path, clock: WatchedClock) -> None:
    async with living(load_text(tmp_path, SCENARIO), clock) as live, talking(live) as one, talking(live) as other:
        _, *closed = await asyncio.gather(live.app.stop(), one.closed(), other.closed())

    assert [each.code for each in closed] == [1001, 1001]


async def test_a_server_goes_down_though_a_client_says_nothing(
    tmp_path: Path, clock: WatchedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "FAREWELL", 0.05)
    async with living(load_text(tmp_path, SCENARIO), clock) as live, talking(live) as one, talking(live) as other:
        await asyncio.wait_for(live.app.stop(), 2)
        frames = [await each.frame() for each in (one, other)]

    assert [opcode for opcode, _ in frames] == [CLOSE, CLOSE]


async def test_a_socket_whose_secret_is_no_longer_good_is_closed(live: Live, tmp_path: Path) -> None:
    cookie = await cookie_of(live)
    async with (
        talking(live, PASSWORD) as old,
        talking(live, {"Cookie": cookie}) as browser,
        talking(live, path="/ws?token=writer") as writer,
    ):
        await writer.say(type="chat", message="quick")
        assert (await writer.reply())[1]["type"] == "done"
        changed = locked().replace(SECRET, "n3w").replace("writer: {scopes: [read, write]}", "writer: {scopes: [read]}")
        live.emulator.swap(load_text(tmp_path, changed))
        closed = [await each.closed() for each in (old, browser)]
        await writer.say(type="chat", message="quick")
        assert (await writer.hear())["error"]["code"] == "FORBIDDEN"

    assert [(each.code, each.reason) for each in closed] == [(1008, "credential revoked")] * 2


async def test_a_reload_that_leaves_the_secrets_alone_closes_nothing(live: Live, tmp_path: Path) -> None:
    cookie = await cookie_of(live)
    async with talking(live, PASSWORD) as one, talking(live, {"Cookie": cookie}) as other:
        live.emulator.swap(load_text(tmp_path, locked().replace("you said", "you say")))
        for socket in (one, other):
            await socket.silent()


async def test_sockets_of_everybody_are_closed_when_a_password_comes_and_stay_when_it_goes(
    live: Live, tmp_path: Path
) -> None:
    async with talking(live, path="/ws?token=looker") as looker:
        live.emulator.swap(load_text(tmp_path, SCENARIO))
        await looker.say(type="chat", message="quick")
        assert (await looker.reply())[1]["type"] == "done"
        live.emulator.swap(load_text(tmp_path, SCENARIO + LOCKED))
        assert (await looker.closed()).code == 1008


async def test_a_socket_of_a_login_is_closed_when_that_login_ends(live: Live) -> None:
    cookie, other_cookie = await cookie_of(live), await cookie_of(live)
    async with talking(live, {"Cookie": cookie}) as socket, talking(live, {"Cookie": other_cookie}) as other:
        answer = await live.get("/api/auth/logout", {"Cookie": cookie}, "POST")
        assert answer.status == 200
        assert (await socket.closed()).code == 1008
        await other.silent()


async def test_a_reader_that_reads_nothing_is_cut_off(live: Live) -> None:
    async with talking(live, PASSWORD, receive_buffer=4_096) as slow, talking(live, PASSWORD) as other:
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a transport that reads
        for _ in range(40):
            await slow.say(type="chat", message="huge", session="slow")
            await other.silent()
            if len(world_of(live.app)._openclaw._sockets._open) == 1:
                break
        else:
            raise AssertionError("nobody was cut off")
        slow.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
        await other.silent()


async def test_a_bug_of_ours_closes_the_socket_and_no_other(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with talking(live, PASSWORD) as socket, talking(live, PASSWORD) as other:
        receive = Conversation.receive
        monkeypatch.setattr(Conversation, "receive", lambda *_: 1 / 0)
        await socket.say(type="ping")
        assert (await socket.closed()).code == 1011
        monkeypatch.setattr(Conversation, "receive", receive)
        await other.silent()
    assert [each.levelno for each in caplog.records] == [logging.ERROR]
    caplog.clear()


async def test_a_client_is_pinged_and_cut_off_when_it_answers_nothing(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "HEARTBEAT", 0.02)
    async with talking(live, PASSWORD) as socket:
        assert await socket.frame() == (PING, b"")
        closed = await socket.closed()

    assert closed.code == 1006


async def test_a_refusal_says_what_is_wanted(live: Live) -> None:
    error = body_of(await live.get("/ws", PASSWORD))["error"]
    assert error["message"] == "WebSocket upgrade required"
