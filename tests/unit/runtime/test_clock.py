"""The clock: at any rate, paused or running; sleepers."""

from __future__ import annotations

import asyncio
import math

import pytest

from emulator.runtime.clock import ScenarioClock, VirtualClock
from tests.support.clocks import START, Machine, note, settle


async def test_sleepers_wake_in_order_each_at_its_own_instant() -> None:
    clock, seen = VirtualClock(100), list[tuple[int, int]]()

    async with asyncio.TaskGroup() as group:
        for instant in (130, 110, 120, 110):
            group.create_task(note(clock, instant, seen))
        await settle()
        await clock.advance(100)

    assert seen == [(110, 110), (110, 110), (120, 120), (130, 130)]
    assert clock.now() == 200


async def test_sleepers_of_one_instant_wake_in_the_order_they_lay_down() -> None:
    clock, order = VirtualClock(0), list[str]()

    async def sleeper(name: str) -> None:
        await clock.sleep_until(10)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        for name in "cab":
            group.create_task(sleeper(name))
        await settle()
        await clock.advance(10)

    assert order == ["c", "a", "b"]


async def test_a_sleeper_stays_asleep_until_its_instant_has_come() -> None:
    clock, seen = VirtualClock(0), list[tuple[int, int]]()

    async with asyncio.TaskGroup() as group:
        group.create_task(note(clock, 10, seen))
        await settle()
        await clock.advance(9)
        await settle()
        assert seen == []
        await clock.advance(1)
        await settle()
        assert seen == [(10, 10)]


async def test_what_is_past_is_not_waited_for() -> None:
    clock = VirtualClock(100)

    async with asyncio.timeout(1):
        await clock.sleep_until(100)
        await clock.sleep_until(-5)

    assert clock.now() == 100


async def test_a_sleeper_that_lies_down_again_wakes_again_in_the_same_advance() -> None:
    clock, seen = VirtualClock(0), list[int]()

    async def sleeper() -> None:
        for instant in (10, 20, 30):
            await clock.sleep_until(instant)
            seen.append(clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper())
        await settle()
        await clock.advance(25)
        assert seen == [10, 20]
        await clock.advance(5)

    assert seen == [10, 20, 30]


async def test_a_cancelled_sleeper_is_passed_over() -> None:
    clock, seen = VirtualClock(0), list[tuple[int, int]]()

    async with asyncio.TaskGroup() as group:
        gone = group.create_task(note(clock, 10, seen))
        group.create_task(note(clock, 20, seen))
        await settle()
        gone.cancel()
        await settle()
        await clock.advance(50)

    assert seen == [(20, 20)]


@pytest.mark.parametrize("sleepers", [1, 2, 3, 4])
async def test_the_clock_never_goes_back_even_when_two_advance_it(sleepers: int) -> None:
    clock, seen = VirtualClock(0), list[int]()

    async def sleeper(instant: int) -> None:
        await clock.sleep_until(instant)
        seen.append(clock.now())

    async def advance(duration: int) -> None:
        await clock.advance(duration)
        seen.append(clock.now())

    async with asyncio.TaskGroup() as group:
        for instant in range(1, sleepers + 1):
            group.create_task(sleeper(instant))
        await settle()
        for duration in (100, 5):
            group.create_task(advance(duration))

    assert seen == sorted(seen)
    assert seen[-1] == 100


async def test_no_time_passes_by_itself() -> None:
    clock = VirtualClock(7)
    await settle(50)

    assert clock.now() == 7


@pytest.mark.parametrize(("rate", "passed"), [(1.0, 3_000), (10.0, 30_000), (0.5, 1_500), (1e-9, 0), (1e6, 3 * 10**9)])
def test_time_passes_rate_times_as_fast_as_the_machine_s(rate: float, passed: int) -> None:
    machine = Machine()
    clock = ScenarioClock(START, rate, source=machine)

    machine.pass_by(3_000)

    assert clock.now() == START + passed
    assert clock.rate == rate


def test_a_new_rate_holds_from_the_present_on() -> None:
    machine = Machine()
    clock = ScenarioClock(0, source=machine)

    machine.pass_by(100)
    clock.set_rate(10)
    assert clock.now() == 100
    machine.pass_by(100)
    clock.set_rate(0.1)
    machine.pass_by(100)

    assert clock.now() == 100 + 1_000 + 10


def test_a_paused_clock_stands_still_until_it_is_resumed() -> None:
    machine = Machine()
    clock = ScenarioClock(0, 10, source=machine)

    machine.pass_by(1)
    clock.pause()
    machine.pass_by(1_000)
    assert (clock.now(), clock.is_paused) == (10, True)
    clock.set_rate(2)
    machine.pass_by(1_000)
    clock.resume()
    assert (clock.now(), clock.is_paused) == (10, False)
    machine.pass_by(1)

    assert clock.now() == 12


@pytest.mark.parametrize("rate", [0, -1, math.inf, math.nan])
def test_a_rate_is_a_number_above_0(rate: float) -> None:
    clock = ScenarioClock(0)

    with pytest.raises(ValueError, match="above 0"):
        ScenarioClock(0, rate)
    with pytest.raises(ValueError, match="above 0"):
        clock.set_rate(rate)
    with pytest.raises(ValueError, match="above 0"):
        clock.restart(0, rate)
    assert clock.rate == 1
