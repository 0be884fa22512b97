"""A plan performed without anybody waiting for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulator.engine.plan import Emit, Finish, Plan, Wait
from emulator.model.rule import Failure
from emulator.runtime.clock import VirtualClock
from emulator.runtime.perform import Performance
from tests.support.live import timers_of

END = Finish(Failure(503))


class Stage:
    """A performance and what came of it, with the moments."""

    def __init__(self, plan: Plan, on_piece: Callable[[str], None] = lambda _piece: None) -> None:
        self.clock = VirtualClock(0)
        self.seen: list[tuple[int, str]] = []
        self._on_piece = on_piece
        self.performance = Performance(plan, self.clock, 0, self._emit, self._finish)

    def _emit(self, piece: str) -> None:
        self.seen.append((self.clock.now(), piece))
        self._on_piece(piece)

    def _finish(self, finish: Finish) -> None:
        assert finish is END
        self.seen.append((self.clock.now(), "end"))


async def test_what_is_due_at_once_is_done_at_once() -> None:
    stage = Stage((Emit("a"), Wait(0), Emit("b"), END))

    assert stage.seen == [(0, "a"), (0, "b"), (0, "end")]


async def test_steps_are_performed_at_their_moments() -> None:
    stage = Stage((Wait(10), Emit("a"), Wait(20), Wait(5), Emit("b"), Wait(1), END))
    await stage.clock.advance(9)
    assert stage.seen == []
    await stage.clock.advance(100)

    assert stage.seen == [(10, "a"), (35, "b"), (36, "end")]
    assert timers_of(stage.clock) == 0


async def test_what_is_stopped_leaves_the_rest_undone() -> None:
    stage = Stage((Emit("a"), Wait(10), Emit("b"), END))
    stage.performance.stop()
    await stage.clock.advance(100)

    assert stage.seen == [(0, "a")]
    assert timers_of(stage.clock) == 0


async def test_what_is_stopped_by_a_piece_of_its_own_leaves_the_rest_undone() -> None:
    stages: list[Stage] = []
    stages.append(Stage((Wait(10), Emit("a"), Emit("b"), END), lambda _piece: stages[0].performance.stop()))
    await stages[0].clock.advance(100)

    assert stages[0].seen == [(10, "a")]


async def test_what_is_over_can_be_stopped_all_the_same() -> None:
    stage = Stage((Emit("a"), END))
    stage.performance.stop()

    assert stage.seen == [(0, "a"), (0, "end")]


async def test_nothing_behind_the_end_is_performed() -> None:
    stage = Stage((END, Emit("a"), Finish(Failure(500))))
    await stage.clock.advance(100)

    assert stage.seen == [(0, "end")]


@pytest.mark.parametrize("start", [-1_000_000, 1_000_000])
async def test_the_pace_stays_when_the_clock_begins_anew(start: int) -> None:
    stage = Stage((Wait(10), Emit("a"), Wait(20), Emit("b"), Wait(30), END))
    await stage.clock.advance(15)
    stage.clock.restart(start, paused=True)
    await stage.clock.advance(100)

    assert stage.seen == [(10, "a"), (start + 15, "b"), (start + 45, "end")]


async def test_the_schedule_counts_from_the_start_and_not_from_now() -> None:
    clock, seen = VirtualClock(0), list[tuple[int, str]]()
    plan: Plan = (Wait(10), Emit("a"), Wait(10), Emit("b"), Wait(10), END)
    Performance(
        plan, clock, -15, lambda piece: seen.append((clock.now(), piece)), lambda _: seen.append((clock.now(), "end"))
    )
    await clock.advance(100)

    assert seen == [(0, "a"), (5, "b"), (15, "end")]
