"""The whole app in this process, on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from emulator.app import LOOPBACK, App, Listener
from emulator.model.scenario import Scenario
from emulator.runtime.clock import Clock, WallClock
from emulator.runtime.emulator import Emulator
from emulator.world import World


@dataclass(frozen=True)
class Served:
    """A running app, its emulator, and a client session whose paths are relative to it."""

    emulator: Emulator
    url: str
    client: aiohttp.ClientSession


@asynccontextmanager
async def serving(scenario: Scenario, clock: Clock | None = None) -> AsyncIterator[Served]:
    """Serve a scenario until the block ends."""
    emulator = Emulator(scenario, clock or WallClock())
    app = App(emulator, [Listener("convex", LOOPBACK, 0)])
    await app.start()
    try:
        url = app.url("convex")
        assert url is not None
        async with aiohttp.ClientSession(url) as client:
            yield Served(emulator, url, client)
    finally:
        await app.stop()


def world_of(app: App) -> World:
    """Return the surfaces of an app that has one emulator."""
    assert isinstance(app.doors, World)
    return app.doors
