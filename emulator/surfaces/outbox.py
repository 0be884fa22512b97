"""What a socket has to say: one thing after another, and not more than its reader lets pile up (contract §1.13)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from struct import pack
from typing import TypeAlias

from aiohttp import WSMsgType, web

from emulator.model.rule import Death, End
from emulator.surfaces.close import Close
from emulator.surfaces.death import end_connection
from emulator.surfaces.pipe import MAX_BUFFERED, Pipe

_NONSENSE = b"{not JSON"
_TEXT = 0x81  # the first byte of a text that is one frame
_MAX_SHORT, _MAX_MEDIUM = 125, 0xFFFF
_MEDIUM, _LONG = 126, 127
_LONGEST_REASON = 123  # bytes (RFC 6455 §5.5)

Said: TypeAlias = bytes | Close | Death


class Outbox:
    """Frames go straight to the connection; only closing takes a task, because it waits for the other side."""

    __slots__ = ("_is_over", "_pipe", "_request", "_response", "_tasks")

    def __init__(
        self,
        request: web.BaseRequest,
        response: web.WebSocketResponse,
        tasks: asyncio.TaskGroup,
        complain: Callable[[str], None],
        most: int = MAX_BUFFERED,
    ) -> None:
        """Say nothing yet; `most` bytes may wait for the reader, or `complain` is told why he is cut off."""
        self._request = request
        self._response = response
        self._tasks = tasks
        self._pipe = Pipe(request, most, complain)
        self._is_over = False

    def say(self, what: Said) -> None:
        """Send a frame, close the socket, or let it die; nothing is sent behind either end."""
        if self._is_over or self._response.closed:
            return
        if isinstance(what, bytes):
            self._is_over = not self._pipe.write(_framed(what))
        elif isinstance(what, Close):
            self._is_over = True
            self._tasks.create_task(self._close(what))
        elif what.end is End.MALFORMED:
            self._is_over = not self._pipe.write(_framed(_NONSENSE))
        elif what.end is not End.TIMEOUT:
            self._is_over = True
            end_connection(self._request, what.end)

    def end(self) -> None:
        """Say nothing more."""
        self._is_over = True

    async def _close(self, close: Close) -> None:
        with suppress(ConnectionError):
            if close.code is None:  # the other side's answer ends the socket; until then nothing more is said
                await self._response.send_frame(b"", WSMsgType.CLOSE)
            else:
                await self._response.close(code=close.code, message=_shortened(close.reason))


def _shortened(reason: str) -> bytes:
    """Return as much of a reason as a closing frame takes."""
    return reason.encode()[:_LONGEST_REASON].decode(errors="ignore").encode()


def _framed(text: bytes) -> bytes:
    """Return a text as one frame; aiohttp's own way to send one takes a task each time (RFC 6455 §5.2)."""
    size = len(text)
    if size <= _MAX_SHORT:
        return pack("!BB", _TEXT, size) + text
    if size <= _MAX_MEDIUM:
        return pack("!BBH", _TEXT, _MEDIUM, size) + text
    return pack("!BBQ", _TEXT, _LONG, size) + text
