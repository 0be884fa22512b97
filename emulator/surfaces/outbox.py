"""What a socket has to say: one thing after another, and not more than its reader lets pile up (contract §1.13)."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TypeAlias

from aiohttp import WSMsgType, web

from emulator.model.rule import Death, End
from emulator.surfaces.close import Close
from emulator.surfaces.death import end_connection

MAX_WAITING = 4 * 1024 * 1024
_NORMAL = 1000
_NONSENSE = b"{not JSON"
_SURVIVED = (End.MALFORMED, End.TIMEOUT)
"""Deaths of an answer that its socket survives."""

Said: TypeAlias = bytes | Close | Death


class Outbox:
    """A queue, sent by one task at a time; a reader that lets too much pile up is cut off.

    That is known when something is said later: what is said in one go may be as long as it likes.
    """

    def __init__(self, request: web.BaseRequest, response: web.WebSocketResponse, tasks: asyncio.TaskGroup) -> None:
        """Say nothing yet."""
        self._request = request
        self._response = response
        self._tasks = tasks
        self._waiting: deque[Said] = deque()
        self._size = 0
        self._is_sending = False
        self._is_in_one_go = False
        self._is_over = False

    def say(self, what: Said) -> None:
        """Send a frame, close the socket, or let it die; nothing is sent behind either end."""
        if self._is_over:
            return
        if not self._is_in_one_go:
            if self._size > MAX_WAITING:
                self._cut()
                return
            self._is_in_one_go = True
            asyncio.get_running_loop().call_soon(self._note_pause)
        self._waiting.append(what)
        self._size += len(what) if isinstance(what, bytes) else 0
        self._is_over = not isinstance(what, bytes) and not (isinstance(what, Death) and what.end in _SURVIVED)
        if not self._is_sending:
            self._is_sending = True
            self._tasks.create_task(self._send())

    def end(self) -> None:
        """Say nothing more than what waits."""
        self._is_over = True

    def _note_pause(self) -> None:
        self._is_in_one_go = False

    def _cut(self) -> None:
        self._is_over = True
        self._waiting.clear()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _send(self) -> None:
        try:
            while self._waiting:
                what = self._waiting.popleft()
                await self._send_one(what)
                self._size -= len(what) if isinstance(what, bytes) else 0
        except ConnectionError:
            self._is_over = True
            self._waiting.clear()
        finally:
            self._is_sending = False

    async def _send_one(self, what: Said) -> None:
        if isinstance(what, bytes):
            await self._response.send_frame(what, WSMsgType.TEXT)
        elif isinstance(what, Close):
            if what.code is None:
                await self._response.send_frame(b"", WSMsgType.CLOSE)
            await self._response.close(code=what.code or _NORMAL, message=what.reason.encode())
        elif what.end is End.MALFORMED:
            await self._response.send_frame(_NONSENSE, WSMsgType.TEXT)
        elif what.end is not End.TIMEOUT:
            end_connection(self._request, what.end)
