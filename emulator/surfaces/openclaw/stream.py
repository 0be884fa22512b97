"""Server-sent events on the wire: each is written as it comes, straight to the connection (contract openclaw §1.12)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import HttpVersion11, web
from aiohttp.helpers import rfc822_formatted_time

from emulator.model.rule import Death, End
from emulator.runtime.clock import Clock, Timer
from emulator.surfaces.death import GoneResponse, end_connection
from emulator.surfaces.openclaw.events import KEEP_ALIVE, RETRY
from emulator.surfaces.pipe import Pipe
from emulator.values.durations import SECOND

SILENCE = 15 * SECOND
STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
_NONSENSE = b"data: {\xff\xfe not JSON\n\n"


class EventStream:
    """One open stream; a reader that lets too much pile up is cut off.

    Its connection goes on behind a good end, and is not said to close: clients that are told so take a stream that was
    cut for a whole one, Node's among them.
    """

    __slots__ = (
        "_clock",
        "_headers",
        "_heartbeat",
        "_is_chunked",
        "_is_kept",
        "_over",
        "_pipe",
        "_request",
        "_spoke",
    )

    def __init__(self, request: web.BaseRequest, clock: Clock, headers: Mapping[str, str]) -> None:
        """Prepare to answer `request`; nothing is sent before :meth:`open`."""
        self._request = request
        self._clock = clock
        self._headers = headers
        self._is_chunked = request.version >= HttpVersion11
        self._is_kept = self._is_chunked and request.keep_alive
        self._pipe = Pipe(request)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heartbeat: Timer | None = None
        self._spoke = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is sent."""
        return self._over.done()

    def open(self) -> None:
        """Send the head and how soon to come back."""
        headers = {**STREAM_HEADERS, **self._headers, "Date": rfc822_formatted_time()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        framing = "Transfer-Encoding: chunked\r\n" if self._is_chunked else ""
        framing += "" if self._is_kept else "Connection: close\r\n"
        head = f"HTTP/1.1 200 OK\r\n{lines}{framing}\r\n"
        self._write(head.encode("latin-1", "replace") + self._framed(RETRY))
        self._spoke = self._clock.now()
        self._wait()

    def send(self, event: bytes) -> None:
        """Send an event; nothing is sent behind the end."""
        if not self.is_over:
            self._spoke = self._clock.now()
            self._write(self._framed(event))

    def close(self) -> None:
        """End the stream well."""
        if not self._over.done():
            if self._is_chunked:
                self._write(b"0\r\n\r\n")
            self._finish()

    def die(self, death: Death) -> None:
        """End the stream badly; with a timeout it goes on, and nothing ever comes."""
        if death.end is End.TIMEOUT or self._over.done():
            return
        if death.end is End.MALFORMED:
            self.send(_NONSENSE)
            self.close()
            return
        end_connection(self._request, death.end)
        self._is_kept = False
        self._finish()

    def release(self) -> None:
        """Stop the heartbeat."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None

    async def over(self) -> web.StreamResponse:
        """Return when the stream has ended."""
        await self._over
        return GoneResponse(is_kept=self._is_kept)

    def _finish(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data

    def _write(self, data: bytes) -> None:
        if not self._pipe.write(data):
            self._is_kept = False
            self._finish()

    def _wait(self) -> None:
        self._heartbeat = self._clock.call_at(self._spoke + SILENCE, self._beat)

    def _beat(self) -> None:
        """Break a silence; one that began in the future was before the clock was put back."""
        if self._over.done():
            return
        if not 0 <= self._clock.now() - self._spoke < SILENCE:
            self.send(KEEP_ALIVE)
        self._wait()
