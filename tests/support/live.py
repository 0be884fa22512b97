"""A gateway on real sockets whose time a test lets pass, and raw clients of its streams and sockets."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from emulator.app import GATEWAY, LOOPBACK, App, Listener
from emulator.model.scenario import Scenario
from emulator.runtime.chat import Chats
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.surfaces.openclaw.stream import EventStream
from tests.support.clocks import WatchedClock, settle
from tests.support.raw import PATIENCE, RawAnswer, RawConnection, connected, request_bytes
from tests.support.serving import world_of

RETRY = "retry: 3000"


@dataclass(frozen=True)
class Live:
    """A running gateway and its clock."""

    app: App
    emulator: Emulator
    clock: WatchedClock

    @property
    def url(self) -> str:
        """Where it listens."""
        url = self.app.url(GATEWAY)
        assert url is not None
        return url

    @property
    def chats(self) -> Chats:
        """Its runs and feeds."""
        return world_of(self.app)._openclaw._resources._chats

    @property
    def watchers(self) -> int:
        """How many streams watch conversations."""
        return sum(len(feed._watchers) for feed in self.chats._feeds.values())

    async def pass_milliseconds(self, milliseconds: int) -> None:
        """Let so much time pass."""
        await self.clock.pass_milliseconds(milliseconds)

    async def until_unwatched(self) -> None:
        """Return once no stream watches any more."""
        async with asyncio.timeout(PATIENCE):
            while self.watchers:
                await settle(1)

    async def get(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> RawAnswer:
        """Get an ordinary answer."""
        async with connected(self.url) as connection:
            await connection.send(request_bytes(method, path, headers=headers))
            return await connection.answer(to=method)

    @asynccontextmanager
    async def posting(self, message: str, session: str = "s") -> AsyncIterator[RawConnection]:
        """Send a message by POST /api/chat and leave the answer to be read."""
        body = json.dumps({"message": message, "session": session}).encode()
        async with connected(self.url) as connection:
            await connection.send(request_bytes("POST", "/api/chat", body))
            yield connection

    async def chat(self, message: str, session: str = "s") -> Any:
        """Send a message by POST /api/chat and return what is answered at once."""
        async with self.posting(message, session) as connection:
            return body_of(await connection.answer())


def body_of(answer: RawAnswer) -> Any:
    """Return the JSON of an answer of the gateway."""
    assert answer.header("content-type") == "application/json; charset=utf-8", answer
    return json.loads(answer.body)


def code_of(answer: RawAnswer) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status, body_of(answer)["error"]["code"]


@asynccontextmanager
async def living(scenario: Scenario, clock: WatchedClock | None = None) -> AsyncIterator[Live]:
    """Serve a scenario at a listener of the gateway until the block ends."""
    clock = clock or WatchedClock()
    emulator = Emulator(scenario, clock)
    app = App(emulator, [Listener(GATEWAY, LOOPBACK, 0)])
    await app.start()
    try:
        yield Live(app, emulator, clock)
    finally:
        await app.stop()


class HasUrl(Protocol):
    """Something that listens."""

    @property
    def url(self) -> str:
        """Where it listens."""


class StreamCutError(Exception):
    """A stream ended without saying so."""


class RawStream:
    """An open stream, taken apart by hand; `head` is its head as it came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        """Read behind the head."""
        self._reader = reader
        self.writer = writer
        self.head = head
        self._is_chunked = "Transfer-Encoding: chunked" in head
        self._text = b""
        self._reset: BaseException | None = None
        reader.set_exception = self._note_reset  # type: ignore[assignment,method-assign]  # what came before it is still read

    @property
    def status(self) -> int:
        """The status of the answer."""
        return int(self.head.split(" ")[1])

    async def event(self) -> str:
        """Return the next event or comment as it came, without the blank line behind it."""
        while b"\n\n" not in self._text:
            piece = await self._piece()
            if not piece:
                raise EOFError
            self._text += piece
        event, _, self._text = self._text.partition(b"\n\n")
        return event.decode()

    async def events(self, count: int) -> list[str]:
        """Return the next events."""
        return [await self.event() for _ in range(count)]

    async def data(self) -> Any:
        """Return the JSON of the next event that has any."""
        while True:
            found = data_of(await self.event())
            if found is not None:
                return found

    async def reply(self) -> tuple[str, Any]:
        """Return the pieces of a run, joined, and what its end says."""
        text = ""
        while True:
            data = await self.data()
            text += data["chunk"]
            if "index" not in data:
                return text, data

    async def end(self) -> None:
        """Fail unless the stream ends here, and well; its connection goes on unless it said that it would not."""
        assert self._text == b""
        assert await self._piece() == b""
        if "Connection: close" in self.head:
            async with asyncio.timeout(PATIENCE):
                assert await self._reader.read() == b""

    async def broken(self) -> list[str]:
        """Return what still comes before the connection is cut; fail when it ends well."""
        came = []
        try:
            while True:
                came.append(await self.event())
        except (StreamCutError, ConnectionError):
            return came

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    def cut(self, came: bytes) -> Exception:
        """Return what a stream that is not whole has ended with."""
        return ConnectionResetError(str(self._reset)) if self._reset else StreamCutError(came)

    def _note_reset(self, error: BaseException) -> None:
        self._reset = error
        self._reader.feed_eof()

    async def _piece(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            if not self._is_chunked:
                return await self._reader.read(65_536)
            try:
                size = int(await self._reader.readuntil(b"\r\n"), 16)
                piece = await self._reader.readexactly(size + 2)
            except asyncio.IncompleteReadError as error:
                raise self.cut(error.partial) from error
            assert piece[-2:] == b"\r\n"
            return piece[:-2]


def data_of(event: str) -> Any:
    """Return the JSON of an event, None for one that has none."""
    lines = [line.removeprefix("data: ") for line in event.split("\n") if line.startswith("data: ")]
    assert len(lines) <= 1
    return json.loads(lines[0]) if lines else None


@asynccontextmanager
async def streaming(
    live: Live,
    session: str | None = "s",
    message: str | None = None,
    headers: Mapping[str, str | bytes] | None = None,
    **more: str,
) -> AsyncIterator[RawStream]:
    """Open GET /api/chat/stream until the block ends; the first event, how soon to come back, is read."""
    query = {"session": session, "message": message, **more}
    path = f"/api/chat/stream?{urlencode({key: value for key, value in query.items() if value is not None})}"
    request = request_bytes("GET", path, headers={"Accept": "text/event-stream", **(headers or {})})
    async with opened(live, request) as stream:
        assert await stream.event() == RETRY
        yield stream


@asynccontextmanager
async def opened(live: HasUrl, request: bytes, receive_buffer: int | None = None) -> AsyncIterator[RawStream]:
    """Send a request and read the head of what answers it."""
    address = urlsplit(live.url)
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.setblocking(False)  # noqa: FBT003 - as the standard library has it
    await asyncio.get_running_loop().sock_connect(connection, (address.hostname, address.port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=2**16)
    writer.write(request)
    async with asyncio.timeout(PATIENCE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").removesuffix("\r\n\r\n")
    stream = RawStream(reader, writer, head)
    try:
        yield stream
    finally:
        await stream.close()


class SocketClosedError(Exception):
    """The socket was closed, by a frame with this code, or (1006) without one."""

    def __init__(self, code: int, reason: str = "") -> None:
        """Keep why."""
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class RawSocket:
    """An open WebSocket, spoken by hand; it answers no ping and no close unless it is told to."""

    def __init__(self, stream: RawStream) -> None:
        """Speak over the connection of an upgraded request."""
        self._reader = stream._reader
        self._stream = stream
        self.writer = stream.writer

    async def say(self, **fields: object) -> None:
        """Send a frame of JSON."""
        await self.send(json.dumps(fields))

    async def send(self, payload: str | bytes, opcode: int = TEXT, *, is_last: bool = True) -> None:
        """Send a frame, or a part of one."""
        data = payload.encode() if isinstance(payload, str) else payload
        mask = os.urandom(4)
        size = len(data)
        first = opcode | (0x80 if is_last else 0)
        if size < 126:
            head = struct.pack("!BB", first, 0x80 | size)
        elif size < 2**16:
            head = struct.pack("!BBH", first, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", first, 0x80 | 127, size)
        keys = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(size, "big")
        self.writer.write(head + mask + masked)
        await self.writer.drain()

    async def frame(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame, whatever it is."""
        try:
            async with asyncio.timeout(PATIENCE):
                first, second = await self._reader.readexactly(2)
                size = second & 127
                if size >= 126:
                    size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
                return first & 15, await self._reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise SocketClosedError(1006, type(self._stream.cut(error.partial)).__name__) from error

    async def text(self) -> str:
        """Return the next text; raise SocketClosedError when there is none any more."""
        opcode, payload = await self.frame()
        if opcode == CLOSE:
            with suppress(ConnectionError):
                await self.send(payload, CLOSE)
            raise SocketClosedError(int.from_bytes(payload[:2], "big"), payload[2:].decode())
        assert opcode == TEXT, (opcode, payload)
        return payload.decode()

    async def hear(self) -> dict[str, Any]:
        """Return the next frame of JSON."""
        heard = json.loads(await self.text())
        assert isinstance(heard, dict)
        return heard

    async def reply(self, turn: str | None = None) -> tuple[str, dict[str, Any]]:
        """Return the pieces of a turn, joined, and its last frame; nothing else may come in between."""
        text = ""
        while True:
            heard = await self.hear()
            assert heard.get("id") == turn, heard
            if heard["type"] != "chunk":
                return text, heard
            text += heard["chunk"]

    async def silent(self) -> None:
        """Fail unless nothing was said before the answer to a ping."""
        await self.say(type="ping", id="silent")
        heard = await self.hear()
        assert (heard["type"], heard.get("id")) == ("pong", "silent"), heard

    async def closed(self) -> SocketClosedError:
        """Return how the socket was closed; nothing else may come before."""
        try:
            text = await self.text()
        except SocketClosedError as error:
            return error
        raise AssertionError(text)


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"sixteen bytes ok").decode(),
}


@asynccontextmanager
async def talking(
    live: Live, headers: Mapping[str, str] | None = None, path: str = "/ws", receive_buffer: int | None = None
) -> AsyncIterator[RawSocket]:
    """Open a WebSocket until the block ends."""
    request = request_bytes("GET", path, headers={**UPGRADE, **(headers or {})})
    async with opened(live, request, receive_buffer) as stream:
        assert stream.status == 101, stream.head
        yield RawSocket(stream)


def timers_of(clock: VirtualClock) -> int:
    """Count what waits on a clock."""
    return sum(timer.callback is not None for _, _, timer in clock._agenda._heap)


def open_streams() -> int:
    """Count the streams that are still in memory."""
    gc.collect()
    return sum(isinstance(each, EventStream) for each in gc.get_objects())


def escaped(text: str) -> str:
    """Return a text for the path of a request."""
    return quote(text, safe="")
