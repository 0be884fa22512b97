"""Tests that use the fixture in all the ways there are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, assert_type

import notifier
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from convex import ConvexError

from emulator.testing import AsyncEmulator, Call, Emulator, Table, serve

PROGRAM = Path(__file__).parents[1] / "notifier.py"


@pytest.mark.parametrize("turn", range(3))
def test_a_clean_state_for_each_test(emulator: Emulator, turn: int) -> None:
    assert len(emulator.table("messages")) == 0
    notifier.send(emulator.convex_url, f"turn {turn}")
    assert [each["body"] for each in emulator.table("messages")] == [f"turn {turn}"]


def test_a_refusal(emulator: Emulator) -> None:
    with pytest.raises(ConvexError):
        notifier.send(emulator.convex_url, "")
    emulator.assert_called("messages:send", times=1, args={"body": ""}, outcome="threw")


def test_a_subprocess(emulator: Emulator) -> None:
    subprocess.run([sys.executable, PROGRAM], env={**os.environ, **emulator.env}, check=True)
    assert emulator.wait_for_call("messages:send").args == {"body": "from a program"}


def test_the_gateway(emulator: Emulator) -> None:
    emulator.chat("ping").replies("pong")
    assert notifier.ask(emulator.gateway_url, emulator.token, "ping") == "pong"
    assert notifier.ask(emulator.gateway_url, emulator.token, "Hello") == "You said: Hello"


@pytest.mark.scenario(clock="2024-02-08T12:00:00Z")
def test_time(emulator: Emulator) -> None:
    notifier.send(emulator.convex_url, "Hello")
    emulator.clock.advance("5m")
    assert emulator.state["mood"] == "bored"


@pytest.mark.scenario("functions: {messages:list: {result: [{body: text}]}}")
async def test_an_async_test(emulator: Emulator) -> None:
    assert await notifier.unread(emulator.convex_url) == ["text"]
    emulator.function("messages:list").returns([])
    assert await notifier.unread(emulator.convex_url) == []


@pytest.fixture
async def in_this_loop() -> AsyncIterator[AsyncEmulator]:
    async with serve("functions: {messages:list: {result: [{body: loop}]}}") as emulator:
        yield emulator


async def test_without_a_thread(in_this_loop: AsyncEmulator) -> None:
    assert await notifier.unread(in_this_loop.convex_url) == ["loop"]
    call = await in_this_loop.wait_for_call("messages:list")
    assert call.outcome == "returned"


async def test_beside_pytest_aiohttp(
    emulator: Emulator, aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]]
) -> None:
    async def handle(_request: web.Request) -> web.Response:
        return web.json_response(await notifier.unread(emulator.convex_url))

    app = web.Application()
    app.router.add_get("/", handle)
    client = await aiohttp_client(app)
    async with client.get("/") as response:
        assert await response.json() == []


def test_what_type_checkers_know(emulator: Emulator) -> None:
    assert_type(emulator.convex_url, str)
    assert_type(emulator.env, dict[str, str])
    assert_type(emulator.calls("messages:list"), list[Call])
    assert_type(emulator.table("messages"), Table)
    assert_type(emulator.table("messages").insert({"body": "Hello"}), str)
    assert_type(emulator.table("messages").list(), list[dict[str, Any]])
