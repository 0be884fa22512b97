"""The clock and the loop: what rings, when, and what is left behind."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from emulator.runtime.clock import ScenarioClock, Timer, VirtualClock, WallClock
from emulator.values.durations import SECOND
from tests.support.clocks import Machine, delays_of_loop, note, noted, settle

DAY = 86_400 * SECOND


async def test_the_wall_clock_goes_forward_and_does_not_wait_for_the_past() -> None:
    clock = WallClock()
    instants = [clock.now() for _ in range(1000)]

    async with asyncio.timeout(1):
        await clock.sleep_until(instants[0])

    assert all(before <= after for before, after in pairwise(instants))


async def test_the_wall_clock_sleeps_until_the_instant_has_come() -> None:
    clock = WallClock()
    instant = clock.now() + 2_000_000

    async with asyncio.timeout(5):
        await clock.sleep_until(instant)

    assert clock.now() >= instant - 1_000_000


async def test_cancelled_sleepers_leave_nothing_behind() -> None:
    clock = WallClock()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(clock.sleep_until(clock.now() + DAY)) for _ in range(100)]
        await settle()
        alarm = clock._alarm
        for task in tasks:
            task.cancel()

    assert alarm is not None
    assert alarm.cancelled()
    assert clock._alarm is None
    assert len(clock._agenda._heap) == 0
    assert clock.next_instant is None


async def test_what_was_cancelled_is_never_more_than_half() -> None:
    clock, seen = VirtualClock(0), list[tuple[int, int]]()
    timers = noted(clock, list(range(1, 1001)), seen)

    for number, timer in enumerate(timers[:-1], 1):
        timer.cancel()
        assert len(clock._agenda._heap) <= 2 * (1000 - number)
    await clock.advance(2_000)

    assert seen == [(1000, 1000)]


async def test_the_running_clock_does_not_wake_early() -> None:
    clock, seen = ScenarioClock(0, 1e6), list[tuple[int, int]]()

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for seconds in (30, 10, 20):
            group.create_task(note(clock, seconds * SECOND, seen))

    assert len(seen) == 3
    assert all(now >= instant for instant, now in seen)


async def test_the_running_clock_wakes_in_order() -> None:
    machine, order = Machine(), list[int]()
    clock = ScenarioClock(0, 1e6, source=machine)

    async def sleeper(number: int, instant: int) -> None:
        await clock.sleep_until(instant)
        order.append(number)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for number, instant in enumerate([30, 10, 20, 10]):
            group.create_task(sleeper(number, instant))
        await settle()
        machine.pass_by(1)

    assert order == [1, 3, 2, 0]


async def test_a_timer_for_what_is_earlier_comes_before_those_that_waited() -> None:
    machine, seen = Machine(), list[tuple[int, int]]()
    clock = ScenarioClock(0, source=machine)

    noted(clock, [DAY], seen)
    machine.pass_by(10)
    noted(clock, [10], seen)
    assert seen == []
    await settle()

    assert seen == [(10, 10)]


async def test_callbacks_that_are_always_due_do_not_hold_the_loop() -> None:
    clock, calls = WallClock(), list[Timer]()

    def again() -> None:
        calls.append(clock.call_at(clock.now(), again))

    again()
    await settle(20)
    calls[-1].cancel()

    assert 2 < len(calls) <= 42  # a turn of settle is two of the loop


async def test_a_loop_that_rings_early_is_asked_again_and_not_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, seen, delays = Machine(), list[tuple[int, int]](), delays_of_loop(monkeypatch)
    clock = ScenarioClock(0, 1e6, source=machine)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(note(clock, 3 * SECOND, seen))
        while len(delays) < 2:
            await settle(1)
        assert not task.done()
        machine.pass_by(3_000)

    assert delays[:2] == [0.000003, 0.001]
    assert seen == [(3 * SECOND, 3 * SECOND)]


@pytest.mark.parametrize("rate", [1, 1e-300, 5e-324])
async def test_what_is_far_away_is_looked_at_once_a_day(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, delays = ScenarioClock(0, rate), delays_of_loop(monkeypatch)

    timer = clock.call_at(400 * DAY, lambda: None)
    timer.cancel()

    assert delays == [86_400]


async def test_the_loop_is_asked_for_the_earliest_only(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, delays = ScenarioClock(0, 2, source=Machine()), delays_of_loop(monkeypatch)

    timers = noted(clock, [30 * SECOND, 10 * SECOND, 20 * SECOND], [])
    clock.set_rate(4)
    clock.pause()
    clock.resume()
    for timer in timers:
        timer.cancel()

    assert delays == [15, 5, 2.5, 2.5]


def test_without_a_loop_a_paused_clock_takes_timers_and_a_running_one_refuses_them() -> None:
    paused, running = VirtualClock(0), WallClock()

    paused.call_at(10, lambda: None)
    with pytest.raises(RuntimeError, match="loop"):
        running.call_at(running.now() + DAY, lambda: None)

    assert paused.next_instant == 10
    assert running.next_instant is None
