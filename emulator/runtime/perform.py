"""Walks a plan: the only place that waits on behalf of a scenario."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from emulator.engine.plan import Emit, Finish, Plan, Wait
from emulator.runtime.clock import Clock, Timer


class Performance:
    """A plan under way without anybody waiting for it: `emit` takes its pieces, `finish` what ends it."""

    def __init__(
        self, plan: Plan, clock: Clock, start: int, emit: Callable[[str], None], finish: Callable[[Finish], None]
    ) -> None:
        """Perform from `start` on; what is due at once is done at once."""
        self._steps = iter(plan)
        self._clock = clock
        self._due = start
        self._emit = emit
        self._finish = finish
        self._timer: Timer | None = None
        self._go_on()

    def stop(self) -> None:
        """Leave the rest undone."""
        self._steps = iter(())
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self) -> None:
        """Go on from the moment that was waited for: where that is has changed when the clock was restarted."""
        assert self._timer is not None
        self._due = self._timer.instant
        self._go_on()

    def _go_on(self) -> None:
        while (step := next(self._steps, None)) is not None:
            match step:
                case Emit(piece):
                    self._emit(piece)
                case Wait(duration):
                    self._due += duration
                    if self._due > self._clock.now():
                        self._timer = self._clock.call_at(self._due, self._wake)
                        return
                case Finish():
                    self._finish(step)
                    return
                case _:
                    assert_never(step)


async def perform(plan: Plan, clock: Clock, start: int, emit: Callable[[str], None] = lambda _piece: None) -> Finish:
    """Perform the steps on an absolute schedule from `start` and return the one that ends the answer.

    `emit` takes the pieces that come before.
    """
    due = start
    for step in plan:
        match step:
            case Finish():
                return step
            case Emit(piece):
                emit(piece)
            case Wait(duration):
                due += duration
                await clock.sleep_until(due)
            case _:
                assert_never(step)
    raise AssertionError(f"plan {plan!r} does not finish")
