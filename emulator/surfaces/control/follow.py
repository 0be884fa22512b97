"""The journal as it is written: each call as a server-sent event (GET /journal/follow)."""

from __future__ import annotations

import asyncio
from collections import deque

from aiohttp import web

from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.surfaces.control.asked import Asked, json_bytes, whole_number
from emulator.surfaces.control.journal import selection_of
from emulator.surfaces.control.views import entry_row
from emulator.surfaces.http import Reply

SILENCE = 15.0
MAX_WAITING = 1_000
MAX_BYTES = 4 * 1024 * 1024
EVENT_STREAM = "text/event-stream"
_HEADERS = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-cache, no-transform"}
_RETRY = b"retry: 3000\n\n"
_KEEP_ALIVE = b": still here\n\n"


class FollowEndpoint:
    """Everybody who follows."""

    def __init__(self, emulator: Emulator) -> None:
        """Show what is written to the journal of `emulator`."""
        self._emulator = emulator
        self._open: dict[_Follower, None] = {}

    async def follow(self, asked: Asked) -> Reply | web.StreamResponse:
        """Send each call as it comes, as server-sent events; with `after` or Last-Event-ID, those since then before."""
        like = selection_of(asked)
        last = asked.request.headers.get("Last-Event-ID")
        after = whole_number("Last-Event-ID", last, like.after)
        if asked.request.method == "HEAD":
            return Reply(200, b"", dict(_HEADERS))
        follower = _Follower(asked.request)
        if last is not None or "after" in asked.query:
            after = after if after <= self._emulator.calls else 0  # the calls of an emulator that ran before this one
            for entry in self._emulator.journal:
                if entry.number > after and like.matches(entry):
                    follower.hear(entry, is_new=False)
        stop = self._emulator.journal.listen(lambda entry: follower.hear(entry) if like.matches(entry) else None)
        self._open[follower] = None
        try:
            return await follower.send()
        finally:
            stop()
            del self._open[follower]

    def close(self) -> None:
        """End all streams well: the emulator ends."""
        for follower in self._open:
            follower.end()


class _Follower:
    """One stream; a reader that lets too much pile up is cut off."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._waiting: deque[Entry] = deque()
        self._bytes = 0
        self._is_over = False
        self._something = asyncio.Event()

    def hear(self, entry: Entry, *, is_new: bool = True) -> None:
        """Have an entry sent; what was there before may be as much as it likes."""
        if is_new and (len(self._waiting) >= MAX_WAITING or self._bytes > MAX_BYTES):
            self.end()
            if self._request.transport is not None:
                self._request.transport.abort()
            return
        self._waiting.append(entry)
        self._bytes += entry.call.size
        self._something.set()

    def end(self) -> None:
        """Send nothing more."""
        self._is_over = True
        self._waiting.clear()
        self._something.set()

    async def send(self) -> web.StreamResponse:
        """Send what there is, until either side has enough."""
        response = web.StreamResponse(headers=_HEADERS)
        try:
            await response.prepare(self._request)
            await response.write(_RETRY)
            while not self._is_over:
                if await self._heard():
                    await self._send_waiting(response)
                else:
                    await response.write(_KEEP_ALIVE)
            await response.write_eof()
        except ConnectionError:
            self.end()
        return response

    async def _heard(self) -> bool:
        """Wait for something to send; return whether there was any before the silence became too long."""
        try:
            async with asyncio.timeout(SILENCE):
                await self._something.wait()
        except TimeoutError:
            return False
        self._something.clear()
        return True

    async def _send_waiting(self, response: web.StreamResponse) -> None:
        while self._waiting:
            entry = self._waiting.popleft()
            self._bytes -= entry.call.size
            await response.write(b"id: %d\ndata: %b\n\n" % (entry.number, json_bytes(entry_row(entry))))
