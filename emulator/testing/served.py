"""A server under test, and what is done to it; all of this happens in its loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from emulator.app import LOOPBACK, Listener
from emulator.runtime.clock import ScenarioClock
from emulator.runtime.emulator import Emulator, Level
from emulator.runtime.journal import Entry
from emulator.server import NoScenarioError, Server
from emulator.testing.errors import ScenarioError
from emulator.testing.scenarios import Choice

LISTENERS = tuple(Listener(name, LOOPBACK, 0) for name in ("convex", "gateway", "site"))
"""Where a server under test listens: ports of its own, for this machine only."""


class Served:
    """One server, with one choice in force."""

    def __init__(self, server: Server, choice: Choice) -> None:
        """Have `choice` in force, which `server` was made of."""
        self.server = server
        self.choice = choice
        self._calls_before = 0

    @property
    def emulator(self) -> Emulator:
        """What handles the calls."""
        return self.server.emulator

    @property
    def clock(self) -> ScenarioClock:
        """The scenario's clock."""
        clock = self.emulator.clock
        assert isinstance(clock, ScenarioClock)
        return clock

    def begin(self, choice: Choice) -> None:
        """Begin a choice anew, whatever was done before; raise ScenarioError when it cannot begin."""
        if self.emulator.revision.scenario is not choice.scenario:
            try:
                self.server.turn_to(choice.scenario, choice.loader, choice.loaded)
            except NoScenarioError as error:
                raise ScenarioError(str(error), error.problems, error.sources) from None
        self.choice = choice
        if choice.is_paused:
            self.clock.pause()
        else:
            self.clock.resume()
        self.emulator.reset(frozenset(Level))
        self._calls_before = self.emulator.calls

    def count_instances(self) -> int:
        """Return how many further emulators there are beside this one."""
        return len(self.server.instances)

    async def end_instances(self) -> None:
        """End further emulators, which tests made by the control API."""
        await self.server.instances.end_all()

    def entries(self) -> list[Entry]:
        """Return the calls since the beginning, the oldest first."""
        return list(map(self.numbered, self.emulator.journal))

    def numbered(self, entry: Entry) -> Entry:
        """Return a call with its number since the beginning, counted from 1."""
        return entry._replace(number=entry.number - self._calls_before)

    def reset(self) -> None:
        """Begin what is in force anew, as it was when the test began."""
        self.begin(self.choice)


@asynccontextmanager
async def serving(choice: Choice) -> AsyncIterator[Served]:
    """Serve a choice on free ports until the block ends; raise ScenarioError when it cannot begin."""
    try:
        server = Server(choice.loader, choice.loaded, choice.scenario.name, LISTENERS)
    except NoScenarioError as error:
        raise ScenarioError(str(error), error.problems, error.sources) from None
    await server.start()
    try:
        served = Served(server, choice)
        served.begin(choice)
        yield served
    finally:
        await server.stop()
