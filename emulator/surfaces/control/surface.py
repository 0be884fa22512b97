"""The control API as a whole: who may use it, its routes, and what becomes of errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from aiohttp import web

from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.surfaces.control.endpoints import Asked, ControlEndpoints, Stage, json_bytes
from emulator.surfaces.control.failures import INTERNAL, ControlError, bad_request, not_found
from emulator.surfaces.control.guard import check_caller, check_host
from emulator.surfaces.control.metrics import CONTENT_TYPE, Metrics
from emulator.surfaces.control.openapi import describe
from emulator.surfaces.control.routes import FOLLOW, METRICS, OPENAPI, PREFIX, Route, routes_of
from emulator.surfaces.control.views import entry_row
from emulator.surfaces.http import BodyTooLargeError, BrokenBodyError, Reply, path_of, read_body
from emulator.surfaces.paths import PathError, PathTable
from emulator.surfaces.ready import respond

MAX_BODY = 16 * 1024 * 1024
MAX_WAITING = 1_000
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}

logger = logging.getLogger(__name__)


class ControlSurface:
    """Answers every request under ``/__emulator/``."""

    def __init__(
        self, emulator: Emulator, token: str, stage: Callable[[], Stage | None], hosts: Collection[str]
    ) -> None:
        """Let who has `token` change things; `hosts` are the names by which the emulator may be called."""
        self._emulator = emulator
        self._token = token
        self._hosts = frozenset(hosts)
        self._metrics = Metrics(emulator)
        self._routes: PathTable[Route] = PathTable()
        self._listed = routes_of(ControlEndpoints(emulator, stage))
        for route in self._listed:
            self._routes.add((route.method,), f"{PREFIX}{route.path}", route)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        try:
            answer = await self._answer(request)
        except ControlError as error:
            answer = Reply(error.status, error.body, dict(_HEADERS))
        except Exception:
            logger.exception("a bug in the emulator: %s %s failed", request.method, path_of(request))
            answer = Reply(500, INTERNAL.body, dict(_HEADERS))
        if isinstance(answer, Reply):
            status, body, headers = answer
            return respond(request, status, body, headers)
        return answer

    async def _answer(self, request: web.BaseRequest) -> Reply | web.StreamResponse:
        headers = request.headers
        check_host(headers.get("Host"), self._hosts)
        path = path_of(request)
        found = self._routes.find(path)
        route = found.methods.get(request.method) if found else None
        check_caller(
            changes=route is not None and route.changes,
            origin=headers.get("Origin"),
            address=request.remote,
            authorization=headers.get("Authorization"),
            token=self._token,
        )
        if request.method in ("GET", "HEAD") and path in (FOLLOW, METRICS, OPENAPI):
            return await self._special(request, path)
        if found is None:
            raise not_found(f"nothing is at {path}", f"{OPENAPI} lists what there is")
        if route is None:
            allowed = ", ".join(sorted(found.methods))
            raise ControlError(405, "method_not_allowed", f"{request.method} is not for {path}; use {allowed}")
        try:
            body = await read_body(request, MAX_BODY)
        except BodyTooLargeError as error:
            raise ControlError(413, "too_large", f"the body is larger than {MAX_BODY} bytes") from error
        except BrokenBodyError as error:
            raise bad_request(f"the body cannot be read: {error}") from error
        try:
            parameters = found.parameters
        except PathError as error:
            raise bad_request(str(error)) from error
        tree = await route.endpoint(Asked(parameters, request.query, body))
        return Reply(200, json_bytes(tree), dict(_HEADERS))

    async def _special(self, request: web.BaseRequest, path: str) -> Reply | web.StreamResponse:
        if path == METRICS:
            return Reply(200, self._metrics.text().encode(), {"Content-Type": CONTENT_TYPE})
        if path == OPENAPI:
            return Reply(200, json_bytes(describe(self._listed)), dict(_HEADERS))
        return await self._follow(request)

    async def _follow(self, request: web.BaseRequest) -> web.StreamResponse:
        """Send each call as it comes, as server-sent events; who cannot keep up is cut off."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        waiting: asyncio.Queue[Entry] = asyncio.Queue(MAX_WAITING)
        overflow = asyncio.Event()

        def hear(entry: Entry) -> None:
            try:
                waiting.put_nowait(entry)
            except asyncio.QueueFull:
                overflow.set()

        stop = self._emulator.journal.listen(hear)
        try:
            await response.write(b"retry: 3000\n\n")
            while not overflow.is_set():
                entry = await waiting.get()
                await response.write(b"id: %d\ndata: %b\n\n" % (entry.number, json_bytes(entry_row(entry))))
        finally:
            stop()
        return response
