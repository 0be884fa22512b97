"""Performing a plan: steps on an absolute schedule."""

from __future__ import annotations

import asyncio

import pytest

from emulator.engine.plan import Finish, Plan, Wait
from emulator.model.rule import Failure
from emulator.runtime.clock import Clock, VirtualClock
from emulator.runtime.perform import perform

END = Finish(Failure(503))


class SlowClock(VirtualClock):
    """A clock on which every sleep ends late; it writes down what it was asked for."""

    def __init__(self, late: int) -> None:
        super().__init__(0)
        self.late = late
        self.instant = 0
        self.asked: list[int] = []

    def now(self) -> int:
        return self.instant

    async def sleep_until(self, instant: int) -> None:
        self.asked.append(instant)
        self.instant = max(self.instant, instant) + self.late


def performed(plan: Plan, clock: Clock, start: int) -> Finish:
    return asyncio.run(perform(plan, clock, start))


def test_a_plan_ends_with_the_step_that_finishes_it() -> None:
    clock = SlowClock(0)

    assert performed((END,), clock, 5) is END
    assert clock.asked == []


def test_waits_add_up_from_the_start_however_late_each_one_ended() -> None:
    clock = SlowClock(late=7)

    assert performed((Wait(10), Wait(20), Wait(30), END), clock, 1000) is END
    assert clock.asked == [1010, 1030, 1060]


def test_the_schedule_counts_from_the_start_and_not_from_now() -> None:
    clock = SlowClock(0)
    clock.instant = 5000

    performed((Wait(10), END), clock, 1000)

    assert clock.asked == [1010]


def test_nothing_after_the_end_is_performed() -> None:
    clock = SlowClock(0)

    assert performed((END, Wait(10), Finish(Failure(500))), clock, 0) is END
    assert clock.asked == []


@pytest.mark.parametrize("plan", [(), (Wait(1),)])
def test_a_plan_without_an_end_is_a_mistake(plan: Plan) -> None:
    with pytest.raises(AssertionError, match="does not finish"):
        performed(plan, SlowClock(0), 0)
