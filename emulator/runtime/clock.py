"""Clocks: the wall's, and one that stands still until told otherwise."""

from __future__ import annotations

import asyncio
import heapq
import time
from itertools import count
from typing import Protocol

from emulator.values.durations import SECOND


class Clock(Protocol):
    """Tells the time and lets it pass; all instants are nanoseconds since the Unix epoch."""

    def now(self) -> int:
        """Return the present instant; never goes back."""

    async def sleep_until(self, instant: int) -> None:
        """Return once `instant` has come; at once when it is past."""


class WallClock:
    """The machine's clock, made steady: started from the wall, moved by the monotonic clock."""

    def __init__(self) -> None:
        """Read the wall once."""
        self._offset = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        """Return the present instant."""
        return self._offset + time.monotonic_ns()

    async def sleep_until(self, instant: int) -> None:
        """Sleep in real time."""
        rest = instant - self.now()
        if rest > 0:
            await asyncio.sleep(rest / SECOND)


class VirtualClock:
    """A clock that moves only by :meth:`advance`, waking sleepers in order, each at its own instant."""

    def __init__(self, start: int) -> None:
        """Stand at `start`."""
        self._now = start
        self._order = count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Return the present instant."""
        return self._now

    async def sleep_until(self, instant: int) -> None:
        """Sleep until somebody advances the clock that far."""
        if instant <= self._now:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (instant, next(self._order), woken))
        await woken

    async def advance(self, duration: int) -> None:
        """Let `duration` pass; what each sleeper does on waking is done before the next one wakes."""
        end = self._now + duration
        while self._sleepers and self._sleepers[0][0] <= end:
            instant, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._now = max(self._now, instant)
            woken.set_result(None)
            for _ in range(3):  # the future's callback, the sleeper itself, and what it wakes in turn
                await asyncio.sleep(0)
        self._now = max(self._now, end)
