"""Faults and limits as clients of functions meet them: bodies, headers, and the bytes on the wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest

from emulator.surfaces import death as death_module
from tests.support.clocks import WatchedClock
from tests.support.functions import post, query
from tests.support.raw import PATIENCE, RawConnection, connected, exchange, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

FUNCTIONS = """
functions:
  a:b: {result: "0123456789"}
  a:c: {result: 2}
"""
ANSWER = b'{"status":"success","value":"0123456789","logLines":[]}'
ORIGIN = {"Origin": "http://a.example"}

Serve: TypeAlias = Callable[[str], Awaitable[Served]]


@pytest.fixture
async def serve(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Serve]:
    """Return what serves functions with these sections, on a clock that stands still."""
    async with AsyncExitStack() as stack:

        async def serve_text(text: str) -> Served:
            return await stack.enter_async_context(serving(load_text(tmp_path, text + FUNCTIONS), clock))

        yield serve_text


def asking(path: str = "a:b", **headers: str) -> bytes:
    """Return the bytes of a query."""
    return request_bytes("POST", "/api/query", json.dumps({"path": path, "args": {}}).encode(), headers)


@asynccontextmanager
async def connected_from(served: Served, address: str) -> AsyncIterator[RawConnection]:
    """Connect from an address of this machine's own."""
    url = urlsplit(served.url)
    connection = RawConnection(*await asyncio.open_connection(url.hostname, url.port, local_addr=(address, 0)))
    try:
        yield connection
    finally:
        await connection.close()


FAILURES = {
    "overloaded": (503, "ExecuteFullError"),
    "internal": (500, "InternalServerError"),
    "unauthorized": (401, "Unauthenticated"),
    "forbidden": (403, "OperationNotPermitted"),
    "not_found": (404, "NotFound"),
    "rate_limited": (429, "TooManyConcurrentRequests"),
    "{status: 502}": (502, "InternalServerError"),
    "{status: 503, code: CommitterFullError, message: 잠시만요}": (503, "CommitterFullError"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_fault_answers_as_the_infrastructure_does(serve: Serve, failure: str) -> None:
    served = await serve(f'faults: [{{name: down, on: "*", failure: {failure}}}]')

    answer = await query(served, "a:b", headers=ORIGIN)

    assert answer.refusal[:2] == FAILURES[failure]
    assert answer.refusal[2]
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
    assert "X-Emulator-Rule" not in answer.headers


async def test_every_endpoint_of_functions_is_hit(serve: Serve) -> None:
    served = await serve("faults: [{name: down, on: 'a:*', failure: overloaded}]")
    body = {"path": "a:b", "args": {}}

    statuses = [
        (await post(served, "/api/query", body)).status,
        (await post(served, "/api/mutation", body)).status,
        (await post(served, "/api/action", body)).status,
        (await post(served, "/api/run/a/b", {"args": {}})).status,
        (await post(served, "/api/query_batch", {"queries": [body]})).status,
        (await post(served, "/api/query_at_ts", {**body, "ts": await timestamp(served)})).status,
    ]

    assert statuses == [503] * 6


async def timestamp(served: Served) -> str:
    ts: str = (await post(served, "/api/query_ts", {})).json["ts"]
    return ts


async def test_a_delay_is_of_the_scenarios_clock(serve: Serve, clock: WatchedClock) -> None:
    served = await serve("faults: [{name: slow, on: a:b, delay: 2s}]")
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(query(served, "a:b"))
        await clock.until_asleep()
        await clock.pass_milliseconds(1_999)
        assert not task.done()
        await clock.pass_milliseconds(1)

    assert task.result().value == "0123456789"


@pytest.mark.parametrize("sent", [0, 1, 20, len(ANSWER) - 1, len(ANSWER), 9999])
async def test_a_connection_is_closed_behind_so_many_bytes(serve: Serve, sent: int) -> None:
    served = await serve(f"faults: [{{name: cut, on: a:b, failure: {{disconnect: {{after_bytes: {sent}}}}}}}]")
    async with connected(served.url) as connection:
        await connection.send(asking(**ORIGIN))
        head, _, body = (await connection.rest()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: %d" % len(ANSWER) in head
    assert b"access-control-allow-origin: http://a.example" in head.lower()
    assert body == ANSWER[:sent]


async def test_without_a_number_of_bytes_nothing_is_sent(serve: Serve) -> None:
    served = await serve("faults: [{name: cut, on: a:b, failure: disconnect}]")
    async with connected(served.url) as connection:
        await connection.send(asking())
        assert await connection.rest() == b""


async def test_a_reset_is_an_error_to_who_reads(serve: Serve) -> None:
    served = await serve("faults: [{name: cut, on: a:b, failure: reset}]")
    async with connected(served.url) as connection:
        await connection.send(asking())
        with pytest.raises(ConnectionResetError):
            await connection.rest()


async def test_a_failure_that_is_cut_has_its_own_head(serve: Serve) -> None:
    served = await serve(
        """
faults:
  - {name: down, on: a:b, failure: overloaded}
  - {name: cut, on: a:b, failure: {disconnect: {after_bytes: 9}}}
"""
    )
    async with connected(served.url) as connection:
        await connection.send(asking())
        head, _, body = (await connection.rest()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert body == b'{"code":"'


@pytest.mark.parametrize(
    ("after", "kept"), [("malformed", ANSWER[: len(ANSWER) // 2]), ("{malformed: {after_bytes: 3}}", b'{"s')]
)
async def test_what_is_malformed_is_a_whole_answer_that_is_no_json(serve: Serve, after: str, kept: bytes) -> None:
    served = await serve(f"faults: [{{name: garbled, on: a:b, failure: {after}}}]")

    for _ in range(2):
        answer = await query(served, "a:b", headers=ORIGIN)
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
        assert answer.body.startswith(kept)
        assert answer.body != ANSWER
        with pytest.raises(ValueError, match=r"codec|Expecting|Invalid"):
            json.loads(answer.body)


async def test_what_times_out_never_answers_and_holds_nothing_up(
    serve: Serve, clock: WatchedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, gone = asyncio.Event(), asyncio.Event()

    class Never:
        async def wait(self) -> None:
            reached.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                gone.set()

    monkeypatch.setattr(death_module, "asyncio", SimpleNamespace(Event=Never))
    served = await serve("faults: [{name: hangs, on: a:b, failure: timeout}]")
    async with connected(served.url) as connection:
        await connection.send(asking())
        async with asyncio.timeout(PATIENCE):
            await reached.wait()
        await clock.pass_milliseconds(3_600_000)
        assert (await query(served, "a:c")).value == 2.0
        assert not gone.is_set()

    async with asyncio.timeout(PATIENCE):
        await gone.wait()


async def test_an_answer_trickles_in_ten_portions_a_second(serve: Serve, clock: WatchedClock) -> None:
    served = await serve("faults: [{name: modem, on: a:b, bandwidth: 50}]")
    length = len(ANSWER)
    async with connected(served.url) as connection:
        await connection.send(asking(Origin=ORIGIN["Origin"]))
        head = await connection._reader.readuntil(b"\r\n\r\n")
        body = await connection._reader.readexactly(5)
        for _ in range(5, length, 5):
            await clock.until_asleep()
            await clock.pass_milliseconds(99)
            assert clock.asleep
            await clock.pass_milliseconds(1)
            body += await connection._reader.readexactly(min(5, length - len(body)))
        await connection.send(asking("a:c"))
        assert (await connection.answer()).status == 200

    assert b"200 OK" in head
    assert b"Content-Length: %d" % length in head
    assert b"access-control-allow-origin: http://a.example" in head.lower()
    assert body == ANSWER


async def test_a_failure_trickles_as_any_answer(serve: Serve, clock: WatchedClock) -> None:
    served = await serve('faults: [{name: down, on: "*", failure: overloaded, bandwidth: 1000000}]')

    assert (await query(served, "a:b")).refusal[:2] == (503, "ExecuteFullError")
    assert clock.asleep == 0


async def test_a_client_that_leaves_a_trickling_answer_disturbs_nobody(serve: Serve, clock: WatchedClock) -> None:
    served = await serve("faults: [{name: modem, on: a:b, bandwidth: 1}]")
    async with connected(served.url) as connection:
        await connection.send(asking())
        await clock.until_asleep()
        connection.reset()

    await clock.until_awake()
    assert (await query(served, "a:c")).value == 2.0


async def test_a_batch_is_cut_and_slowed_as_a_whole(serve: Serve) -> None:
    served = await serve(
        """
faults:
  - {name: cut, on: a:b, failure: {disconnect: {after_bytes: 4}}, times: 1}
  - {name: wide, on: a:b, bandwidth: 10000000}
"""
    )
    queries = [{"path": "a:c", "args": {}}, {"path": "a:b", "args": {}}]
    request = request_bytes("POST", "/api/query_batch", json.dumps({"queries": queries}).encode())
    async with connected(served.url) as connection:
        await connection.send(request)
        assert (await connection.rest()).endswith(b'\r\n\r\n{"re')

    answer = await post(served, "/api/query_batch", {"queries": queries})
    assert [each["value"] for each in answer.json["results"]] == [2.0, "0123456789"]
    assert "Date" in answer.headers


async def test_what_a_fault_could_not_do_is_said_in_a_header(serve: Serve) -> None:
    served = await serve("faults: [{name: x, on: a:b, failure: {disconnect: {after_chunks: 2}}}]")

    answer = await query(served, "a:b")

    assert answer.value == "0123456789"
    assert answer.headers["X-Emulator-Miss"] == (
        "the fault x was due for a:b and is not all done: the answer does not come in pieces"
    )


async def test_a_call_over_a_limit_gets_what_a_deployment_answers(serve: Serve, clock: WatchedClock) -> None:
    served = await serve("limits: [{on: a:b, allow: 2, per: 10s}]")
    answers = [await query(served, "a:b", headers=ORIGIN) for _ in range(3)]

    assert [each.status for each in answers] == [200, 200, 429]
    status, code, message = answers[2].refusal
    assert (status, code) == (429, "TooManyConcurrentRequests")
    assert message.startswith("Too many concurrent requests. Your backend is limited to ")
    assert "To get more resources, upgrade to Convex Pro." in message
    assert "Retry-After" not in answers[2].headers
    assert answers[2].headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
    await clock.pass_milliseconds(5_000)
    assert (await query(served, "a:b")).status == 200
    assert (await query(served, "a:b")).status == 429
    assert (await query(served, "a:c")).status == 200


async def test_callers_without_an_identity_are_told_apart_by_their_addresses(serve: Serve) -> None:
    served = await serve(
        """
identities: {ada: {token: t}, ben: {token: u}}
limits: [{on: a:b, allow: 1, per: 1h, by: identity}]
"""
    )
    seen = []
    for address, headers in [
        ("127.0.0.1", {}),
        ("127.0.0.1", {}),
        ("127.0.0.2", {}),
        ("127.0.0.2", {"Authorization": "Bearer t"}),
        ("127.0.0.1", {"Authorization": "Bearer t"}),
        ("127.0.0.1", {"Authorization": "Bearer u"}),
    ]:
        async with connected_from(served, address) as connection:
            await connection.send(asking(**headers))
            seen.append((await connection.answer()).status)

    assert seen == [200, 429, 200, 200, 429, 200]


async def test_addresses_have_calls_of_their_own_whoever_calls(serve: Serve) -> None:
    served = await serve("limits: [{on: 'a:*', allow: 1, per: 1h, by: address}]")
    seen = []
    for address in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
        async with connected_from(served, address) as connection:
            await connection.send(asking())
            seen.append((await connection.answer()).status)

    assert seen == [200, 200, 429]


async def test_a_refused_call_keeps_its_connection(serve: Serve) -> None:
    served = await serve("limits: [{on: a:b, allow: 1, per: 1h}]")
    async with connected(served.url) as connection:
        for expected in (200, 429, 429):
            await connection.send(asking())
            assert (await connection.answer()).status == expected


async def test_a_scenario_without_faults_and_limits_asks_for_no_address(serve: Serve) -> None:
    served = await serve("")
    await exchange(served.url, asking())

    assert next(iter(served.emulator.journal)).call.address is None
