"""A deployment on real sockets, and live clients that speak the sync protocol by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from emulator.app import LOOPBACK, App, Listener
from emulator.engine.call import Call
from emulator.model.function import FunctionType
from emulator.model.scenario import Scenario
from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex.sync.endpoint import SyncEndpoint
from tests.support.clocks import WatchedClock
from tests.support.live import UPGRADE, HasUrl, RawSocket, RawStream, opened
from tests.support.raw import request_bytes
from tests.support.serving import world_of

PATH = "/api/1.48.0/sync"


@dataclass(frozen=True)
class SyncServer:
    """A running deployment and its clock."""

    app: App
    emulator: Emulator
    clock: WatchedClock

    @property
    def url(self) -> str:
        """Where it listens."""
        url = self.app.url("convex")
        assert url is not None
        return url

    @property
    def sync(self) -> SyncEndpoint:
        """Its live clients."""
        return world_of(self.app)._convex._sync

    @property
    def watched(self) -> int:
        """How many live queries there are."""
        return 0 if self.sync._common is None else len(self.sync._common.live)

    def mutate(self, name: str, args: Any = None) -> None:
        """Have somebody call a mutation."""
        self.emulator.handle(Call(name, FunctionType.MUTATION, args or {}))


@asynccontextmanager
async def syncing(scenario: Scenario) -> AsyncIterator[SyncServer]:
    """Serve a scenario until the block ends."""
    clock = WatchedClock()
    emulator = Emulator(scenario, clock)
    app = App(emulator, [Listener("convex", LOOPBACK, 0)])
    await app.start()
    try:
        yield SyncServer(app, emulator, clock)
    finally:
        await app.stop()


class SyncClient(RawSocket):
    """A live client."""

    def __init__(self, stream: RawStream) -> None:
        """Watch nothing yet."""
        super().__init__(stream)
        self._queries = 0

    async def watch(self, *functions: str, args: Any = None) -> list[Any]:
        """Watch queries, and return their first values."""
        adds = [
            {"type": "Add", "queryId": self._queries * 100 + number, "udfPath": name, "args": [args or {}]}
            for number, name in enumerate(functions)
        ]
        base, self._queries = self._queries, self._queries + 1
        await self.say(type="ModifyQuerySet", baseVersion=base, newVersion=base + 1, modifications=adds)
        return await self.told()

    async def told(self) -> list[Any]:
        """Return the values, or error texts, of the next Transition."""
        frame = await self.hear()
        assert frame["type"] == "Transition", frame
        return [each.get("value", each.get("errorMessage")) for each in frame["modifications"]]

    async def silent(self) -> None:
        """Fail unless nothing was said before the answer to an empty change."""
        assert await self.watch() == []


@asynccontextmanager
async def connected(
    server: HasUrl, path: str = PATH, receive_buffer: int | None = None, headers: Mapping[str, str] | None = None
) -> AsyncIterator[SyncClient]:
    """Connect a client until the block ends."""
    async with opened(
        server, request_bytes("GET", path, headers={**UPGRADE, **(headers or {})}), receive_buffer
    ) as stream:
        assert stream.status == 101, stream.head
        yield SyncClient(stream)


def text_of(frame: dict[str, Any]) -> str:
    """Return a frame as it is sent."""
    return json.dumps(frame)
