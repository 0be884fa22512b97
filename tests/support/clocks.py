"""A clock that stands still and tells when somebody sleeps on it."""

from __future__ import annotations

import asyncio

from emulator.runtime.clock import VirtualClock
from emulator.values.durations import MILLISECOND

START = 1_700_000_000_000_000_000


class WatchedClock(VirtualClock):
    """A virtual clock; a test waits for sleepers instead of guessing when they are there."""

    def __init__(self, start: int = START) -> None:
        """Stand at `start`, with nobody asleep."""
        super().__init__(start)
        self._changed = asyncio.Condition()
        self.asleep = 0

    async def sleep_until(self, instant: int) -> None:
        """Sleep, and tell of it."""
        await self._count(1)
        try:
            await super().sleep_until(instant)
        finally:
            await self._count(-1)

    async def until_asleep(self, count: int = 1) -> None:
        """Return once so many sleep at the same time."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.asleep >= count)

    async def until_awake(self) -> None:
        """Return once nobody sleeps any more."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.asleep == 0)

    async def pass_milliseconds(self, milliseconds: int) -> None:
        """Let so much time pass."""
        await self.advance(milliseconds * MILLISECOND)

    async def _count(self, change: int) -> None:
        async with self._changed:
            self.asleep += change
            self._changed.notify_all()
