"""Connections that die over an answer, as a scenario wants it: closed, reset, full of nonsense, or silent for ever."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from emulator.model.rule import Death, End

_NO_LINGERING = struct.pack("ii", 1, 0)
_NONSENSE = b'{"\xff\xfe: not JSON'


class GoneResponse(web.StreamResponse):
    """Says nothing more: the connection is dead."""

    def __init__(self) -> None:
        """Be nothing."""
        self._status = 200

    @property
    def keep_alive(self) -> bool:
        """Whether the connection goes on, which it does not."""
        return False

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing."""


async def die(
    request: web.BaseRequest, death: Death, status: int, body: bytes, content_type: str
) -> web.StreamResponse:
    """Let the connection die over an answer; so many bytes of its body are sent before, none if that is not said."""
    transport = request.transport
    match death.end:
        case End.TIMEOUT:
            await asyncio.Event().wait()
        case End.MALFORMED:
            kept = body[: death.after_bytes] if death.after_bytes is not None else body[: len(body) // 2]
            return web.Response(status=status, body=kept + _NONSENSE, headers={"Content-Type": content_type})
        case End.DISCONNECT | End.RESET:
            if transport is not None and death.after_bytes is not None:
                head = f"HTTP/1.1 {status} OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
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
        transport.abort()
    else:
        transport.close()
