"""Answers whose pieces are written as they come, straight to the connection."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import responses

from aiohttp import HttpVersion11, web
from aiohttp.helpers import rfc822_formatted_time

from emulator.model.rule import End
from emulator.surfaces.death import GoneResponse, end_connection
from emulator.surfaces.pipe import Pipe


class ChunkedAnswer:
    """An answer whose length nobody knows before its end.

    Its connection goes on behind a good end, and is not said to close: clients that are told so take an answer that was
    cut for a whole one, Node's among them.
    """

    __slots__ = ("_is_chunked", "_is_kept", "_pipe", "_request")

    def __init__(self, request: web.BaseRequest) -> None:
        """Prepare to answer `request`; nothing is sent before :meth:`open`."""
        self._request = request
        self._is_chunked = request.version >= HttpVersion11
        self._is_kept = self._is_chunked and request.keep_alive
        self._pipe = Pipe(request)

    def open(self, headers: Mapping[str, str], status: int = 200, first: bytes = b"") -> bool:
        """Send the head, and perhaps a first piece with it; say whether there is a reader."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        framing = "Transfer-Encoding: chunked\r\n" if self._is_chunked else ""
        framing += "" if self._is_kept else "Connection: close\r\n"
        date = f"Date: {rfc822_formatted_time()}\r\n"
        head = f"HTTP/1.1 {status} {responses.get(status, '')}\r\n{lines}{date}{framing}\r\n"
        return self._send(head.encode("utf-8", "replace") + self._framed(first))

    def write(self, data: bytes) -> bool:
        """Send a piece; say whether there is a reader, still."""
        return self._send(self._framed(data))

    def close(self) -> bool:
        """End the answer well; say whether there was a reader, still."""
        return not self._is_chunked or self._send(b"0\r\n\r\n")

    def cut(self, end: End) -> None:
        """End the connection."""
        end_connection(self._request, end)
        self._is_kept = False

    @property
    def response(self) -> web.StreamResponse:
        """What an endpoint returns when the answer is over."""
        return GoneResponse(is_kept=self._is_kept)

    def _framed(self, data: bytes) -> bytes:
        """Return a piece as it travels; an empty one would be the end."""
        return b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked and data else data

    def _send(self, data: bytes) -> bool:
        if self._pipe.write(data):
            return True
        self._is_kept = False
        return False
