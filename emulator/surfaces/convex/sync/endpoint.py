"""GET /api/{version}/sync: pumps the frames of sockets to sessions and back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeAlias

from aiohttp import WSMsgType, web

from emulator.engine.call import Call
from emulator.engine.plan import Passed
from emulator.model.rule import End, Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.live import LiveQueries
from emulator.runtime.perform import perform
from emulator.surfaces.close import Close
from emulator.surfaces.convex.failures import ApiError, failure_error
from emulator.surfaces.convex.sync.asker import INTERNAL
from emulator.surfaces.convex.sync.frames import PING
from emulator.surfaces.convex.sync.outcomes import Outcomes
from emulator.surfaces.convex.sync.session import Session
from emulator.surfaces.death import DyingError, end_connection
from emulator.surfaces.http import Reply
from emulator.surfaces.outbox import Outbox

MAX_FRAME = 20 * 1024 * 1024
MAX_WAITING = 16 * 1024 * 1024
OPERATION = "sync"
SILENCE = 15.0
"""After so many seconds there is a Ping, for clients that hear nothing otherwise; in real time, which is theirs."""
_HEARTBEAT = 30.0
_FAREWELL = 1.0
_NOT_TEXT = Close(1003, "text frames only")
_GOING_AWAY = 1001

logger = logging.getLogger(__name__)


class Cancellable(Protocol):
    """A timer of the machine's."""

    def cancel(self) -> None:
        """Wait no more."""


Later: TypeAlias = Callable[[float, Callable[[], None]], Cancellable]
"""Has a function called after so many seconds."""


class SyncEndpoint:
    """All sockets of live clients, and the queries that they watch together."""

    def __init__(self, emulator: Emulator, later: Later | None = None) -> None:
        """Keep clients up to date with `emulator`; `later` times their Pings, by the loop if it is left out."""
        self._emulator = emulator
        self._later = later
        self._live: LiveQueries | None = None
        self._outcomes = Outcomes()
        self._open: dict[web.WebSocketResponse, Session] = {}
        emulator.on_swap(self._revise)
        emulator.on_warning(self._warn)

    async def connect(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Answer an upgrade; raise ApiError for anything else."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise ApiError(400, "InvalidConnectionHeader", "Connection header did not include 'upgrade'")
        response = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=MAX_FRAME, compress=False)
        if request.method != "GET" or not response.can_prepare(request).ok:
            raise ApiError(400, "InvalidConnectionHeader", "The WebSocket handshake is not complete")
        await self._admit(request)
        await response.prepare(request)
        now, cut = self._emulator.clock.now(), partial(end_connection, request, End.DISCONNECT)
        with self._emulator.connections.opened(OPERATION, request.path, now, request.remote, cut):
            async with asyncio.TaskGroup() as tasks:
                await self._serve(request, response, tasks)
        return response

    async def close(self) -> None:
        """Tell everybody that the server goes down."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                farewells = [each.close(code=_GOING_AWAY, message=b"server is going down") for each in self._open]
                await asyncio.gather(*farewells, return_exceptions=True)

    async def _admit(self, request: web.BaseRequest) -> None:
        """Hold a handshake against limits and faults."""
        entry = self._emulator.admit(Call(OPERATION, None, {}, address=request.remote))
        finish = await perform(entry.decision.plan, self._emulator.clock, entry.at)
        if finish.death is not None:
            raise DyingError(finish.death, Reply(400, b"", {}))
        if not isinstance(finish.ending, Passed):
            raise failure_error(finish.ending if isinstance(finish.ending, Failure) else Failure(429))

    async def _serve(self, request: web.BaseRequest, response: web.WebSocketResponse, tasks: asyncio.TaskGroup) -> None:
        """Pump until either side has enough."""
        loop = asyncio.get_running_loop()
        if self._live is None:
            self._live = LiveQueries(self._emulator, loop.call_soon)
        outbox = Outbox(request, response, tasks, MAX_WAITING)
        session = Session(self._emulator, self._live, self._outcomes, outbox.say, request.remote)
        pulse = _Pulse(outbox, self._later or loop.call_later)
        self._open[response] = session
        try:
            async for message in response:
                if message.type is WSMsgType.TEXT:
                    session.receive(message.data)
                elif message.type is WSMsgType.BINARY:
                    outbox.say(_NOT_TEXT)
        except Exception:
            logger.exception("a bug in the emulator: a socket of a live client failed")
            outbox.say(INTERNAL)
        finally:  # before the tasks are waited for: they take no others any more
            del self._open[response]
            pulse.stop()
            session.leave()
            outbox.end()

    def _revise(self) -> None:
        for session in tuple(self._open.values()):
            session.revise()

    def _warn(self, text: str) -> None:
        for session in tuple(self._open.values()):
            session.warn(text)


class _Pulse:
    """Says Ping again and again."""

    def __init__(self, outbox: Outbox, later: Later) -> None:
        self._outbox = outbox
        self._later = later
        self._timer = later(SILENCE, self._beat)

    def stop(self) -> None:
        self._timer.cancel()

    def _beat(self) -> None:
        self._outbox.say(PING)
        self._timer = self._later(SILENCE, self._beat)
