"""An emulator for tests: in a thread of its own, or in the loop of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from emulator.testing import journal
from emulator.testing.calls import Call, call_of
from emulator.testing.clocks import AsyncClock, Clock, Duration
from emulator.testing.controls import Controls, selection_of
from emulator.testing.errors import is_misuse
from emulator.testing.scenarios import Scenarios, Source, Wanted
from emulator.testing.served import Served, serving
from emulator.testing.thread import PATIENCE, LoopThread
from emulator.testing.values import duration_of
from emulator.values.durations import SECOND

__tracebackhide__ = is_misuse
_WAIT = 5.0


class Emulator(Controls):
    """An emulator in a thread of its own, which any thread of this process steers, and everything else calls."""

    def __init__(self, thread: LoopThread[Served], scenarios: Scenarios) -> None:
        """Steer what is served in `thread`, with what `scenarios` has."""
        super().__init__(thread.do, thread.entered)
        self._thread = thread
        self._scenarios = scenarios
        self.clock = Clock(thread)
        self._folders: tuple[Path, ...] = ()

    def load(
        self,
        source: Source | None = None,
        *,
        scenario: str | None = None,
        seed: int | None = None,
        clock: str | datetime | None = None,
    ) -> None:
        """Put another scenario in force, which begins anew, for the rest of the test.

        `source` is a path, YAML or a dict, and the default one when left out; the rest is as for the marker. Raises
        ScenarioError, with the one before still in force, for one with problems.
        """
        self.begin(Wanted(source, scenario, seed, clock, self._folders))

    def begin(self, wanted: Wanted) -> None:
        """Put what is wanted in force; :meth:`load` looks for files where this did."""
        choice = self._scenarios.choose(wanted)
        if self._do(self._served.count_instances):
            self._thread.run(self._served.end_instances())
        self._do(lambda: self._served.begin(choice))
        self._folders = wanted.folders

    def wait_for_call(
        self,
        operation: str,
        *,
        timeout: Duration = _WAIT,
        count: int = 1,
        args: Mapping[str, Any] | None = None,
        outcome: str | None = None,
        identity: str | None = None,
    ) -> Call:
        """Return the first such call, or the `count`-th, once it has come, be it long ago; raise TimeoutError.

        The time is the machine's, not the scenario's.
        """
        seconds = duration_of(timeout, "timeout") / SECOND
        like, wanted = selection_of(operation, args, outcome, identity)
        try:
            return call_of(
                self._thread.run(journal.wait(self._served, like, wanted, count, seconds), seconds + PATIENCE)
            )
        except TimeoutError as error:
            raise TimeoutError(f"{error}{_why_not()}") from None

    def stop(self) -> None:
        """Stop serving; nothing happens when it has stopped."""
        self._thread.stop()


class AsyncEmulator(Controls):
    """An emulator in the loop of the test, without a thread."""

    def __init__(self, served: Served, scenarios: Scenarios) -> None:
        """Steer `served`, with what `scenarios` has."""
        super().__init__(_at_once, served)
        self._scenarios = scenarios
        self.clock = AsyncClock(_at_once, served)

    async def load(
        self,
        source: Source | None = None,
        *,
        scenario: str | None = None,
        seed: int | None = None,
        clock: str | datetime | None = None,
    ) -> None:
        """Put another scenario in force, which begins anew; see :meth:`Emulator.load`."""
        wanted = Wanted(source, scenario, seed, clock)
        self._served.begin(await asyncio.to_thread(self._scenarios.choose, wanted))

    async def wait_for_call(
        self,
        operation: str,
        *,
        timeout: Duration = _WAIT,  # noqa: ASYNC109 - as the other form has it
        count: int = 1,
        args: Mapping[str, Any] | None = None,
        outcome: str | None = None,
        identity: str | None = None,
    ) -> Call:
        """Return the first such call, or the `count`-th, once it has come; see :meth:`Emulator.wait_for_call`."""
        like, wanted = selection_of(operation, args, outcome, identity)
        seconds = duration_of(timeout, "timeout") / SECOND
        return call_of(await journal.wait(self._served, like, wanted, count, seconds))


@asynccontextmanager
async def serve(
    source: Source | None = None,
    *,
    scenario: str | None = None,
    seed: int | None = None,
    clock: str | datetime | None = None,
) -> AsyncIterator[AsyncEmulator]:
    """Serve a scenario in this loop, on free ports, until the block ends.

    `source` is a path, YAML or a dict; left out, nothing is scripted. `scenario` names one of several, `seed` takes
    the place of its own, and with `clock`, ``"paused"`` or a moment, time stands still. Raises ScenarioError for a
    scenario with problems.
    """
    scenarios = Scenarios()
    choice = await asyncio.to_thread(scenarios.choose, Wanted(source, scenario, seed, clock))
    async with serving(choice) as served:
        yield AsyncEmulator(served, scenarios)


@contextmanager
def serve_in_thread(
    source: Source | None = None,
    *,
    scenario: str | None = None,
    seed: int | None = None,
    clock: str | datetime | None = None,
) -> Iterator[Emulator]:
    """Serve a scenario in a thread of its own, on free ports, until the block ends; see :func:`serve`."""
    emulator = start(Scenarios(), Wanted(source, scenario, seed, clock))
    try:
        yield emulator
    finally:
        emulator.stop()


def start(scenarios: Scenarios, wanted: Wanted) -> Emulator:
    """Return an emulator that serves in a thread; whoever starts it stops it."""
    choice = scenarios.choose(wanted)
    return Emulator(LoopThread(partial(serving, choice), "emulator"), scenarios)


def _at_once(function: Any) -> Any:  # noqa: ANN401 - a Do
    return function()


def _why_not() -> str:
    """Say what a test did wrong that waited in its own loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return (
        "; this loop stood still meanwhile: what it is to call from here needs "
        "`await asyncio.to_thread(emulator.wait_for_call, …)`"
    )
