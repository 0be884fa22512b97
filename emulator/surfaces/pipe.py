"""Bytes straight to a connection; a reader that lets too much of them pile up is cut off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web

MAX_BUFFERED = 4 * 1024 * 1024

logger = logging.getLogger(__name__)


class Pipe:
    """The way to one reader.

    That it lets too much pile up is known when something is written later: what is written in one go may be as long as
    it likes.
    """

    __slots__ = ("_complain", "_is_too_full", "_most", "_remote", "_transport")

    def __init__(
        self, request: web.BaseRequest, most: int = MAX_BUFFERED, complain: Callable[[str], None] = logger.warning
    ) -> None:
        """Write to whoever sent `request`; `most` bytes may wait for him, or `complain` is told why he is cut off."""
        self._remote = request.remote
        self._transport = request.transport
        self._most = most
        self._complain = complain
        self._is_too_full = False

    def write(self, data: bytes) -> bool:
        """Write; say whether there is a reader, still."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if self._is_too_full:
            self._is_too_full = False
            waiting = transport.get_write_buffer_size()
            if waiting > self._most:
                transport.abort()
                self._complain(f"{self._remote} reads too slowly and is cut off: {waiting} bytes wait")
                return False
        transport.write(data)
        if transport.get_write_buffer_size() > self._most:
            asyncio.get_running_loop().call_soon(self._note_too_full)
        return True

    def _note_too_full(self) -> None:
        self._is_too_full = True
