"""Whatever is done to a clock, callbacks come in their order and not early."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulator.runtime.clock import ScenarioClock
from emulator.values.durations import MILLISECOND
from tests.support.clocks import Machine, settle

STEPS = st.one_of(
    st.tuples(st.just("advance"), st.integers(0, 20_000_000)),
    st.tuples(st.just("machine"), st.integers(0, 20_000_000)),
    st.tuples(st.just("rate"), st.floats(1e-3, 1e3)),
    st.tuples(st.sampled_from(["pause", "resume", "step"]), st.none()),
)


async def take(step: str, value: Any, clock: ScenarioClock, machine: Machine) -> None:
    match step:
        case "advance":
            await clock.advance(value)
        case "machine":
            machine.pass_by(value)
            clock.set_rate(clock.rate)  # has the loop look at the clock anew
            await settle()
        case "rate":
            clock.set_rate(value)
        case "pause":
            clock.pause()
        case "resume":
            clock.resume()
        case _:
            await clock.step()


@given(
    instants=st.lists(st.integers(-10, 50).map(MILLISECOND.__mul__), max_size=20),
    steps=st.lists(STEPS, max_size=12),
    paused=st.booleans(),
)
def test_callbacks_come_in_order_never_early_and_in_jumps_exactly(
    instants: list[int], steps: list[tuple[str, Any]], *, paused: bool
) -> None:
    machine, called = Machine(), list[tuple[int, int]]()

    async def run() -> None:
        clock = ScenarioClock(0, paused=paused, source=machine)
        jump_from: int | None = None
        wrong = list[tuple[int, int, int | None]]()

        def callback(number: int, instant: int) -> None:
            now = clock.now()
            called.append((instant, number))
            if now < instant or (jump_from is not None and jump_from < instant != now):
                wrong.append((instant, now, jump_from))

        for number, instant in enumerate(instants):
            clock.call_at(instant, partial(callback, number, instant))
        last = clock.now()
        for step, value in [*steps, ("advance", 60 * MILLISECOND)]:
            jump_from = clock.now() if step in {"advance", "step"} else None
            await take(step, value, clock, machine)
            assert clock.now() >= last
            last = clock.now()
        assert wrong == []

    asyncio.run(run())

    assert called == sorted((instant, number) for number, instant in enumerate(instants))
