"""Raw sockets: requests as bytes, and answers taken apart without a client's opinions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 5


@dataclass(frozen=True)
class RawAnswer:
    """One answer as it was on the wire; names of headers in lower case, in the order they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    version: str = "HTTP/1.1"

    @property
    def closes(self) -> bool:
        """Whether the server closes the connection behind this answer."""
        return (self.header("connection") or "").lower() == "close" or self.version == "HTTP/1.0"

    def header(self, name: str) -> str | None:
        """Return a header that may stand there once, None when it does not."""
        found = [value for key, value in self.headers if key == name.lower()]
        assert len(found) <= 1, f"{name} stands there {len(found)} times: {found}"
        return found[0] if found else None

    @property
    def json(self) -> Any:
        """The body, which must be JSON."""
        assert self.header("content-type") == "application/json", self
        return json.loads(self.body)


class RawConnection:
    """An open connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, *, to: str = "POST") -> RawAnswer:
        """Read the answer to a request of method `to`; fail when it is not well-formed."""
        async with asyncio.timeout(PATIENCE):
            start, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")[:-4].split("\r\n")
            version, status, _ = start.split(" ", 2)
            assert version in {"HTTP/1.0", "HTTP/1.1"}
            headers = tuple(_parse_header(line) for line in lines)
            answer = RawAnswer(int(status), headers, b"", version)
            if answer.header("transfer-encoding") == "chunked" and to != "HEAD":
                return replace(answer, body=await self._chunks())
            assert answer.header("transfer-encoding") is None
            length = answer.header("content-length")
            if to == "HEAD" or answer.status < 200 or answer.status in {204, 304}:
                return answer
            assert length is not None
            return replace(answer, body=await self._reader.readexactly(int(length)))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        assert await self._reader.readexactly(2) == b"\r\n"
        return body

    async def rest(self) -> bytes:
        """Read until the server closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read()

    async def end(self) -> None:
        """Say that no more is to be sent."""
        self._writer.write_eof()

    async def close(self) -> None:
        """Close from this side; whatever the other side did before is no matter."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def reset(self) -> None:
        """Cut the connection without a word."""
        self._writer.transport.abort()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[RawConnection]:
    """Connect to a server until the block ends."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    connection = RawConnection(reader, writer)
    try:
        yield connection
    finally:
        await connection.close()


def request_bytes(
    method: str, path: str | bytes, body: bytes = b"", headers: Mapping[str, str | bytes] | None = None
) -> bytes:
    """Return a request; one with a body is JSON of the right length unless `headers` say otherwise."""
    given: dict[str, str | bytes] = {"Host": "emulator"}
    if body or method == "POST":
        given |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    given |= headers or {}
    lines = [b"%b: %b" % (_bytes(name), _bytes(value)) for name, value in given.items()]
    return b"\r\n".join([b"%b %b HTTP/1.1" % (_bytes(method), _bytes(path)), *lines, b"", body])


async def exchange(url: str, request: bytes, *, to: str = "POST") -> RawAnswer:
    """Send one request on a connection of its own and return the answer."""
    async with connected(url) as connection:
        await connection.send(request)
        return await connection.answer(to=to)


def _parse_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    assert colon, f"{line!r} is no header"
    assert name, f"{line!r} is no header"
    assert name == name.strip(), f"{line!r} is no header"
    assert all(c == "\t" or c >= " " for c in value), f"{line!r} has a control character"
    return name.lower(), value.strip()


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
