"""Calls without a wire, and what became of them."""

from __future__ import annotations

from pathlib import Path

from emulator.engine.call import ANONYMOUS, Call, Caller
from emulator.engine.plan import Ending, Finish, Returned, Wait
from emulator.model.function import FunctionType
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.values.convex import Value
from emulator.values.durations import MILLISECOND
from tests.support.scenarios import load_text

QUERY, MUTATION, ACTION = FunctionType.QUERY, FunctionType.MUTATION, FunctionType.ACTION


def emulator_of(folder: Path, text: str, *, seed: int | None = None) -> Emulator:
    """Return an emulator of one scenario file, on a clock that stands still."""
    return Emulator(load_text(folder, text, seed=seed), VirtualClock(0))


def call(
    emulator: Emulator,
    operation: str,
    args: dict[str, Value] | None = None,
    kind: FunctionType | None = QUERY,
    caller: Caller = ANONYMOUS,
) -> Entry:
    """Have a call handled."""
    return emulator.handle(Call(operation, kind, args or {}, caller))


def ending_of(entry: Entry) -> Ending:
    """Return what a call ends with."""
    last = entry.decision.plan[-1]
    assert isinstance(last, Finish)
    return last.ending


def value_of(entry: Entry) -> Value:
    """Return the value a call ends with."""
    ending = ending_of(entry)
    assert isinstance(ending, Returned), ending
    return ending.value.value


def delay_of(entry: Entry) -> float:
    """Return how long a call waits before it ends, in milliseconds."""
    return sum(step.duration for step in entry.decision.plan if isinstance(step, Wait)) / MILLISECOND
