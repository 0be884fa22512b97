"""Streams and sockets: listed, and cut."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.clocks import settle
from tests.support.control import Control
from tests.support.live import RETRY, UPGRADE, RawSocket, SocketClosedError, opened
from tests.support.raw import PATIENCE, request_bytes

STREAM = request_bytes("GET", "/api/chat/stream?session=s&token=hunter2", headers={"Host": "localhost"})
SOCKET = request_bytes("GET", "/ws?token=hunter2", headers={"Host": "localhost", **UPGRADE})


async def connections(control: Control) -> list[Any]:
    return list((await control.get("/connections"))["connections"])


async def until_gone(control: Control) -> None:
    async with asyncio.timeout(PATIENCE):
        while list(control.emulator.connections):
            await settle(1)


async def test_streams_and_sockets_are_listed_without_their_secrets(control: Control) -> None:
    assert await connections(control) == []
    async with opened(control, STREAM) as stream, opened(control, SOCKET):
        assert await stream.event() == RETRY

        assert await connections(control) == [
            {
                "id": number,
                "kind": kind,
                "target": target,
                "since": "2023-11-14T22:13:20.000Z",
                "address": "127.0.0.1",
            }
            for number, kind, target in ((1, "stream", "agent:main:api:dm:s"), (2, "socket", "/ws"))
        ]
    await until_gone(control)


async def test_a_stream_is_cut(control: Control) -> None:
    async with opened(control, STREAM) as stream:
        assert await stream.event() == RETRY

        assert await control.send("DELETE", "/connections/1") == {"ok": True}

        assert await stream.broken() == []
        await until_gone(control)


async def test_a_socket_is_cut_without_a_goodbye(control: Control) -> None:
    async with opened(control, SOCKET) as stream:
        socket = RawSocket(stream)

        assert await control.send("DELETE", "/connections/1") == {"ok": True}

        with pytest.raises(SocketClosedError) as closed:
            await socket.text()
        assert closed.value.code == 1006
        await until_gone(control)


async def test_a_live_client_is_listed_and_cut(control: Control) -> None:
    sync = request_bytes("GET", "/api/1.48.0/sync", headers={"Host": "localhost", **UPGRADE})
    async with opened(control, sync) as stream:
        (row,) = await connections(control)
        assert (row["kind"], row["target"]) == ("sync", "/api/1.48.0/sync")

        await control.send("DELETE", f"/connections/{row['id']}")

        with pytest.raises(SocketClosedError) as closed:
            await RawSocket(stream).text()
        assert closed.value.code == 1006
        await until_gone(control)


@pytest.mark.parametrize(
    "request_bytes",
    [SOCKET, request_bytes("GET", "/api/sync", headers={"Host": "localhost", **UPGRADE})],
    ids=["gateway", "sync"],
)
async def test_a_socket_is_closed_with_a_code_and_a_reason(control: Control, request_bytes: bytes) -> None:
    async with opened(control, request_bytes) as stream:
        await control.send("DELETE", "/connections/1", {"code": 1013, "reason": "ExecuteFullError"})

        with pytest.raises(SocketClosedError) as closed:
            await RawSocket(stream).text()
        assert (closed.value.code, closed.value.reason) == (1013, "ExecuteFullError")
        await until_gone(control)


async def test_a_stream_is_closed_with_no_code(control: Control) -> None:
    async with opened(control, STREAM) as stream:
        await stream.event()
        refusal = await control.refusal("DELETE", "/connections/1", {"code": 1013})
        assert refusal == (400, "bad_request", "connection 1 is a stream, which knows no code")
        assert len(await connections(control)) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"code": 1006}, "1006 is never sent (RFC 6455 §7.4.1)"),
        ({"reason": "why"}, "a reason needs a code"),
        ({"code": 5000}, "code: input should be less than or equal to 4999"),
    ],
)
async def test_what_no_socket_can_be_closed_with_is_told(control: Control, body: Any, message: str) -> None:
    status, _, told = await control.refusal("DELETE", "/connections/1", body)

    assert status == 400
    assert message in told


async def test_only_the_one_that_is_meant_is_cut(control: Control) -> None:
    async with opened(control, STREAM) as one, opened(control, STREAM) as two:
        await one.event()
        await two.event()

        await control.send("DELETE", "/connections/1")

        assert await one.broken() == []
        assert [each["id"] for each in await connections(control)] == [2]


@pytest.mark.parametrize("number", ["1", "x", "-1", "0"])
async def test_a_connection_that_is_not_open_is_told(control: Control, number: str) -> None:
    refusal = await control.refusal("DELETE", f"/connections/{number}")

    assert refusal == (404, "not_found", f"there is no connection {number}")
