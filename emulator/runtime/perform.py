"""Walks a plan: the only place that waits on behalf of a scenario."""

from __future__ import annotations

from typing import assert_never

from emulator.engine.plan import Finish, Plan, Wait
from emulator.runtime.clock import Clock


async def perform(plan: Plan, clock: Clock, start: int) -> Finish:
    """Perform the steps on an absolute schedule from `start` and return the one that ends the answer."""
    due = start
    for step in plan:
        match step:
            case Finish():
                return step
            case Wait(duration):
                due += duration
                await clock.sleep_until(due)
            case _:
                assert_never(step)
    raise AssertionError(f"plan {plan!r} does not finish")
