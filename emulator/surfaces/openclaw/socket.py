"""GET /ws: the endpoint that pumps a socket's frames to a conversation and back (contract openclaw §1.13)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

from aiohttp import WSMsgType, web

from emulator.engine.store import Write
from emulator.model.gateway import Json
from emulator.model.rule import Death, End
from emulator.runtime.chat import Chats
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Chunk, Died, Item
from emulator.surfaces.death import end_connection
from emulator.surfaces.openclaw.asked import Answer, Asked
from emulator.surfaces.openclaw.changes import changes_of
from emulator.surfaces.openclaw.chats import ChatEndpoints
from emulator.surfaces.openclaw.codec import json_bytes
from emulator.surfaces.openclaw.conversation import Abort, Action, Close, Conversation, Send, Start, refusal
from emulator.surfaces.openclaw.events import frame
from emulator.surfaces.openclaw.failures import GatewayError, not_found, upgrade_required

MAX_FRAME = 1024 * 1024
MAX_WAITING = 1_000
_HEARTBEAT = 30.0
_UNSUPPORTED = 1003
_GOING_AWAY = 1001
_TRY_AGAIN = 1013


class SocketEndpoint:
    """All open sockets."""

    def __init__(self, emulator: Emulator, chats: Chats, endpoints: ChatEndpoints) -> None:
        """Start turns by `endpoints`."""
        self._emulator = emulator
        self._chats = chats
        self._endpoints = endpoints
        self._open: dict[_Socket, None] = {}

    async def connect(self, asked: Asked) -> Answer:
        """Answer GET /ws."""
        headers = asked.request.headers
        if headers.get("Upgrade", "").lower() != "websocket":
            raise upgrade_required()
        response = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=MAX_FRAME, compress=False)
        await response.prepare(asked.request)
        socket = _Socket(asked, response, self._emulator, self._chats, self._endpoints)
        self._open[socket] = None
        try:
            await socket.serve()
        finally:
            del self._open[socket]
        return response

    async def close(self) -> None:
        """Tell everybody that the server goes down."""
        for socket in tuple(self._open):
            await socket.response.close(code=_GOING_AWAY, message=b"server is going down")


class _Socket:
    """One socket: what it hears is done at once; what it says waits in a queue, which is bounded."""

    def __init__(
        self,
        asked: Asked,
        response: web.WebSocketResponse,
        emulator: Emulator,
        chats: Chats,
        endpoints: ChatEndpoints,
    ) -> None:
        self.response = response
        self._asked = asked
        self._emulator = emulator
        self._chats = chats
        self._endpoints = endpoints
        self._conversation = Conversation()
        self._waiting: deque[dict[str, Json] | Close | Death] = deque()
        self._stops: dict[str, Callable[[], None]] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._is_sending = False

    async def serve(self) -> None:
        """Pump until either side has enough."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                async for message in self.response:
                    if message.type is WSMsgType.TEXT:
                        self._hear(message.data)
                    elif message.type is WSMsgType.BINARY:
                        self._say(Close(_UNSUPPORTED, "only text is spoken here"))
        finally:
            for stop in self._stops.values():
                stop()
            if self._unsubscribe is not None:
                self._unsubscribe()

    def _hear(self, text: str) -> None:
        for action in self._conversation.receive(text, self._emulator.clock.now()):
            self._do(action)
        is_listening = self._unsubscribe is not None
        if self._conversation.topics and not is_listening:
            self._unsubscribe = self._emulator.on_commit(self._tell_changes)
        elif is_listening and not self._conversation.topics:
            assert self._unsubscribe is not None
            self._unsubscribe()
            self._unsubscribe = None

    def _do(self, action: Action) -> None:
        match action:
            case Send(frame_to_send):
                self._say(frame_to_send)
            case Start():
                self._start(action)
            case Abort():
                self._abort(action)
            case Close():
                self._say(action)

    def _start(self, action: Start) -> None:
        show = partial(self._show, action.message.key.text, action.id)
        try:
            run = self._endpoints.start(action.message, self._asked.request, is_streamed=True, watcher=show)
        except GatewayError as error:
            self._say(refusal(error, action.id))
            return
        if run.end is None:
            self._stops[run.id] = run.stop_watching(show)

    def _show(self, session: str, turn_id: Json, item: Item) -> None:
        event = item.event
        if isinstance(event, Died):
            self._say(event.death)
            return
        written = frame(item, session, turn_id)
        if written is not None:
            self._say(written)
        if not isinstance(event, Chunk):
            self._stops.pop(item.run_id, None)

    def _abort(self, action: Abort) -> None:
        key = action.key.text if action.key is not None else None
        if key is None and action.run_id is not None:
            run = self._chats.find(action.run_id)
            key = run.session if run else None
        if key is None or not self._chats.abort(key, action.run_id):
            self._say(refusal(not_found("no run to abort"), action.id))

    def _tell_changes(self, writes: tuple[Write, ...]) -> None:
        for topic, data in changes_of(writes):
            if topic in self._conversation.topics:
                self._say({"type": "event", "event": topic, "data": data})

    def _say(self, what: dict[str, Json] | Close | Death) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            what = Close(_TRY_AGAIN, "too slow")
        self._waiting.append(what)
        if not self._is_sending and self._tasks is not None:
            self._is_sending = True
            self._tasks.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._waiting:
                await self._send_one(self._waiting.popleft())
        except ConnectionError:
            self._waiting.clear()
        finally:
            self._is_sending = False

    async def _send_one(self, what: dict[str, Json] | Close | Death) -> None:
        if isinstance(what, Close):
            await self.response.close(code=what.code, message=what.reason.encode())
        elif not isinstance(what, Death):
            await self.response.send_str(json_bytes(what).decode())
        elif what.end is End.MALFORMED:
            await self.response.send_str("{not JSON")
        elif what.end is not End.TIMEOUT:
            end_connection(self._asked.request, what.end)
