"""The port of HTTP actions: they are at its root, and nothing else is there (contract convex §12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from emulator.app import LOOPBACK, App, Listener
from emulator.runtime.clock import WallClock
from emulator.runtime.emulator import Emulator
from tests.support.http_actions import SCENARIO
from tests.support.scenarios import load_text


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a session with the port of HTTP actions."""
    listeners = [Listener("convex", LOOPBACK, 0), Listener("site", LOOPBACK, 0)]
    app = App(Emulator(load_text(tmp_path, SCENARIO), WallClock()), listeners)
    await app.start()
    try:
        async with aiohttp.ClientSession(app.url("site")) as session:
            yield session
    finally:
        await app.stop()


@pytest.mark.parametrize(
    ("path", "body"),
    [("/who", "nobody"), ("/files/a", "any /files/a"), ("/version", "unknown")],
)
async def test_routes_are_at_the_root(site: aiohttp.ClientSession, path: str, body: str) -> None:
    async with site.get(path) as answer:
        assert (answer.status, await answer.text()) == (200, body)


@pytest.mark.parametrize("path", ["/", "/http/who", "/api/query", "/instance_name", "/__emulator/health", "/health"])
async def test_nothing_else_is_there(site: aiohttp.ClientSession, path: str) -> None:
    async with site.get(path) as answer:
        assert (answer.status, await answer.text()) == (404, "No matching routes found")


async def test_metrics_count_calls(site: aiohttp.ClientSession) -> None:
    async with site.get("/who"), site.get("/metrics") as answer:
        assert "emulator_calls_total 1\n" in await answer.text()


@pytest.mark.parametrize(("by", "path"), [("TRACE", "/who"), ("POST", "/version"), ("PROPFIND", "/")])
async def test_other_methods_are_405(site: aiohttp.ClientSession, by: str, path: str) -> None:
    async with site.request(by, path) as answer:
        assert (answer.status, await answer.read()) == (405, b"")
