"""The scenario's time in the hands of a test."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

from emulator.testing.data import Do
from emulator.testing.errors import UsageError, is_misuse
from emulator.testing.served import Served
from emulator.testing.thread import LoopThread
from emulator.testing.values import duration_of, moment_of
from emulator.values.instants import MAX_INSTANT

__tracebackhide__ = is_misuse
Duration: TypeAlias = "str | float | timedelta"
"""A text such as ``5m`` or ``1h30m``, a number of seconds, or a timedelta."""


class ClockBase:
    """What a clock does at once."""

    def __init__(self, do: Do, served: Served) -> None:
        """Steer the clock of `served`, where `do` does it."""
        self._do = do
        self._served = served

    @property
    def now(self) -> datetime:
        """The scenario's time, in UTC."""
        return moment_of(self._do(self._served.clock.now))

    @property
    def is_paused(self) -> bool:
        """Whether time passes only in jumps."""
        return self._do(lambda: self._served.clock.is_paused)

    def pause(self) -> None:
        """Have time stand still: what is delayed waits until it is advanced."""
        self._do(self._served.clock.pause)

    def resume(self) -> None:
        """Have time go on."""
        self._do(self._served.clock.resume)

    def set_rate(self, rate: float) -> None:
        """Have time go so many times as fast as the machine's."""
        try:
            self._do(lambda: self._served.clock.set_rate(rate))
        except (TypeError, ValueError):
            raise UsageError(f"the rate of a clock is a number above 0, not {rate!r}") from None

    def _nanoseconds(self, duration: Duration) -> int:
        nanoseconds = duration_of(duration, "advance")
        if self._do(self._served.clock.now) + nanoseconds > MAX_INSTANT:
            raise UsageError("advance: there is no time after the year 9999")
        return nanoseconds


class Clock(ClockBase):
    """The scenario's clock."""

    def __init__(self, thread: LoopThread[Served]) -> None:
        """Steer the clock of what is served in `thread`."""
        super().__init__(thread.do, thread.entered)
        self._thread = thread

    def advance(self, duration: Duration) -> datetime:
        """Let time pass at once, with all that happens in it; return what time it is then."""
        self._thread.run(self._served.clock.advance(self._nanoseconds(duration)))
        return self.now


class AsyncClock(ClockBase):
    """The scenario's clock, in the loop of the test."""

    async def advance(self, duration: Duration) -> datetime:
        """Let time pass at once, with all that happens in it; return what time it is then."""
        await self._served.clock.advance(self._nanoseconds(duration))
        return self.now
