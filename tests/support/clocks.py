"""A clock that stands still and tells when somebody sleeps on it; a machine whose time a test lets pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from emulator.runtime.clock import Clock, Timer, VirtualClock
from emulator.values.durations import MILLISECOND

START = 1_700_000_000_000_000_000


class Machine:
    """The source of a clock, in place of the machine's steady clock."""

    def __init__(self) -> None:
        """Stand anywhere."""
        self.reading = 5_000

    def __call__(self) -> int:
        return self.reading

    def pass_by(self, duration: int) -> None:
        """Let the machine's time pass."""
        self.reading += duration


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


async def note(clock: Clock, instant: int, seen: list[tuple[int, int]]) -> None:
    """Sleep, and write down until when it was meant to be, and until when it was."""
    await clock.sleep_until(instant)
    seen.append((instant, clock.now()))


async def settle(turns: int = 5) -> None:
    """Let every task that can go on do so."""
    loop = asyncio.get_running_loop()
    for _ in range(turns):
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


def noted(clock: Clock, instants: list[int], seen: list[tuple[int, int]]) -> list[Timer]:
    """Have callbacks write down which instant they were for, and which it is."""

    def callback(instant: int) -> Callable[[], None]:
        return lambda: seen.append((instant, clock.now()))

    return [clock.call_at(instant, callback(instant)) for instant in instants]


def delays_of_loop(patch: pytest.MonkeyPatch) -> list[float]:
    """Return the delays that the running loop is asked for from now on."""
    loop, delays = asyncio.get_running_loop(), list[float]()
    call_later = loop.call_later

    def spy(delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        delays.append(delay)
        return call_later(delay, callback)

    patch.setattr(loop, "call_later", spy)
    return delays


class Hand:
    """Timers of the machine's in a test's hand: `ring` has those come that were asked for first."""

    def __init__(self) -> None:
        """Begin with none."""
        self.waiting: list[Ring] = []
        self.seconds: list[float] = []

    def __call__(self, seconds: float, callback: Callable[[], None]) -> Ring:
        self.seconds.append(seconds)
        ring = Ring(self, callback)
        self.waiting.append(ring)
        return ring

    def ring(self, times: int = 1) -> None:
        """Have so many timers come, each of which may ask for another."""
        for _ in range(times):
            self.waiting.pop(0).callback()


class Ring:
    """One timer of a `Hand`."""

    def __init__(self, hand: Hand, callback: Callable[[], None]) -> None:
        """Wait to be rung."""
        self._hand = hand
        self.callback = callback

    def cancel(self) -> None:
        """Wait no more."""
        if self in self._hand.waiting:
            self._hand.waiting.remove(self)
