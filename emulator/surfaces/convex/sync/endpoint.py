"""GET /api/{version}/sync: pumps the frames of sockets to sessions and back."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Collection
from contextlib import suppress
from functools import partial

from aiohttp import WSMsgType, web

from emulator.engine.call import Call
from emulator.engine.plan import Passed
from emulator.model.overlay import HANDSHAKE, SOCKET
from emulator.model.rule import Death, End, Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.runtime.later import Later
from emulator.runtime.live import LiveQueries
from emulator.runtime.perform import perform
from emulator.surfaces.close import Close
from emulator.surfaces.convex.failures import ApiError, failure_error
from emulator.surfaces.convex.sync.asker import INTERNAL, Asker
from emulator.surfaces.convex.sync.frames import PING
from emulator.surfaces.convex.sync.session import Common, Session
from emulator.surfaces.convex.sync.troubles import Switches
from emulator.surfaces.convex.sync.valve import Valve
from emulator.surfaces.death import DyingError, end_connection
from emulator.surfaces.http import Reply, added, text_headers
from emulator.surfaces.outbox import Outbox
from emulator.surfaces.uses import uses_of

MAX_FRAME = 20 * 1024 * 1024
MAX_WAITING = 16 * 1024 * 1024
SILENCE = 15.0
"""After so many seconds there is a Ping, for clients that hear nothing otherwise; in real time, which is theirs."""
_HEARTBEAT = 30.0
_FAREWELL = 1.0
_NOT_TEXT = Close(1003, "text frames only")
_GOING_AWAY = 1001
_VERSION = re.compile(r"/(\d{1,4})\.(\d{1,4})\.[^/]*/sync$")
_FIRST_WITH_CHUNKS = (1, 28)

logger = logging.getLogger(__name__)


class SyncEndpoint:
    """All sockets of live clients, and the queries that they watch together."""

    def __init__(self, emulator: Emulator, later: Later | None = None) -> None:
        """Keep clients up to date with `emulator`; `later` times their Pings, by the loop if it is left out."""
        self._emulator = emulator
        self._later = later
        self._common: Common | None = None
        self._open: dict[web.WebSocketResponse, Session] = {}
        emulator.on_swap(self._revise)
        emulator.on_warning(self._warn)

    async def connect(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Answer an upgrade; raise ApiError for anything else."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise ApiError(400, "InvalidConnectionHeader", "Connection header did not include 'upgrade'")
        response = _Response(heartbeat=_HEARTBEAT, max_msg_size=MAX_FRAME, compress=False)
        if request.method != "GET" or not response.can_prepare(request).ok:
            raise ApiError(400, "InvalidConnectionHeader", "The WebSocket handshake is not complete")
        handshake = await self._admit(request)
        response.headers.update(added())
        await response.prepare(request)
        async with asyncio.TaskGroup() as tasks:
            await self._serve(request, response, tasks, handshake)
        return response

    async def close(self) -> None:
        """Tell everybody that the server goes down."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                farewells = [each.close(code=_GOING_AWAY, message=b"server is going down") for each in self._open]
                await asyncio.gather(*farewells, return_exceptions=True)

    async def _admit(self, request: web.BaseRequest) -> Entry:
        """Hold a handshake against limits and faults."""
        entry = self._emulator.admit(Call(HANDSHAKE, None, {}, address=request.remote))
        finish = await perform(entry.decision.plan, self._emulator.clock, entry.at)
        if finish.death is not None:
            raise DyingError(Death(finish.death.end), Reply(400, b"", {}))
        if not isinstance(finish.ending, Passed):
            raise failure_error(finish.ending if isinstance(finish.ending, Failure) else Failure(429))
        return entry

    async def _serve(
        self, request: web.BaseRequest, response: _Response, tasks: asyncio.TaskGroup, handshake: Entry
    ) -> None:
        """Pump until either side has enough."""
        loop = asyncio.get_running_loop()
        if self._common is None:
            self._common = Common(self._emulator, LiveQueries(self._emulator, loop.call_soon))
            Switches(self._emulator, self._strike, self._relieve)
        complain = partial(self._emulator.give_up, Call(SOCKET, None, {}, address=request.remote))
        outbox = Outbox(request, response, tasks, complain, MAX_WAITING)
        valve = Valve(outbox.say, response.fall_silent, self._emulator.clock, complain, MAX_WAITING)
        asker = Asker(address=request.remote, headers=partial(text_headers, request), uses=uses_of(request))
        takes = _takes_chunks(request.path)
        session = Session(self._common, valve.say, asker, takes_chunks=takes)
        pulse = _Pulse(valve, self._later or loop.call_later)
        self._open[response] = session

        def close(code: int, reason: str) -> None:
            session.leave()
            outbox.say(Close(code, reason))

        now, cut = self._emulator.clock.now(), partial(end_connection, request, End.DISCONNECT)
        try:
            with self._emulator.connections.opened(HANDSHAKE, request.path, now, request.remote, cut, close):
                session.troubles.open(handshake)
                async for message in response:
                    if message.type is WSMsgType.TEXT:
                        session.receive(message.data)
                    elif message.type is WSMsgType.BINARY:
                        valve.say(_NOT_TEXT)
        except Exception:
            logger.exception("a bug in the emulator: a socket of a live client failed")
            valve.say(INTERNAL)
        finally:  # before the tasks are waited for: they take no others any more
            del self._open[response]
            pulse.stop()
            session.leave()
            valve.stop()
            outbox.end()

    def _revise(self) -> None:
        for session in tuple(self._open.values()):
            session.revise()

    def _strike(self, faults: frozenset[str]) -> None:
        for session in tuple(self._open.values()):
            session.troubles.strike(faults)

    def _relieve(self, faults: Collection[str]) -> None:
        for session in tuple(self._open.values()):
            session.troubles.relieve(faults)

    def _warn(self, text: str) -> None:
        for session in tuple(self._open.values()):
            session.warn(text)


class _Response(web.WebSocketResponse):
    """A socket that can fall silent."""

    def fall_silent(self) -> None:
        """Send no heartbeat any more, and answer none."""
        self._cancel_heartbeat()
        self._heartbeat = None
        self._autoping = False


def _takes_chunks(path: str) -> bool:
    """Whether a client knows TransitionChunk: npm's since 1.28, which says its version in the path."""
    found = _VERSION.search(path)
    return found is not None and (int(found[1]), int(found[2])) >= _FIRST_WITH_CHUNKS


class _Pulse:
    """Says Ping again and again."""

    def __init__(self, valve: Valve, later: Later) -> None:
        self._valve = valve
        self._later = later
        self._timer = later(SILENCE, self._beat)

    def stop(self) -> None:
        self._timer.cancel()

    def _beat(self) -> None:
        self._valve.say(PING)
        self._timer = self._later(SILENCE, self._beat)
