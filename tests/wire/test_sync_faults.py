"""Faults on the sockets of live clients: closed on demand, silent, slow (docs/scenarios/faults.md)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from emulator.engine.overlay import switch
from emulator.surfaces.convex.sync import endpoint
from tests.support.clocks import settle
from tests.support.live import CLOSE, PING, PONG
from tests.support.scenarios import load_text
from tests.support.syncing import SyncServer, connected, syncing

FUNCTIONS = """
state: {mode: calm}
functions:
  q:mode: {type: query, result: "${state.mode}"}
  q:agent: {type: query, rules: [{when: {headers: {x-app: web}}, result: web}, {result: other}]}
  q:large: {type: query, result: "${'x' * 100_000}${state.mode}"}
  m:set: {type: mutation, do: [{set: {mode: "${args.to}"}}], result: done}
"""
TEXT = f"""{FUNCTIONS}
faults:
  - {{name: kicked, on: sync socket, enabled: false, failure: {{status: 503, code: {"LongCode" * 20}}}}}
  - {{name: silence, on: sync socket, enabled: false, failure: timeout}}
  - {{name: reset, on: sync socket, enabled: false, failure: reset}}
  - {{name: pause, on: sync socket, enabled: false, delay: 5s}}
  - {{name: narrow, on: sync, enabled: false, bandwidth: 100}}
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SyncServer]:
    async with syncing(load_text(tmp_path, TEXT)) as server:
        yield server


def set_fault(server: SyncServer, name: str, *, on: bool = True) -> None:
    server.emulator.transact(partial(switch, name=name, on=on))


async def test_an_open_socket_is_closed_with_code_and_reason_when_a_fault_is_switched_on(server: SyncServer) -> None:
    async with connected(server) as client, connected(server) as other:
        await asyncio.gather(client.watch("q:mode"), other.watch("q:mode"))
        set_fault(server, "kicked")
        for each in (client, other):
            closed = await each.closed()
            assert (closed.code, closed.reason) == (1013, ("LongCode" * 20)[:123])
    assert [each.call.operation for each in server.emulator.journal][-2:] == ["sync socket", "sync socket"]
    assert server.watched == 0


async def test_an_open_socket_is_closed_when_a_scenario_is_saved_in_which_a_fault_is_on(tmp_path: Path) -> None:
    async with syncing(load_text(tmp_path, FUNCTIONS)) as server, connected(server) as client:
        await client.watch("q:mode")
        fault = "faults: [{name: down, on: sync socket, failure: internal}]\n"
        server.emulator.swap(load_text(tmp_path, FUNCTIONS + fault))
        closed = await client.closed()
        assert (closed.code, closed.reason) == (1011, "InternalServerError")


async def test_an_open_socket_is_reset(server: SyncServer) -> None:
    async with connected(server) as client:
        await client.watch("q:mode")
        set_fault(server, "reset")
        assert (await client.closed()).reason == "ConnectionResetError"


async def test_a_silent_server_sends_nothing_not_even_what_keeps_connections_alive(server: SyncServer) -> None:
    async with connected(server) as client:
        await client.watch("q:mode")
        [response] = server.sync._open
        set_fault(server, "silence")
        set_fault(server, "silence", on=False)
        server.mutate("m:set", {"to": "wild"})
        await client.say(type="Mutation", requestId=0, udfPath="m:set", args=[{"to": "wilder"}])
        await client.send(b"", PING)
        response._reset_heartbeat()
        await client.send(b"\x03\xe8", CLOSE)
        assert await client.frame() == (CLOSE, b"\x03\xe8")
        assert response._heartbeat_cb is None
    assert server.emulator.reading().variables()["mode"] == "wilder"


async def test_a_server_that_is_not_silent_answers_a_ping(server: SyncServer) -> None:
    async with connected(server) as client:
        await client.send(b"hello", PING)
        assert await client.frame() == (PONG, b"hello")


async def test_nothing_comes_in_a_pause_and_all_of_it_in_order_afterwards(server: SyncServer) -> None:
    async with connected(server) as client:
        await client.watch("q:mode")
        set_fault(server, "pause")
        for mode in ("wild", "wilder", "wildest"):
            server.mutate("m:set", {"to": mode})
            await settle()
        heard = asyncio.ensure_future(client.told())  # noqa: TID251 - beside the clock
        await server.clock.pass_milliseconds(4999)
        assert not heard.done()
        await server.clock.pass_milliseconds(1)
        assert [await heard, await client.told(), await client.told()] == [["wild"], ["wilder"], ["wildest"]]
        server.mutate("m:set", {"to": "calm"})
        assert await client.told() == ["calm"]


async def test_frames_come_when_there_was_time_for_their_bytes(server: SyncServer) -> None:
    set_fault(server, "narrow")
    async with connected(server) as client:
        first = asyncio.ensure_future(client.watch("q:mode"))  # noqa: TID251 - beside the clock
        await settle()
        waited = 0
        while not first.done():
            await server.clock.pass_milliseconds(100)
            await settle()
            waited += 100
        assert await first == ["calm"]
        assert 2500 < waited < 4000  # a Transition has 250 to 400 bytes
        set_fault(server, "narrow", on=False)
        server.mutate("m:set", {"to": "wild"})
        assert await client.told() == ["wild"]


async def test_who_lets_too_much_wait_behind_a_fault_is_cut_off_and_the_log_says_so(
    server: SyncServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(endpoint, "MAX_WAITING", 250_000)
    async with connected(server) as client:
        await client.watch("q:large")
        set_fault(server, "pause")
        for mode in ("wild", "wilder", "wildest"):
            server.mutate("m:set", {"to": mode})
            await settle()
        assert (await client.closed()).code == 1006
    [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "wait for a socket that a fault slows; it is cut off" in record.getMessage()


async def test_rules_see_the_headers_of_the_handshake(server: SyncServer, tmp_path: Path) -> None:
    async with connected(server, headers={"X-App": "web"}) as web, connected(server) as other:
        assert await web.watch("q:agent", "q:mode") == ["web", "calm"]
        assert await other.watch("q:agent", "q:mode") == ["other", "calm"]
        assert server.watched == 3

        without = TEXT.replace("{headers: {x-app: web}}", '{if: "${state.mode}"}')
        server.emulator.swap(load_text(tmp_path, without))
        assert await other.told() == ["web"]
        assert server.watched == 2

        server.emulator.swap(load_text(tmp_path, TEXT))
        assert await other.told() == ["other"]
        await web.silent()
        assert server.watched == 3
