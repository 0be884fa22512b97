"""GET /ws: the endpoint that pumps a socket's frames to a conversation and back (contract openclaw §1.13)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from aiohttp import WSMsgType, web

from emulator.engine.call import Call
from emulator.engine.store import Write
from emulator.model.gateway import Json, Scope
from emulator.model.rule import Death, End
from emulator.runtime.chat import Chats
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Chunk, Died, Item
from emulator.surfaces.close import Close
from emulator.surfaces.death import end_connection
from emulator.surfaces.http import added
from emulator.surfaces.openclaw.asked import Answer, Asked
from emulator.surfaces.openclaw.authorization import Identity, require
from emulator.surfaces.openclaw.changes import changes_of
from emulator.surfaces.openclaw.chats import ChatEndpoints
from emulator.surfaces.openclaw.codec import json_bytes
from emulator.surfaces.openclaw.conversation import (
    POLICY_VIOLATION,
    Abort,
    Action,
    Conversation,
    Send,
    Start,
    refusal,
)
from emulator.surfaces.openclaw.events import frame
from emulator.surfaces.openclaw.failures import GatewayError, invalid_request, not_found, upgrade_required
from emulator.surfaces.outbox import Outbox

MAX_FRAME = 1024 * 1024
HEARTBEAT = 30.0
FAREWELL = 1.0
"""How many seconds a client gets to say goodbye when the server goes down."""
_GOING_AWAY = 1001
_UNSUPPORTED = 1003
_BROKEN = 1011

logger = logging.getLogger(__name__)


class SocketEndpoint:
    """All open sockets."""

    def __init__(
        self, emulator: Emulator, chats: Chats, endpoints: ChatEndpoints, job_row: Callable[[str], Json]
    ) -> None:
        """Start turns by `endpoints`; `job_row` gives the row of a job."""
        self._emulator = emulator
        self._chats = chats
        self._endpoints = endpoints
        self._job_row = job_row
        self._open: dict[_Socket, None] = {}

    async def connect(self, asked: Asked) -> Answer:
        """Answer GET /ws."""
        request = asked.request
        if request.method != "GET" or request.headers.get("Upgrade", "").lower() != "websocket":
            raise upgrade_required()
        response = _Response(heartbeat=HEARTBEAT, max_msg_size=MAX_FRAME + 1, compress=False)
        try:
            response.headers.update(added())
            await response.prepare(request)
        except web.HTTPBadRequest as error:
            raise invalid_request(f"no WebSocket handshake: {error.text}") from error
        socket = _Socket(asked, response, self._emulator, self._chats, self._endpoints)
        self._open[socket] = None
        try:
            now, cut = self._emulator.clock.now(), partial(end_connection, request, End.DISCONNECT)
            with self._emulator.connections.opened("socket", request.path, now, request.remote, cut, socket.close):
                await socket.serve(self._job_row)
        except Exception:
            logger.exception("a bug in the emulator: a socket failed")
            await response.close(code=_BROKEN, message=b"internal error")
        finally:
            del self._open[socket]
        return response

    def check(self, still: Callable[[Identity], Identity | None]) -> None:
        """Close the sockets whose credential is no longer good; `still` says who a caller is by now."""
        for socket in tuple(self._open):
            socket.check(still)

    async def close(self) -> None:
        """Tell everybody that the server goes down."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                farewells = [each.leave(_GOING_AWAY, b"server is going down") for each in self._open]
                await asyncio.gather(*farewells, return_exceptions=True)


class _Response(web.WebSocketResponse):
    """A socket on which a ping goes out after so many seconds, and which is dead after as many more without a pong."""

    def __init__(self, *, heartbeat: float, max_msg_size: int, compress: bool) -> None:
        super().__init__(heartbeat=heartbeat, max_msg_size=max_msg_size, compress=compress)
        self._pong_heartbeat = heartbeat


class _Socket:
    """One socket: what it hears is done at once."""

    __slots__ = (
        "_asked",
        "_chats",
        "_conversation",
        "_emulator",
        "_endpoints",
        "_identity",
        "_outbox",
        "_request",
        "_response",
        "_stops",
    )

    def __init__(
        self,
        asked: Asked,
        response: web.WebSocketResponse,
        emulator: Emulator,
        chats: Chats,
        endpoints: ChatEndpoints,
    ) -> None:
        assert asked.identity is not None
        self._identity = asked.identity
        self._response = response
        self._asked = asked
        self._request = asked.request
        self._emulator = emulator
        self._chats = chats
        self._endpoints = endpoints
        self._conversation = Conversation()
        self._stops: dict[str, Callable[[], None]] = {}
        self._outbox: Outbox | None = None

    async def serve(self, job_row: Callable[[str], Json]) -> None:
        """Pump until either side has enough."""
        unsubscribe = self._emulator.on_commit(partial(self._tell_changes, job_row))
        async with asyncio.TaskGroup() as tasks:
            complain = partial(self._emulator.give_up, Call("GET /ws", None, {}, address=self._request.remote))
            self._outbox = Outbox(self._request, self._response, tasks, complain)
            try:
                async for message in self._response:
                    if message.type is WSMsgType.TEXT:
                        self._hear(message.data)
                    elif message.type is WSMsgType.BINARY:
                        self._say(Close(_UNSUPPORTED, "only text is spoken here"))
            finally:  # before the tasks are waited for: they take no others any more
                unsubscribe()
                for stop in self._stops.values():
                    stop()
                self._outbox.end()

    def check(self, still: Callable[[Identity], Identity | None]) -> None:
        """Go on as who the caller is by now."""
        identity = still(self._identity)
        if identity is None:
            self._say(Close(POLICY_VIOLATION, "credential revoked"))
        else:
            self._identity = identity

    def close(self, code: int, reason: str) -> None:
        """Close as somebody steers it."""
        self._say(Close(code, reason))

    async def leave(self, code: int, reason: bytes) -> None:
        """Close from this side."""
        await self._response.close(code=code, message=reason)

    def _hear(self, text: str) -> None:
        for action in self._conversation.receive(text, self._emulator.clock.now()):
            self._do(action)

    def _do(self, action: Action) -> None:
        match action:
            case Send(frame_to_send):
                self._say(frame_to_send)
            case Start() | Abort():
                try:
                    require(self._identity, Scope.WRITE)
                    self._start(action) if isinstance(action, Start) else self._abort(action)
                except GatewayError as error:
                    self._say(refusal(error, action.id))
            case Close():
                self._say(action)

    def _start(self, action: Start) -> None:
        show = partial(self._show, action.message.key.text, action.id)
        self._endpoints.admit(action.message, self._asked._replace(identity=self._identity))
        run = self._endpoints.start(action.message, self._request, is_streamed=True, watcher=show)
        if run.end is None:
            self._stops[run.id] = run.stop_watching(show)

    def _show(self, session: str, turn_id: Json, item: Item) -> None:
        event = item.event
        if not isinstance(event, Chunk):
            self._stops.pop(item.run_id, None)
        if isinstance(event, Died):
            self._say(event.death)
            return
        written = frame(item, session, turn_id)
        assert written is not None
        self._say(written)

    def _abort(self, action: Abort) -> None:
        key = action.key.text if action.key is not None else None
        if key is None and action.run_id is not None:
            run = self._chats.find(action.run_id)
            key = run.session if run else None
        if key is None or not self._chats.abort(key, action.run_id):
            raise not_found("no run to abort")

    def _tell_changes(self, job_row: Callable[[str], Json], writes: tuple[Write, ...]) -> None:
        topics = self._conversation.topics
        for topic, data in changes_of(writes, job_row) if topics else ():
            if topic in topics:
                self._say({"type": "event", "event": topic, "data": data})

    def _say(self, what: dict[str, Json] | Close | Death) -> None:
        if self._outbox is not None:
            self._outbox.say(json_bytes(what) if isinstance(what, dict) else what)
