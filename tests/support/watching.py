"""Whoever watches live queries, without a socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emulator.engine.call import ANONYMOUS, Call, Caller
from emulator.engine.plan import Finish, Returned
from emulator.model.function import FunctionType
from emulator.model.scenario import Scenario
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.live import Live, LiveQueries
from emulator.scenario.load import Loader
from emulator.values.convex import Value
from tests.support.clocks import START
from tests.support.scenarios import write_files


class Audience:
    """A watcher that writes down what it was told: the values, or endings, of each push."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.pushes: list[list[object]] = []
        self._touched: list[Live] = []

    def touch(self, live: Live) -> None:
        """Take note of a change."""
        self._touched.append(live)

    def push(self) -> None:
        """Write down what changed."""
        self.pushes.append([shown(live.finish) for live in self._touched])
        self._touched.clear()

    def told(self) -> list[list[object]]:
        """Return what it was told since this was asked last."""
        told, self.pushes = self.pushes, []
        return told


class Stage:
    """An emulator, its live queries, and the end of the tick in a test's hands."""

    def __init__(self, scenario: Scenario) -> None:
        """Put a scenario in force."""
        self.clock = VirtualClock(START)
        self.emulator = Emulator(scenario, self.clock)
        self.soon: list[Callable[[], None]] = []
        self.live = LiveQueries(self.emulator, self.soon.append)
        self.audience = Audience()
        self.evaluations: list[str] = []
        look_again = self.emulator.look_again

        def counted(call: Call) -> object:
            self.evaluations.append(call.operation)
            return look_again(call)

        self.emulator.look_again = counted  # type: ignore[method-assign,assignment]

    def watch(
        self,
        name: str,
        args: dict[str, Value] | None = None,
        caller: Caller = ANONYMOUS,
        page_end: str | None = None,
        audience: Audience | None = None,
    ) -> Live:
        """Watch a query."""
        call = Call(name, FunctionType.QUERY, args or {}, caller)
        return self.live.watch(call, page_end, audience or self.audience)[0]

    def mutate(self, name: str, args: dict[str, Value] | None = None) -> None:
        """Call a mutation; nothing is told yet."""
        self.emulator.handle(Call(name, FunctionType.MUTATION, args or {}))

    def told(self) -> list[list[object]]:
        """End the tick, and return what was told."""
        while self.soon:
            self.soon.pop(0)()
        return self.audience.told()

    def evaluated(self) -> list[str]:
        """Return what was run again since this was asked last, in the order of names."""
        evaluations, self.evaluations = sorted(self.evaluations), []
        return evaluations


class Theatre(Stage):
    """The same with a scenario file, which a test saves anew."""

    def __init__(self, folder: Path, text: str) -> None:
        """Save a scenario, and put it in force."""
        self.folder = folder
        self.loader = Loader([folder])
        super().__init__(self.load(text))

    def reload(self, text: str) -> None:
        """Put another scenario in force; nothing is told yet."""
        self.emulator.swap(self.load(text))

    def load(self, text: str) -> Scenario:
        """Save a scenario, and load what changed."""
        write_files(self.folder, {"default.yaml": text})
        loaded = self.loader.load()
        scenario = loaded.scenarios["default"]
        assert scenario is not None, loaded.problems
        return scenario


def shown(finish: Finish) -> object:
    """Return a value, or how else a query ended."""
    return finish.ending.value.value if isinstance(finish.ending, Returned) else finish.ending
