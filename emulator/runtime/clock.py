"""The clock of an emulator: it runs like the machine's, faster or slower, stands still, and jumps."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from emulator.values.durations import MILLISECOND, SECOND

TURNS = 50
"""How many turns of the loop tasks get, in a jump, for what they do on waking."""

_AFTER_EARLY = MILLISECOND  # loops count in milliseconds: what rings early must not spin until it is time
_LONGEST = 86_400 * SECOND  # rings that are further away are set anew once a day


class Timer:
    """A callback that waits for its instant, which moves when the clock is restarted."""

    __slots__ = ("_on_cancel", "callback", "instant", "is_sleeper", "order")

    def __init__(
        self,
        instant: int,
        order: int,
        callback: Callable[[], object],
        on_cancel: Callable[[], None],
        *,
        is_sleeper: bool,
    ) -> None:
        """Wait for `instant`; among timers of one instant the lower `order` comes first."""
        self.instant = instant
        self.order = order
        self.callback: Callable[[], object] | None = callback
        self.is_sleeper = is_sleeper
        self._on_cancel = on_cancel

    def cancel(self) -> None:
        """Wait no more; nothing happens when it was called or cancelled before."""
        if self.callback is not None:
            self.callback = None
            self._on_cancel()

    def run(self) -> None:
        """Call the callback, once; what it raises goes to the loop's handler and stops nobody else."""
        callback, self.callback = self.callback, None
        assert callback is not None
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - as a loop treats its callbacks
            context = {"message": f"exception in a callback of the clock: {callback!r}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)


class Clock(Protocol):
    """Tells the time and lets it pass; all instants are nanoseconds since the Unix epoch."""

    def now(self) -> int:
        """Return the present instant; never goes back, unless the clock is restarted."""

    async def sleep_until(self, instant: int) -> None:
        """Return once `instant` has come; at once when it is past."""

    def call_at(self, instant: int, callback: Callable[[], object]) -> Timer:
        """Have `callback` called once `instant` has come; soon, but not before this returns, when it is past."""

    def restart(self, start: int | None = None, rate: float = 1.0) -> None:
        """Begin anew, at the wall clock's time if no start is given."""

    def on_jump(self, listener: Callable[[], object]) -> None:
        """Have `listener` called whenever time did not just pass: at the end of each jump, and after a restart."""


class _Agenda:
    """All timers, by instant and then by registration. What was cancelled never makes up more than half of it."""

    __slots__ = ("_dead", "_heap", "_on_cancel", "made")

    def __init__(self, on_cancel: Callable[[], None]) -> None:
        self._on_cancel = on_cancel
        self._heap: list[tuple[int, int, Timer]] = []
        self._dead = 0
        self.made = 0

    def __bool__(self) -> bool:
        return len(self._heap) > self._dead

    def add(self, instant: int, callback: Callable[[], object], *, is_sleeper: bool) -> Timer:
        timer = Timer(instant, self.made, callback, self._on_cancel, is_sleeper=is_sleeper)
        heapq.heappush(self._heap, (instant, self.made, timer))
        self.made += 1
        return timer

    def earliest(self) -> Timer | None:
        heap = self._heap
        while heap:
            timer = heap[0][2]
            if timer.callback is not None:
                return timer
            heapq.heappop(heap)
            self._dead -= 1
        return None

    def take(self, until: int, made_before: int) -> Timer | None:
        """Remove and return the earliest timer, if it is for `until` or before and not newer than that."""
        timer = self.earliest()
        if timer is None or timer.instant > until or timer.order >= made_before:
            return None
        heapq.heappop(self._heap)
        return timer

    def bury(self) -> None:
        """Take note that one timer was cancelled."""
        self._dead += 1
        if 2 * self._dead > len(self._heap):
            self.move(0)

    def move(self, change: int) -> None:
        """Move every timer by `change`, and sweep out what was cancelled."""
        timers = [timer for _, _, timer in self._heap if timer.callback is not None]
        for timer in timers:
            timer.instant += change
        self._heap = [(timer.instant, timer.order, timer) for timer in timers]
        heapq.heapify(self._heap)
        self._dead = 0


class ScenarioClock:
    """One clock for everything: running or paused, at any rate, with jumps.

    What waits are callbacks (:meth:`call_at`); a sleeper is a callback that wakes a task. They are called in order of
    their instants, and of registration where instants are equal; never before `now()` has reached the instant. One
    timer of the loop rings for the earliest. There may be any number of them: each belongs to a connection or to the
    scenario, which are bounded elsewhere.

    **In a jump** (:meth:`advance`, :meth:`step`) real time stands still. A callback is called exactly at its instant:
    `now()` says just that. After a sleeper, and after all callbacks of one instant, the tasks of the loop get
    :data:`TURNS` turns before time goes on; whatever they do in these, lying down again and starting timers included,
    happens at that instant. What takes a task longer, or needs the network, happens later in the jump or after it: what
    has to be exact is a callback.

    A clock can be made, read, paused and given timers without a loop; that it calls somebody needs the running loop,
    always the same one.
    """

    def __init__(
        self,
        start: int | None = None,
        rate: float = 1.0,
        *,
        paused: bool = False,
        source: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Begin at `start`, or at the wall clock's time; `source` is steady, in nanoseconds from anywhere."""
        self._source = source
        self._agenda = _Agenda(self._bury)
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0  # which instant the alarm is for
        self._jump = asyncio.Lock()
        self._is_jumping = False
        self._restarts = 0
        self._listeners: list[Callable[[], object]] = []
        self._rate = _checked(rate)
        self._is_paused = paused
        # now = anchor + (source - origin) * numerator // denominator; standing still is the rate 0
        self._anchor = time.time_ns() if start is None else start
        self._origin = source()
        self._numerator, self._denominator = 0, 1
        self._go_on()

    def now(self) -> int:
        """Return the present instant; never goes back, except by :meth:`restart`."""
        return self._anchor + (self._source() - self._origin) * self._numerator // self._denominator

    @property
    def is_paused(self) -> bool:
        """Whether time passes only in jumps."""
        return self._is_paused

    @property
    def rate(self) -> float:
        """How much faster than the machine's the clock runs, when it is not paused."""
        return self._rate

    @property
    def next_instant(self) -> int | None:
        """The earliest instant that anybody waits for; it may have come just now."""
        timer = self._agenda.earliest()
        return None if timer is None else timer.instant

    def call_at(self, instant: int, callback: Callable[[], object]) -> Timer:
        """Have `callback` called once `instant` has come; soon, but not before this returns, when it is past."""
        return self._add(instant, callback, is_sleeper=False)

    async def sleep_until(self, instant: int) -> None:
        """Return once `instant` has come; at once when it is past."""
        if instant <= self.now():
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self._add(instant, partial(_wake, woken), is_sleeper=True)
        try:
            await woken
        finally:
            timer.cancel()

    def pause(self) -> None:
        """Stand still until :meth:`resume`, apart from jumps; what is due by now is still called."""
        self._is_paused = True
        self._go_on()

    def resume(self) -> None:
        """Run on from where the clock stands."""
        self._is_paused = False
        self._go_on()

    def set_rate(self, rate: float) -> None:
        """Run `rate` times as fast as the machine's clock, from now on, or once resumed."""
        self._rate = _checked(rate)
        self._go_on()

    def restart(self, start: int | None = None, rate: float = 1.0, *, paused: bool | None = None) -> None:
        """Begin anew as a new clock would, maybe in the past; whoever waits goes on waiting for the rest of his time.

        Every timer is moved as the clock is. A jump under way ends where it is. Whoever paused the clock has it paused
        still, unless `paused` says otherwise.
        """
        self._rate = _checked(rate)
        self._is_paused = self._is_paused if paused is None else paused
        before = self.now()
        self._anchor = time.time_ns() if start is None else start
        self._origin = self._source()
        self._restarts += 1
        self._agenda.move(self._anchor - before)
        self._go_on()
        self._tell_jump()

    def on_jump(self, listener: Callable[[], object]) -> None:
        """Have `listener` called whenever time did not just pass: at the end of each jump, and after a restart."""
        self._listeners.append(listener)

    async def advance(self, duration: int) -> None:
        """Jump: let `duration` pass at once, with all that happens in it.

        Jumps asked for during a jump begin where that one was at the time, so they pass together with it.
        """
        if duration < 0:
            raise ValueError(f"time does not go back: {duration} ns")
        restarts, end = self._restarts, self.now() + duration
        async with self._jump:
            if restarts == self._restarts:
                await self._jump_to(end)

    async def step(self) -> int | None:
        """Jump to the next instant that anybody waits for and return it; None, and no jump, if nobody does."""
        async with self._jump:
            return await self._jump_to(None)

    async def _jump_to(self, end: int | None) -> int | None:
        """Go to `end`, or to the next instant, once everybody who is about to lie down has done so; return it."""
        restarts = self._restarts
        self._is_jumping = True
        self._go_on()
        try:
            await _settle()
            end = self.next_instant if end is None else end
            if end is None or restarts != self._restarts:
                return None
            end = max(end, self._anchor)
            while (instant := self.next_instant) is not None and instant <= end:
                self._anchor = max(self._anchor, instant)
                self._call_due()
                await _settle()
                if restarts != self._restarts:
                    return end
            self._anchor = end
            return end
        finally:
            self._is_jumping = False
            self._go_on()
            self._tell_jump()

    def _tell_jump(self) -> None:
        for listener in self._listeners:
            listener()

    def _add(self, instant: int, callback: Callable[[], object], *, is_sleeper: bool) -> Timer:
        timer = self._agenda.add(instant, callback, is_sleeper=is_sleeper)
        if self._alarm is None or instant < self._alarm_at:
            try:
                self._set_alarm()
            except RuntimeError:  # there is no loop
                timer.cancel()
                raise
        return timer

    def _bury(self) -> None:
        self._agenda.bury()
        if self._alarm is not None and not self._agenda:
            self._alarm.cancel()
            self._alarm = None

    def _go_on(self) -> None:
        """Go on from the present instant, at the pace that holds from now on."""
        reading = self._source()
        self._anchor += (reading - self._origin) * self._numerator // self._denominator
        self._origin = reading
        is_still = self._is_paused or self._is_jumping
        self._numerator, self._denominator = (0, 1) if is_still else self._rate.as_integer_ratio()
        self._set_alarm()

    def _set_alarm(self, at_least: int = 0) -> None:
        """Have the loop ring for the earliest timer, unless only a jump can bring its instant about."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        timer = self._agenda.earliest()
        if timer is None or self._is_jumping:
            return
        rest, delay = timer.instant - self.now(), 0
        if rest > 0:
            if self._numerator == 0:
                return
            in_real_time = -(-rest * self._denominator // self._numerator)  # rounded up
            delay = min(max(in_real_time, at_least), _LONGEST)
        self._alarm = asyncio.get_running_loop().call_later(delay / SECOND, self._ring)
        self._alarm_at = timer.instant

    def _ring(self) -> None:
        self._alarm = None
        is_early = not self._call_due()
        self._set_alarm(_AFTER_EARLY if is_early else 0)

    def _call_due(self) -> bool:
        """Call what is due, in a jump only as far as the first sleeper; return whether there was any.

        What these callbacks start in turn is left for the next time, so that the loop is never held for ever.
        """
        made, is_any = self._agenda.made, False
        while (timer := self._agenda.take(self.now(), made)) is not None:
            is_any = True
            timer.run()
            if self._is_jumping and timer.is_sleeper:
                break
        return is_any


class WallClock(ScenarioClock):
    """A clock that runs as the machine's does: read from the wall once, moved by the monotonic clock."""

    def __init__(self) -> None:
        """Read the wall."""
        super().__init__()


class VirtualClock(ScenarioClock):
    """A clock that stands still, apart from jumps."""

    def __init__(self, start: int) -> None:
        """Stand at `start`."""
        super().__init__(start, paused=True)


def _checked(rate: float) -> float:
    if not 0 < rate < math.inf:
        raise ValueError(f"the rate of a clock is a number above 0, not {rate!r}")
    return rate


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


async def _settle() -> None:
    """Let whoever has something to do on the loop do it; who goes on for longer is not waited for."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
