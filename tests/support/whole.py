"""A whole server of scenario files in this process, with its control API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from emulator.app import GATEWAY, LOOPBACK, Listener
from emulator.reload.report import Report
from emulator.scenario.load import Loader
from emulator.server import Server
from emulator.worlds import Terms
from tests.support.described import check_described
from tests.support.scenarios import write_files

LISTENERS = (Listener("convex", LOOPBACK, 0), Listener(GATEWAY, LOOPBACK, 0))


@dataclass(frozen=True)
class Whole:
    """A running server of the files in `folder`; `reports` are what its reloads told."""

    server: Server
    folder: Path
    client: aiohttp.ClientSession
    reports: list[Report]

    async def save(self, name: str, text: str) -> None:
        """Save a file and have it loaded."""
        write_files(self.folder, {name: text})
        await self.server.reloader.reload()

    async def ask(
        self, method: str, path: str, body: object = None, facts: Mapping[str, Any] | None = None
    ) -> tuple[int, Any]:
        """Ask the control API of the server, or of the emulator that has other facts; return status and answer."""
        told = facts or self.server.facts()
        headers = {"Authorization": f"Bearer {told['token']}"}
        url = f"{told['control_url']}{path.removeprefix('/')}"
        async with self.client.request(method, url, json=body, headers=headers) as answer:
            body = await answer.read()
        check_described(method, answer.url.raw_path, answer.status, answer.headers.get("Content-Type"), body)
        return answer.status, json.loads(body)

    async def tell(self, method: str, path: str, body: object = None, facts: Mapping[str, Any] | None = None) -> Any:
        """Ask something that must be granted, and return the answer."""
        status, answer = await self.ask(method, path, body, facts)
        assert status == 200, answer
        return answer

    async def call(self, name: str, args: object = None, facts: Mapping[str, Any] | None = None) -> Any:
        """Call a function and return its value, or its error."""
        told = facts or self.server.facts()
        url = f"{told['convex_url']}/api/run/{name.replace(':', '/')}"
        async with self.client.post(url, json={"args": args or {}}) as answer:
            answered = await answer.json()
            return answered.get("value", answered.get("errorMessage"))


@asynccontextmanager
async def whole(
    folder: Path,
    files: Mapping[str, str],
    listeners: Sequence[Listener] = LISTENERS,
    wanted: str | None = None,
    keeping: Terms | None = None,
) -> AsyncIterator[Whole]:
    """Serve these files until the block ends; nothing is watched, reloads are asked for."""
    write_files(folder, dict(files))
    loader = Loader([folder])
    reports: list[Report] = []
    server = Server(loader, loader.load(), wanted, listeners, reports.append, keeping)
    await server.start()
    try:
        async with aiohttp.ClientSession() as client:
            yield Whole(server, folder, client, reports)
    finally:
        await server.stop()
