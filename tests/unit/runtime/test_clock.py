"""Clocks: one stands still until told otherwise, the other is the machine's."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from emulator.runtime.clock import VirtualClock, WallClock


async def note(clock: VirtualClock, instant: int, seen: list[tuple[int, int]]) -> None:
    await clock.sleep_until(instant)
    seen.append((instant, clock.now()))


async def settle(turns: int = 5) -> None:
    """Let every task that can go on do so."""
    loop = asyncio.get_running_loop()
    for _ in range(turns):
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


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
