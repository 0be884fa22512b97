"""Jumps of the clock: who is woken in them, in which order, at which instants; and restarts."""

from __future__ import annotations

import asyncio

import pytest

from emulator.runtime.clock import TURNS, ScenarioClock, VirtualClock, WallClock
from emulator.values.durations import SECOND
from tests.support.clocks import START, Machine, note, noted, settle

MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


async def test_time_does_not_jump_back() -> None:
    with pytest.raises(ValueError, match="-1"):
        await VirtualClock(0).advance(-1)


@pytest.mark.parametrize("paused", [True, False])
async def test_a_jump_over_ten_minutes_calls_chained_callbacks_in_order_at_their_instants(*, paused: bool) -> None:
    clock, seen = ScenarioClock(START, paused=paused, source=Machine()), list[tuple[str, int]]()

    def every(name: str, period: int) -> None:
        def callback() -> None:
            seen.append((name, clock.now() - START))
            every(name, period)

        clock.call_at(clock.now() + period, callback)

    every("two", 2 * MINUTE)
    every("three", 3 * MINUTE)
    await clock.advance(10 * MINUTE)

    twos = [("two", each * MINUTE) for each in (2, 4, 6, 8, 10)]
    threes = [("three", each * MINUTE) for each in (3, 6, 9)]
    assert seen == sorted(twos + threes, key=lambda each: (each[1], each[0] == "two"))  # three was asked for before two
    assert clock.now() == START + 10 * MINUTE
    assert clock.is_paused == paused


async def test_the_machine_s_time_stands_still_in_a_jump_and_runs_on_after_it() -> None:
    machine, seen = Machine(), list[int]()
    clock = ScenarioClock(0, source=machine)

    def slow() -> None:
        machine.pass_by(DAY)
        seen.append(clock.now())

    clock.call_at(10, slow)
    clock.call_at(20, slow)
    await clock.advance(50)
    machine.pass_by(7)

    assert seen == [10, 20]
    assert clock.now() == 57


async def test_a_jump_of_the_running_clock_wakes_at_the_very_instants() -> None:
    clock, seen = WallClock(), list[tuple[int, int]]()
    first = clock.now() + MINUTE

    async with asyncio.TaskGroup() as group:
        group.create_task(note(clock, first + MINUTE, seen))
        group.create_task(note(clock, first, seen))
        await settle()
        await clock.advance(10 * MINUTE)

    assert seen == [(first, first), (first + MINUTE, first + MINUTE)]
    assert clock.now() >= first + 9 * MINUTE


async def test_a_sleeper_may_do_a_lot_before_it_lies_down_again() -> None:
    clock, seen = VirtualClock(0), list[tuple[str, int]]()

    async def sleeper(name: str, period: int) -> None:
        for _ in range(3):
            await clock.sleep_until(clock.now() + period)
            await settle(TURNS // 2 - 5)  # each is two turns of the loop
            seen.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("a", 10))
        group.create_task(sleeper("b", 15))
        await clock.advance(100)  # tasks may lie down before time goes on

    assert seen == [("a", 10), ("b", 15), ("a", 20), ("b", 30), ("a", 30), ("b", 45)]


async def test_a_task_that_a_callback_started_sets_timers_within_the_same_jump() -> None:
    clock, seen = VirtualClock(0), list[tuple[int, int]]()

    async def work() -> None:
        await settle(5)
        noted(clock, [clock.now() + 5], seen)

    async with asyncio.TaskGroup() as group:
        clock.call_at(10, lambda: group.create_task(work()))
        noted(clock, [100], seen)
        await clock.advance(100)

    assert seen == [(15, 15), (100, 100)]


async def test_each_step_goes_to_the_next_instant_that_somebody_waits_for() -> None:
    clock, seen = VirtualClock(0), list[tuple[int, int]]()
    noted(clock, [20, 10, 20], seen)

    async with asyncio.TaskGroup() as group:
        group.create_task(note(clock, 30, seen))
        assert [await clock.step() for _ in range(4)] == [10, 20, 30, None]

    assert seen == [(10, 10), (20, 20), (20, 20), (30, 30)]
    assert clock.now() == 30


async def test_steps_asked_for_at_once_are_steps_one_after_another() -> None:
    clock = VirtualClock(0)
    noted(clock, [10, 20], [])

    async with asyncio.TaskGroup() as group:
        steps = [group.create_task(clock.step()) for _ in range(3)]

    assert [each.result() for each in steps] == [10, 20, None]


async def test_jumps_asked_for_at_once_pass_together() -> None:
    clock = VirtualClock(0)

    async with asyncio.TaskGroup() as group:
        for duration in (30, 100, 5):
            group.create_task(clock.advance(duration))

    assert clock.now() == 100


async def test_a_cancelled_jump_stops_where_it_is() -> None:
    machine, seen = Machine(), list[tuple[int, int]]()
    clock = ScenarioClock(0, source=machine)
    noted(clock, [10, 20], seen)

    async with asyncio.TaskGroup() as group:
        jump = group.create_task(clock.advance(100))
        clock.call_at(10, jump.cancel)
    machine.pass_by(3)

    assert seen == [(10, 10)]
    assert clock.now() == 13


async def test_what_is_said_in_a_jump_holds_after_it() -> None:
    machine = Machine()
    clock = ScenarioClock(0, source=machine)

    clock.call_at(10, clock.pause)
    clock.call_at(20, lambda: clock.set_rate(3))
    await clock.advance(30)
    machine.pass_by(5)
    assert (clock.now(), clock.is_paused) == (30, True)
    clock.resume()
    machine.pass_by(5)

    assert clock.now() == 45


async def test_a_cancelled_callback_is_not_called() -> None:
    clock, seen = VirtualClock(0), list[tuple[int, int]]()

    def cancel() -> None:
        timers[0].cancel()

    clock.call_at(10, cancel)
    timers = noted(clock, [10, 20], seen)
    await clock.advance(100)
    timers[0].cancel()

    assert seen == [(20, 20)]


async def test_a_callback_that_fails_is_told_of_and_stops_nobody() -> None:
    clock, seen, told = VirtualClock(0), list[tuple[int, int]](), list[object]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    mistake = ValueError("mistake")

    def fail() -> None:
        raise mistake

    clock.call_at(10, fail)
    noted(clock, [10, 20], seen)
    await clock.advance(20)

    assert seen == [(10, 10), (20, 20)]
    assert told == [mistake]


@pytest.mark.parametrize("start", [START - DAY, START + DAY, None])
async def test_after_a_restart_everybody_waits_for_the_rest_of_his_time(start: int | None) -> None:
    machine, seen = Machine(), list[int]()
    clock = ScenarioClock(START, source=machine)

    async def sleeper() -> None:
        await clock.sleep_until(START + 100)
        seen.append(clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper())
        timer = clock.call_at(START + 200, lambda: seen.append(clock.now()))
        await settle()
        machine.pass_by(40)
        clock.restart(start, 2, paused=True)
        began = clock.now()
        assert timer.instant == began + 160
        await clock.advance(1_000)

    assert began == start or start is None
    assert (clock.rate, clock.is_paused) == (2, True)
    assert seen == [began + 60, began + 160]


async def test_a_restart_ends_the_jumps_under_way() -> None:
    clock, seen = VirtualClock(START), list[tuple[int, int]]()
    clock.call_at(START + 10, lambda: clock.restart(0, paused=True))
    noted(clock, [START + 20], seen)

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(clock.advance(100))
    assert (clock.now(), seen) == (0, [])
    await clock.advance(10)

    assert seen == [(START + 20, 10)]


async def test_what_was_due_when_the_clock_was_paused_is_called_without_a_jump() -> None:
    machine, seen = Machine(), list[tuple[int, int]]()
    clock = ScenarioClock(0, source=machine)

    noted(clock, [10, 11], seen)
    machine.pass_by(10)
    clock.pause()
    noted(clock, [3], seen)
    await settle()

    assert seen == [(3, 10), (10, 10)]
