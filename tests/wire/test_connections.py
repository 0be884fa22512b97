"""Connections: kept alive, pipelined, slow, half-closed (RFC 9112)."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.support.clocks import WatchedClock
from tests.support.functions import query
from tests.support.raw import RawConnection, connected, request_bytes
from tests.support.serving import Served

BODY = b'{"path":"jobs/nightly","args":{}}'
NIGHTLY = request_bytes("POST", "/api/query", BODY)


def asking(name: str) -> bytes:
    return request_bytes("POST", "/api/query", json.dumps({"path": name, "args": {}}).encode())


async def value(connection: RawConnection) -> object:
    answer = await connection.answer()
    assert answer.status == 200
    return answer.json["value"]


async def test_one_connection_serves_many_requests(served: Served) -> None:
    async with connected(served.url) as connection:
        for _ in range(300):
            await connection.send(NIGHTLY)
            assert await value(connection) == "nightly"


async def test_pipelined_requests_are_answered_in_their_order(served: Served, clock: WatchedClock) -> None:
    names = ["jobs:status", "slow:list", "jobs:status", "jobs/nightly", "slow:list", "jobs:status", "jobs:status"]

    async with connected(served.url) as connection:
        await connection.send(b"".join(map(asking, names)))
        got = [await value(connection)]
        for index in (1, 4):
            await clock.until_asleep()
            await clock.pass_milliseconds(250)
            got += [await value(connection) for _ in names[len(got) : index + 1]]
        got += [await value(connection) for _ in names[len(got) :]]

    assert got == ["queued", "slow", "running", "nightly", "slow", "done", "done"]


async def test_many_pipelined_requests_are_all_answered(served: Served) -> None:
    async with connected(served.url) as connection:
        await connection.send(NIGHTLY * 500)
        assert [await value(connection) for _ in range(500)] == ["nightly"] * 500


async def test_errors_do_not_break_a_connection(served: Served) -> None:
    requests = {
        request_bytes("POST", "/api/query", b"{"): 400,
        request_bytes("POST", "/nothing", b"x" * 1000): 404,
        request_bytes("PUT", "/api/query", b"x" * 1000): 405,
        request_bytes("POST", "/api/query", BODY, {"Authorization": "Bearer x"}): 401,
        request_bytes("POST", "/api/query", BODY, {"Convex-Client": "x"}): 400,
        request_bytes("POST", "/api/query", BODY, {"Content-Type": "text/plain"}): 400,
        request_bytes("OPTIONS", "/api/query"): 405,
        asking("no:such"): 200,
    }
    async with connected(served.url) as connection:
        for request, status in requests.items():
            await connection.send(request + NIGHTLY)
            assert (await connection.answer()).status == status
            assert await value(connection) == "nightly"


async def test_a_request_may_come_byte_by_byte(served: Served) -> None:
    async with connected(served.url) as connection:
        for index in range(len(NIGHTLY)):
            await connection.send(NIGHTLY[index : index + 1])
        assert await value(connection) == "nightly"


async def test_a_body_may_come_in_chunks_of_any_size(served: Served) -> None:
    head = NIGHTLY.removesuffix(BODY).replace(b"Content-Length: 33", b"Transfer-Encoding: chunked")
    chunked = [b"1\r\n%c\r\n" % byte for byte in BODY]

    async with connected(served.url) as connection:
        for part in [head, *chunked, b"0\r\n", b"\r\n"]:
            await connection.send(part)
        assert await value(connection) == "nightly"
        await connection.send(head + b"21;name=value\r\n" + BODY + b"\r\n0\r\nTrailer: x\r\n\r\n" + NIGHTLY)
        assert [await value(connection), await value(connection)] == ["nightly", "nightly"]


async def test_a_client_that_asks_whether_to_go_on_is_told_so(served: Served) -> None:
    request = request_bytes("POST", "/api/query", headers={"Expect": "100-continue", "Content-Length": str(len(BODY))})

    async with connected(served.url) as connection:
        await connection.send(request)
        assert (await connection.answer()).status == 100
        await connection.send(BODY)
        assert await value(connection) == "nightly"


@pytest.mark.parametrize("header", [{"Connection": "close"}, {"Connection": "Close"}])
async def test_a_connection_is_closed_when_the_client_asks_for_it(served: Served, header: dict[str, str]) -> None:
    async with connected(served.url) as connection:
        await connection.send(request_bytes("POST", "/api/query", BODY, header))
        assert await value(connection) == "nightly"
        assert await connection.rest() == b""


async def test_an_old_client_gets_one_answer(served: Served) -> None:
    async with connected(served.url) as connection:
        await connection.send(NIGHTLY.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert await value(connection) == "nightly"
        assert await connection.rest() == b""


async def test_an_upgrade_that_is_not_offered_is_ignored(served: Served) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x"}

    async with connected(served.url) as connection:
        await connection.send(request_bytes("GET", "/version", headers=headers))
        assert (await connection.answer()).status == 200
        await connection.send(request_bytes("GET", "/api/nothing", headers=headers))
        assert (await connection.answer()).status == 404


async def test_many_connections_are_served_at_once(served: Served) -> None:
    async def one() -> object:
        async with connected(served.url) as connection:
            await connection.send(NIGHTLY + NIGHTLY)
            return await value(connection), await value(connection)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one()) for _ in range(100)]

    assert {task.result() for task in tasks} == {("nightly", "nightly")}


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad\x00Header: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n: no name\r\n\r\n",
        b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 100_000),
        b"GET / HTTP/1.1\r\nHost: x\r\nX: %b\r\n\r\n" % (b"a" * 100_000),
    ],
    ids=lambda each: str(each[:40]),
)
async def test_what_is_no_http_is_refused_without_ado(served: Served, garbage: bytes) -> None:
    async with connected(served.url) as connection:
        await connection.send(garbage)
        await connection.end()
        rest = await connection.rest()

    assert rest == b"" or rest.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 ", b"HTTP/1.1 431 ", b"HTTP/1.1 414 "))
    assert b"Traceback" not in rest
    assert (await query(served, "jobs/nightly")).value == "nightly"
