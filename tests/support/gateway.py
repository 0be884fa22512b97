"""A served gateway, and what clients say to it and get."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from emulator.app import GATEWAY, LOOPBACK, App, Listener
from emulator.model.scenario import Scenario
from emulator.runtime.clock import Clock, WallClock
from emulator.runtime.emulator import Emulator
from tests.support.functions import PATIENCE
from tests.support.serving import Served

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class GatewayAnswer:
    """An answer of the gateway as a client has it."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def tree(self) -> Any:
        """The body, which must be JSON as the gateway sends it."""
        assert self.headers["Content-Type"] == JSON, self
        assert self.headers["Cache-Control"] == "no-store", self
        return json.loads(self.body)

    @property
    def ok(self) -> Any:
        """The body of an answer that must be a success."""
        assert self.status == 200, self
        return self.tree

    @property
    def error(self) -> dict[str, Any]:
        """What stands in the envelope."""
        assert self.status >= 400, self
        assert set(self.tree) == {"error"}, self
        error: dict[str, Any] = self.tree["error"]
        assert set(error) in ({"code", "message"}, {"code", "message", "details"}), self
        assert isinstance(error["message"], str), self
        assert error["message"], self
        return error

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code."""
        return self.status, self.error["code"]

    @property
    def issues(self) -> list[str]:
        """The places of what is wrong with a request."""
        assert self.refusal == (400, "INVALID_REQUEST"), self
        issues = self.error["details"]["issues"]
        assert all(set(each) == {"path", "message"} for each in issues), self
        return [each["path"] for each in issues]


@dataclass(frozen=True)
class Gateway:
    """A client of a served gateway."""

    served: Served

    @property
    def emulator(self) -> Emulator:
        """The emulator that serves."""
        return self.served.emulator

    async def send(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> GatewayAnswer:
        """Send a request; the path goes out as it is written."""
        data = body.encode() if isinstance(body, str) else body
        async with self.served.client.request(
            method,
            URL(path, encoded=True),
            data=None if data is None else BytesIO(data),
            headers=CIMultiDict(headers or {}),
            allow_redirects=False,
            timeout=PATIENCE,
        ) as response:
            return GatewayAnswer(response.status, response.headers, await response.read())

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> GatewayAnswer:
        """Get a path."""
        return await self.send("GET", path, None, headers)

    async def post(
        self, path: str, body: object = None, headers: Mapping[str, str] | None = None, *, by: str = "POST"
    ) -> GatewayAnswer:
        """Post JSON, or nothing."""
        return await self.send(by, path, None if body is None else json.dumps(body), headers)

    async def chat(
        self, message: object = "hi", session: object = None, headers: Mapping[str, str] | None = None, **more: object
    ) -> GatewayAnswer:
        """Send a message."""
        told = {} if session is None else {"session": session}
        return await self.post("/api/chat", {"message": message, **told, **more}, headers)

    async def patch(self, changes: object, headers: Mapping[str, str] | None = None) -> GatewayAnswer:
        """Change the config."""
        return await self.post("/api/config", changes, headers, by="PATCH")

    async def rows(self, name: str) -> list[Any]:
        """Return a list of the gateway: sessions, channels, agents or nodes."""
        rows: list[Any] = (await self.get(f"/api/{name}")).ok[name]
        return rows

    async def channel(self, name: str) -> dict[str, Any]:
        """Return a channel without its id."""
        (row,) = [dict(each) for each in await self.rows("channels") if each["id"] == name]
        del row["id"]
        return row

    async def said(self, key: str) -> list[tuple[str, str]]:
        """Return roles and contents of a session's history."""
        page = (await self.get(f"/api/sessions/{key}/history")).ok
        return [(each["role"], each["content"]) for each in page["messages"]]

    async def agent(self, name: str = "main") -> dict[str, Any]:
        """Return what an agent is doing."""
        status: dict[str, Any] = (await self.get(f"/api/agents/{name}/status")).ok
        return status

    async def until_busy(self, active: int, queued: int = 0, agent: str = "main") -> None:
        """Return once an agent has so many runs under way, and so many that wait."""
        async with asyncio.timeout(10):
            while True:
                status = await self.agent(agent)
                if (status["activeRuns"], status["queuedRuns"]) == (active, queued):
                    return


@asynccontextmanager
async def serving_gateway(scenario: Scenario, clock: Clock | None = None) -> AsyncIterator[Gateway]:
    """Serve a scenario at a listener of the gateway until the block ends."""
    emulator = Emulator(scenario, clock or WallClock())
    app = App(emulator, [Listener(GATEWAY, LOOPBACK, 0)])
    await app.start()
    try:
        url = app.url(GATEWAY)
        assert url is not None
        async with aiohttp.ClientSession(url, cookie_jar=aiohttp.DummyCookieJar()) as client:
            yield Gateway(Served(emulator, url, client))
    finally:
        await app.stop()
