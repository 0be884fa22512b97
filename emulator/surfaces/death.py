"""Connections that die over an answer, as a scenario wants it: closed, reset, full of nonsense, or silent for ever."""

from __future__ import annotations

import asyncio
import socket
import struct
from http.client import responses

from aiohttp import web

from emulator.model.rule import Death, End
from emulator.surfaces.http import Reply

_NO_LINGERING = struct.pack("ii", 1, 0)
_NONSENSE = b'{"\xff\xfe: not JSON'


class DyingError(Exception):
    """An answer over which the connection is to die."""

    def __init__(self, death: Death, reply: Reply) -> None:
        """Keep the answer, some of which may be sent before."""
        super().__init__(death.end.value)
        self.death = death
        self.reply = reply


class GoneResponse(web.StreamResponse):
    """Says nothing more: all is said, or the connection is dead."""

    def __init__(self, *, is_kept: bool = False) -> None:
        """Be nothing; `is_kept` says whether the connection goes on."""
        self._status = 200
        self._is_kept = is_kept

    @property
    def keep_alive(self) -> bool:
        """Whether the connection goes on."""
        return self._is_kept

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing."""


async def die(request: web.BaseRequest, death: Death, reply: Reply) -> web.StreamResponse:
    """Let the connection die over an answer; so many bytes of its body are sent before, none if that is not said."""
    transport = request.transport
    status, body, headers = reply
    match death.end:
        case End.TIMEOUT:
            await asyncio.Event().wait()
        case End.MALFORMED:
            kept = body[: death.after_bytes] if death.after_bytes is not None else body[: len(body) // 2]
            return web.Response(status=status, body=kept + _NONSENSE, headers=headers)
        case End.DISCONNECT | End.RESET:
            if transport is not None and death.after_bytes is not None:
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                head = f"HTTP/1.1 {status} {responses.get(status, '')}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
                transport.write(head.encode() + body[: death.after_bytes])
    end_connection(request, death.end)
    return GoneResponse()


def end_connection(request: web.BaseRequest, end: End) -> None:
    """Close a connection: with a reset its peer hears of an error, otherwise of an end that comes too soon."""
    transport = request.transport
    if transport is None:
        return
    if end is End.RESET:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
    transport.close()  # what was written before is still sent
