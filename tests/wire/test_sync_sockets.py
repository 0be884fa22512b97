"""The sync protocol on real sockets: handshakes, many clients, and how sockets end (contract convex §7)."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from emulator.model.scenario import Scenario
from emulator.surfaces.control.views import outcome_of
from emulator.surfaces.convex.sync import endpoint, frames
from emulator.surfaces.convex.sync.session import Session
from tests.support import raw
from tests.support.clocks import settle
from tests.support.live import BINARY, CLOSE, UPGRADE, timers_of
from tests.support.raw import PATIENCE, exchange, request_bytes
from tests.support.scenarios import load_text
from tests.support.syncing import PATH, SyncClient, SyncServer, connected, syncing

TEXT = """
state: {mode: calm, size: 1}
vars: {word: hello}
functions:
  q:mode: {type: query, result: "${state.mode}"}
  q:word: {type: query, result: "${vars.word}"}
  q:fixed: {type: query, result: 1}
  q:slow: {type: query, result: slow, delay: 1h}
  q:large: {type: query, result: "${'x' * 1000 * 500}${state.mode}"}
  m:set: {type: mutation, do: [{set: {mode: "${args.to}"}}], result: done}
  m:slow: {type: mutation, delay: 1h, result: null}
"""
MEBIBYTE = 1024 * 1024


def scenario_of(folder: Path, text: str = TEXT) -> Scenario:
    return load_text(folder, text)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SyncServer]:
    async with syncing(scenario_of(tmp_path)) as server:
        yield server


@pytest.fixture
async def client(server: SyncServer) -> AsyncIterator[SyncClient]:
    async with connected(server) as client:
        yield client


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await settle(1)


@pytest.mark.parametrize("path", ["/api/sync", "/api/1.48.0/sync", "/api/0.1.6/sync"])
async def test_clients_of_every_version_connect_and_watch(server: SyncServer, path: str) -> None:
    async with connected(server, path) as client:
        assert await client.watch("q:mode", "q:fixed") == ["calm", 1.0]


@pytest.mark.parametrize(
    "headers", [{}, {**UPGRADE, "Upgrade": "h2c"}, {**UPGRADE, "Sec-WebSocket-Version": "12"}], ids=str
)
async def test_what_is_no_handshake_is_refused_in_the_service_s_words(
    server: SyncServer, headers: dict[str, str]
) -> None:
    answer = await exchange(server.url, request_bytes("GET", PATH, headers=headers), to="GET")

    assert (answer.status, answer.json["code"]) == (400, "InvalidConnectionHeader")
    assert len(server.emulator.journal) == 0


async def test_several_commits_are_one_transition_for_each_client(server: SyncServer, client: SyncClient) -> None:
    async with connected(server) as other, connected(server) as third:
        for each in (client, other, third):
            await each.watch("q:mode" if each is not third else "q:fixed")
        server.mutate("m:set", {"to": "wild"})
        server.mutate("m:set", {"to": "wilder"})

        assert await client.told() == await other.told() == ["wilder"]
        for each in (client, other, third):
            await each.silent()


async def test_a_saved_scenario_pushes_what_is_answered_otherwise(
    server: SyncServer, client: SyncClient, tmp_path: Path
) -> None:
    await client.watch("q:mode", "q:word", "q:fixed", "q:more")

    server.emulator.swap(scenario_of(tmp_path, TEXT.replace("word: hello", "word: bye").replace("q:slow", "q:more")))

    assert await client.told() == ["bye", "slow"]
    await client.silent()


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        ("not_found", (404, "NotFound")),
        ("overloaded", (503, "ExecuteFullError")),
        ("{status: 418, code: Teapot}", (418, "Teapot")),
    ],
)
async def test_a_fault_has_the_handshake_fail(tmp_path: Path, failure: str, answer: tuple[int, str]) -> None:
    fault = f"faults: [{{name: no-sync, on: sync, times: 1, failure: {failure}}}]"
    async with syncing(scenario_of(tmp_path, f"{TEXT}{fault}\n")) as server:
        refused = await exchange(server.url, request_bytes("GET", PATH, headers=UPGRADE), to="GET")
        assert (refused.status, refused.json["code"]) == answer
        async with connected(server) as client:
            assert await client.watch("q:fixed") == [1.0]


async def test_a_fault_ends_the_connection_instead_of_a_handshake(tmp_path: Path) -> None:
    fault = "faults: [{name: no-sync, on: sync, failure: disconnect}]"
    scenario = scenario_of(tmp_path, f"{TEXT}{fault}\n")
    async with syncing(scenario) as server, raw.connected(server.url) as connection:
        await connection.send(request_bytes("GET", PATH, headers=UPGRADE))
        assert await connection.rest() == b""


async def test_a_limit_counts_handshakes(tmp_path: Path) -> None:
    limit = "limits: [{name: few, on: sync, allow: 1, per: 1m}]"
    async with syncing(scenario_of(tmp_path, f"{TEXT}{limit}\n")) as server:
        async with connected(server):
            refused = await exchange(server.url, request_bytes("GET", PATH, headers=UPGRADE), to="GET")
        assert (refused.status, refused.json["code"]) == (429, "TooManyConcurrentRequests")
        assert [each.call.operation for each in server.emulator.journal] == ["sync", "sync"]


async def test_the_timestamp_of_a_transition_can_be_asked_at_over_http(server: SyncServer, client: SyncClient) -> None:
    adds = [{"type": "Add", "queryId": 0, "udfPath": "q:mode", "args": [{}]}]
    await client.say(type="ModifyQuerySet", baseVersion=0, newVersion=1, modifications=adds)
    before = await client.hear()
    server.mutate("m:set", {"to": "wild"})
    after = await client.hear()

    answers = []
    for frame in (before, after):
        body = {"path": "q:mode", "args": {}, "ts": frame["endVersion"]["ts"]}
        request = request_bytes("POST", "/api/query_at_ts", json.dumps(body).encode())
        answers.append((await exchange(server.url, request)).json["value"])
    assert answers == [each["modifications"][0]["value"] for each in (before, after)] == ["calm", "wild"]


async def test_a_clock_that_jumps_is_pushed(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, TEXT.replace("q:fixed: {type: query, result: 1}", "q:now: {result: '${iso()}'}"))
    async with syncing(scenario) as server, connected(server) as client:
        assert await client.watch("q:now") == ["2023-11-14T22:13:20Z"]
        await server.clock.pass_milliseconds(1000)
        assert await client.told() == ["2023-11-14T22:13:21Z"]


class Metronome:
    """Timers that ring when a test says so."""

    def __init__(self) -> None:
        self.waiting: dict[Metronome.Beat, None] = {}

    class Beat:
        """One timer."""

        def __init__(self, owner: Metronome, seconds: float, callback: Callable[[], None]) -> None:
            self.owner = owner
            self.seconds = seconds
            self.callback = callback

        def cancel(self) -> None:
            self.owner.waiting.pop(self, None)

    def later(self, seconds: float, callback: Callable[[], None]) -> Beat:
        beat = Metronome.Beat(self, seconds, callback)
        self.waiting[beat] = None
        return beat

    def ring(self) -> None:
        waiting, self.waiting = self.waiting, {}
        for beat in waiting:
            assert beat.seconds == 15
            beat.callback()


async def test_a_client_hears_a_ping_every_fifteen_seconds(server: SyncServer) -> None:
    metronome = Metronome()
    server.sync._later = metronome.later
    async with connected(server) as client:
        for _ in range(3):
            await until(lambda: bool(metronome.waiting))
            metronome.ring()
            assert await client.hear() == {"type": "Ping"}
    await until(lambda: not metronome.waiting)


async def test_a_socket_is_closed_without_a_code_behind_a_last_word(server: SyncServer, client: SyncClient) -> None:
    await client.say(type="ModifyQuerySet", baseVersion=1, newVersion=2, modifications=[])

    assert (await client.hear())["type"] == "FatalError"
    assert await client.frame() == (CLOSE, b"")
    await client.send(b"", CLOSE)
    await until(lambda: not server.sync._open)


async def test_a_socket_is_closed_with_the_reason_s_code(client: SyncClient) -> None:
    await client.say(type="Authenticate", baseVersion=7, tokenType="None")

    closed = await client.closed()

    assert (closed.code, closed.reason) == (1011, "InternalServerError")


async def test_bytes_are_not_spoken(client: SyncClient) -> None:
    await client.send(b"\x00", BINARY)

    assert (await client.closed()).code == 1003


async def test_a_frame_may_be_as_large_as_the_largest_arguments_and_not_much_larger(
    server: SyncServer, client: SyncClient
) -> None:
    mutation = {"type": "Mutation", "requestId": 0, "udfPath": "m:set", "args": [{"to": "x" * 12 * MEBIBYTE}]}
    await client.send(json.dumps(mutation))
    assert (await client.hear())["success"] is True
    await client.hear()

    with suppress(ConnectionError):  # it is closed as soon as its head is read
        await client.send(b"x" * (20 * MEBIBYTE + 1))

    await until(lambda: not server.sync._open)


async def assembled(client: SyncClient) -> Any:
    chunks = [await client.hear()]
    while len(chunks) < chunks[0]["totalParts"]:
        chunks.append(await client.hear())
    assert {each["type"] for each in chunks} == {"TransitionChunk"}
    assert [each["partNumber"] for each in chunks] == list(range(chunks[0]["totalParts"]))
    assert len({each["transitionId"] for each in chunks}) == 1
    assert max(len(each["chunk"].encode()) for each in chunks) <= 100
    return json.loads("".join(each["chunk"] for each in chunks))


@pytest.mark.parametrize("path", [PATH, "/api/1.28.0-alpha.1/sync"])
async def test_a_long_transition_comes_in_chunks(
    server: SyncServer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(frames, "MAX_CHUNK", 100)
    async with connected(server, path) as client:
        await client.say(type="Mutation", requestId=0, udfPath="m:set", args=[{"to": "안녕하세요" * 20}])
        assert (await client.hear())["success"] is True
        assert (await assembled(client))["modifications"] == []
        adds = [{"type": "Add", "queryId": 0, "udfPath": "q:mode", "args": [{}]}]
        await client.say(type="ModifyQuerySet", baseVersion=0, newVersion=1, modifications=adds)
        assert (await assembled(client))["modifications"][0]["value"] == "안녕하세요" * 20


@pytest.mark.parametrize("path", ["/api/sync", "/api/1.27.5/sync", "/api/python-0.8.1/sync"])
async def test_who_knows_no_chunks_gets_one_long_frame(
    server: SyncServer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(frames, "MAX_CHUNK", 100)
    async with connected(server, path) as client:
        assert await client.watch("q:mode") == ["calm"]


async def test_a_client_that_never_reads_is_cut_off_and_the_log_says_why(
    server: SyncServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(endpoint, "MAX_WAITING", MEBIBYTE)
    async with connected(server, receive_buffer=4096) as client, connected(server) as other:
        await other.watch("q:mode")
        adds = [{"type": "Add", "queryId": 0, "udfPath": "q:large", "args": [{}]}]
        await client.say(type="ModifyQuerySet", baseVersion=0, newVersion=1, modifications=adds)
        await until(lambda: server.watched == 2)

        for number in range(100):
            server.mutate("m:set", {"to": str(number)})
            assert await other.told() == [str(number)]
            if len(server.sync._open) == 1:
                break

        await until(lambda: len(server.sync._open) == 1)
        assert server.watched == 1
        [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
        assert record.getMessage().startswith("127.0.0.1 reads too slowly and is cut off: ")
        [cut] = [each for each in server.emulator.journal if each.call.operation == "sync socket"]
        assert (outcome_of(cut), cut.explanation) == ("reset", record.getMessage())
        await other.silent()


async def test_a_bug_of_ours_ends_one_socket_and_is_logged(
    server: SyncServer, client: SyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(server) as other:
        await other.watch("q:mode")

        def fail(*_: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(Session, "_modify", fail)
            await client.say(type="ModifyQuerySet", baseVersion=0, newVersion=1, modifications=[])
            closed = await client.closed()
        assert (closed.code, closed.reason) == (1011, "InternalServerError")
        assert [each.getMessage() for each in caplog.records] == [
            "a bug in the emulator: a socket of a live client failed"
        ]
        caplog.clear()
        await other.silent()


async def test_a_server_that_goes_down_says_so(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(syncing(scenario_of(tmp_path)))
        clients = [await stack.enter_async_context(connected(server)) for _ in range(3)]
        for each in clients:
            await each.watch("q:mode")
        stopping = asyncio.ensure_future(server.app.stop())  # noqa: TID251 - beside what the clients hear
        assert [(await each.closed()).code for each in clients] == [1001, 1001, 1001]
        await stopping


async def test_clients_that_come_and_go_leave_nothing_behind(server: SyncServer) -> None:
    async def come_and_go(number: int) -> None:
        async with connected(server) as client:
            await client.watch("q:mode", "q:fixed", args={"number": number % 20})
            await client.say(type="Mutation", requestId=0, udfPath="m:set", args=[{"to": "calm"}])
            assert (await client.hear())["success"] is True
            await client.told()
            adds = [{"type": "Add", "queryId": 9, "udfPath": "q:slow", "args": [{}]}]
            await client.say(type="ModifyQuerySet", baseVersion=1, newVersion=2, modifications=adds)
            if number % 2:
                await client.send(b"\x03\xe8", CLOSE)
                await client.frame()

    tasks = len(asyncio.all_tasks())
    for start in range(0, 200, 50):
        await asyncio.gather(*map(come_and_go, range(start, start + 50)))
    await until(lambda: not server.sync._open)
    assert (server.watched, timers_of(server.clock)) == (0, 0)
    common = server.sync._common
    assert common is not None
    assert not common.live._known
    assert not common.live._readers
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Session)]
