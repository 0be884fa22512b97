"""Server-sent events on the wire: each is written as it comes, straight to the connection (contract openclaw §1.12)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web

from emulator.model.rule import Death, End
from emulator.runtime.clock import Clock, Timer
from emulator.surfaces.chunked import ChunkedAnswer
from emulator.surfaces.openclaw.events import KEEP_ALIVE, RETRY
from emulator.values.durations import SECOND

SILENCE = 15 * SECOND
STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
_NONSENSE = b"data: {\xff\xfe not JSON\n\n"


class EventStream:
    """One open stream; a reader that lets too much pile up is cut off."""

    __slots__ = ("_answer", "_clock", "_headers", "_heartbeat", "_over", "_spoke")

    def __init__(self, request: web.BaseRequest, clock: Clock, headers: Mapping[str, str]) -> None:
        """Prepare to answer `request`; nothing is sent before :meth:`open`."""
        self._answer = ChunkedAnswer(request)
        self._clock = clock
        self._headers = headers
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heartbeat: Timer | None = None
        self._spoke = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is sent."""
        return self._over.done()

    def open(self) -> None:
        """Send the head and how soon to come back."""
        self._note(self._answer.open({**STREAM_HEADERS, **self._headers}, first=RETRY))
        self._spoke = self._clock.now()
        self._wait()

    def send(self, event: bytes) -> None:
        """Send an event; nothing is sent behind the end."""
        if not self.is_over:
            self._spoke = self._clock.now()
            self._note(self._answer.write(event))

    def close(self) -> None:
        """End the stream well."""
        if not self._over.done():
            self._answer.close()
            self._finish()

    def die(self, death: Death) -> None:
        """End the stream badly; with a timeout it goes on, and nothing ever comes."""
        if death.end is End.TIMEOUT or self._over.done():
            return
        if death.end is End.MALFORMED:
            self.send(_NONSENSE)
            self.close()
            return
        self._answer.cut(death.end)
        self._finish()

    def release(self) -> None:
        """Stop the heartbeat."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None

    async def over(self) -> web.StreamResponse:
        """Return when the stream has ended."""
        await self._over
        return self._answer.response

    def _finish(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _note(self, is_read: bool) -> None:  # noqa: FBT001 - what writing returned
        if not is_read:
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
