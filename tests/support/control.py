"""The control API of an app in this process, and what tests say to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from emulator.app import GATEWAY, LOOPBACK, App, Listener
from emulator.model.scenario import Scenario
from emulator.runtime.clock import Clock
from emulator.runtime.emulator import Emulator
from emulator.surfaces.control.house import Stage
from tests.support.clocks import WatchedClock
from tests.support.described import check_described

TOKEN = "token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PREFIX = "/__emulator"


@dataclass(frozen=True)
class Told:
    """An answer of the control API."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which must be JSON."""
        assert self.headers["Content-Type"] == "application/json", self
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of an error, which must have its one shape."""
        assert self.status >= 400, self
        error = self.json["error"]
        assert set(self.json) == {"error"}, self
        assert set(error) <= {"code", "message", "hint", "problems"}, self
        return self.status, error["code"], error["message"]

    @property
    def hint(self) -> str:
        """What an error says is to be done."""
        return str(self.json["error"]["hint"])


@dataclass(frozen=True)
class Control:
    """A running app, and a client of its control API."""

    app: App
    emulator: Emulator
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Where it listens."""
        url = self.app.url("convex")
        assert url is not None
        return url

    async def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Told:
        """Send a request to the control API, as it is; bytes are a body as it is. The answer must be as described."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        url = f"{self.url}{PREFIX}{path}"
        async with self.client.request(method, url, data=data, headers=headers, allow_redirects=False) as answer:
            told = Told(answer.status, answer.headers, await answer.read())
        check_described(method, answer.url.raw_path, told.status, told.headers.get("Content-Type"), told.body)
        return told

    async def get(self, path: str) -> Any:
        """Return what is at a path."""
        told = await self.ask("GET", path)
        assert told.status == 200, told
        return told.json

    async def send(self, method: str, path: str, body: object = None) -> Any:
        """Do something that needs the token, and return the answer."""
        told = await self.ask(method, path, body, BEARER)
        assert told.status == 200, told
        return told.json

    async def refusal(self, method: str, path: str, body: object = None) -> tuple[int, str, str]:
        """Return what somebody with the token is refused with."""
        return (await self.ask(method, path, body, BEARER)).error

    async def call(self, name: str, args: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Call a function and return the whole answer."""
        body = json.dumps({"args": args or {}}).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        url = f"{self.url}/api/run/{name.replace(':', '/')}"
        async with self.client.post(url, data=body, headers=given) as answer:
            return json.loads(await answer.read())


@asynccontextmanager
async def controlling(
    scenario: Scenario, clock: Clock | None = None, stage: Stage | None = None, listeners: tuple[Listener, ...] = ()
) -> AsyncIterator[Control]:
    """Serve a scenario until the block ends."""
    emulator = Emulator(scenario, clock or WatchedClock())
    app = App(emulator, listeners or [Listener("convex", LOOPBACK, 0), Listener(GATEWAY, LOOPBACK, 0)], TOKEN)
    app.stage = stage
    await app.start()
    try:
        async with aiohttp.ClientSession() as client:
            yield Control(app, emulator, client)
    finally:
        await app.stop()
