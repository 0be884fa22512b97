"""GET /api/{version}/sync: pumps the frames of sockets to sessions and back."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web

from emulator.engine.call import Call
from emulator.engine.plan import Finish, Passed
from emulator.model.rule import Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.live import LiveQueries
from emulator.runtime.perform import perform
from emulator.surfaces.close import Close
from emulator.surfaces.convex.failures import ApiError, failure_error
from emulator.surfaces.convex.sync.frames import PING
from emulator.surfaces.convex.sync.outcomes import Outcomes
from emulator.surfaces.convex.sync.session import Session
from emulator.surfaces.death import DyingError
from emulator.surfaces.http import Reply
from emulator.surfaces.outbox import Outbox

MAX_FRAME = 20 * 1024 * 1024
_SILENCE = 15.0
_HEARTBEAT = 30.0
_GOING_AWAY = 1001
OPERATION = "sync"


class SyncEndpoint:
    """All sockets of live clients, and the queries that they watch together."""

    def __init__(self, emulator: Emulator) -> None:
        """Keep clients up to date with `emulator`."""
        self._emulator = emulator
        self._live: LiveQueries | None = None
        self._outcomes = Outcomes()
        self._open: dict[web.WebSocketResponse, None] = {}

    async def connect(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Answer an upgrade; raise ApiError for anything else."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise ApiError(400, "InvalidConnectionHeader", "Connection header did not include 'upgrade'")
        await self._admit(request)
        response = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=MAX_FRAME, compress=False)
        if not response.can_prepare(request).ok:
            raise ApiError(400, "InvalidConnectionHeader", "the WebSocket handshake is not complete")
        await response.prepare(request)
        self._open[response] = None
        try:
            await self._serve(request, response)
        finally:
            del self._open[response]
        return response

    async def close(self) -> None:
        """Tell everybody that the server goes down."""
        for response in tuple(self._open):
            await response.close(code=_GOING_AWAY, message=b"server is going down")

    async def _admit(self, request: web.BaseRequest) -> None:
        entry = self._emulator.admit(Call(OPERATION, None, {}, address=request.remote))
        finish: Finish = await perform(entry.decision.plan, self._emulator.clock, entry.at)
        if finish.death is not None:
            raise DyingError(finish.death, Reply(400, b"", {}))
        if not isinstance(finish.ending, Passed):
            raise failure_error(finish.ending if isinstance(finish.ending, Failure) else Failure(429))

    async def _serve(self, request: web.BaseRequest, response: web.WebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        if self._live is None:
            self._live = LiveQueries(self._emulator, loop.call_soon)
        async with asyncio.TaskGroup() as tasks:
            outbox = Outbox(request, response, tasks)
            session = Session(self._emulator, self._live, self._outcomes, outbox.say, request.remote)
            ping = _Pulse(outbox, loop)
            try:
                async for message in response:
                    if message.type is WSMsgType.TEXT:
                        session.receive(message.data)
                    elif message.type is WSMsgType.BINARY:
                        outbox.say(Close(1003, "text frames only"))
            finally:
                ping.stop()
                session.leave()
                outbox.end()


class _Pulse:
    """Says Ping every fifteen seconds, for clients that hear nothing otherwise; in real time, which is theirs."""

    def __init__(self, outbox: Outbox, loop: asyncio.AbstractEventLoop) -> None:
        self._outbox = outbox
        self._loop = loop
        self._timer = loop.call_later(_SILENCE, self._beat)

    def stop(self) -> None:
        self._timer.cancel()

    def _beat(self) -> None:
        self._outbox.say(PING)
        self._timer = self._loop.call_later(_SILENCE, self._beat)
