"""A whole emulator of scenario files: loaded, listening, kept at what the files say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from emulator.app import App, Listener
from emulator.engine.image import ImageError, Restored
from emulator.engine.index import Index
from emulator.engine.surroundings import UncomputableError
from emulator.instances import Instances
from emulator.model.scenario import Scenario
from emulator.reload.follower import tell_clients
from emulator.reload.rehearse import prepare, seed_problem
from emulator.reload.reloader import Reloader
from emulator.reload.report import Report
from emulator.runtime.beginning import begin
from emulator.runtime.emulator import Emulator
from emulator.runtime.files import FilesFullError
from emulator.scenario.load import Loaded, Loader, choose
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.source import Source
from emulator.worlds import Terms, Worlds

if TYPE_CHECKING:
    from emulator.persistence.state_file import StateFile


class NoScenarioError(Exception):
    """There is no scenario that could be served; `problems` are what is wrong with the one that was wanted."""

    def __init__(self, message: str, problems: Sequence[Problem] = (), sources: Mapping[str, Source] = {}) -> None:
        """Say why, with what is wrong in `sources`."""
        super().__init__(message)
        self.problems = tuple(problems)
        self.sources = sources


def scenario_of(loaded: Loaded, wanted: str | None) -> Scenario:
    """Return the scenario to serve; raise NoScenarioError when there is none, or when it has problems."""
    name = choose(loaded, wanted)
    if name is not None and (scenario := loaded.scenarios[name]) is not None:
        return scenario
    problems = loaded.problems if name is None else loaded.problems_of[name]
    if problems:
        raise NoScenarioError("the scenario has problems; nothing is served", problems, loaded.sources)
    names = ", ".join(loaded.scenarios) or "none"
    if wanted is None:
        raise NoScenarioError(f"there are several scenarios and none is called default: {names}; use --scenario")
    hint = did_you_mean(wanted, loaded.scenarios)
    raise NoScenarioError(f"there is no scenario {wanted!r}{f'; {hint}' if hint else ''}. There are: {names}")


class Server:
    """One scenario, served at its listeners; whoever made it starts and stops it, in one loop."""

    def __init__(
        self,
        loader: Loader,
        loaded: Loaded,
        wanted: str | None,
        listeners: Sequence[Listener],
        tell: Callable[[Report], None] = lambda _: None,
        keeping: StateFile | Terms | None = None,
    ) -> None:
        """Put the wanted scenario of `loaded` in force; `tell` hears of every reload.

        `keeping` is a file that it goes on from, and keeps what happens in; or the terms of a demo, in which each
        visitor has a world of his own. Raises NoScenarioError when it cannot begin.
        """
        scenario = scenario_of(loaded, wanted)
        self.reloader = Reloader(loader, loaded)
        self.emulator = _begin(self.reloader.indexes.of(scenario), loaded)
        demo = keeping if isinstance(keeping, Terms) else None
        self.restored = None
        if keeping is not None and not isinstance(keeping, Terms):
            self.restored = _resume(self.emulator, keeping, loaded)
        self._tell = tell
        self._prepared: asyncio.Future[None] | None = None
        self.main = self.reloader.follow(self.emulator, wanted, self._report)
        self.instances = Instances(self.main, self.reloader, [each.name for each in listeners])
        self.worlds = None if demo is None else Worlds(self.emulator, self.main, self.reloader, demo)
        self.app = App(self.emulator, listeners, doors=self.worlds)
        self.app.stage = self.main
        self.app.demo = self.worlds
        self.app.instances = self.instances if demo is None else None

    async def start(self) -> None:
        """Begin to listen; raise PortInUseError, listening nowhere, when a port is taken."""
        await self.app.start()
        if self.worlds is not None:
            self.worlds.begin()
        scenario = self.emulator.revision.scenario
        self._prepared = asyncio.get_running_loop().run_in_executor(None, prepare, scenario)

    async def stop(self) -> None:
        """Stop listening and end what is open, the instances that were made with it."""
        await self.instances.close()
        await self.app.stop()

    def turn_to(self, scenario: Scenario, loader: Loader, loaded: Loaded) -> None:
        """Put a scenario of other files in force, at the same addresses.

        Raises NoScenarioError, with the one before still in force, when it cannot begin.
        """
        try:
            self.main.turn_to(scenario, loaded)
        except UncomputableError as error:
            raise _cannot_begin(error, loaded) from error
        self.reloader.turn_to(loader, loaded)

    def _report(self, report: Report) -> None:
        self._tell(report)
        tell_clients(self.emulator, report)

    def facts(self) -> dict[str, object]:
        """Return where everything is and the keys to it, as the ready file says it."""
        return self.app.facts()


def _resume(emulator: Emulator, state: StateFile, loaded: Loaded) -> Restored | None:
    """Have an emulator go on with the state in a file, and keep it there; return what was restored, if anything was."""
    try:
        restored = None if state.saved is None else emulator.restore(*state.saved)
        state.keep(emulator, None if restored is None else restored.writes)
    except (ImageError, FilesFullError) as error:
        raise NoScenarioError(f"{state.path} cannot be used: {error}; name another file") from error
    except UncomputableError as error:
        message = "the scenario cannot begin; nothing is served"
        raise NoScenarioError(message, [seed_problem(error)], loaded.sources) from error
    return restored


def _begin(index: Index, loaded: Loaded) -> Emulator:
    try:
        return begin(index)
    except UncomputableError as error:
        raise _cannot_begin(error, loaded) from error


def _cannot_begin(error: UncomputableError, loaded: Loaded) -> NoScenarioError:
    return NoScenarioError("the scenario cannot begin; nothing is served", [seed_problem(error)], loaded.sources)
