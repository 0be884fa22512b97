"""A whole emulator of scenario files: loaded, listening, kept at what the files say."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence

from emulator.app import CONTROL, App, Listener
from emulator.engine.surroundings import UncomputableError
from emulator.model.scenario import ClockSettings, Scenario
from emulator.reload.rehearse import prepare, seed_problem
from emulator.reload.reloader import Reloader
from emulator.reload.report import Refused, Report, warning
from emulator.runtime.clock import ScenarioClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loaded, Loader, choose
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.source import Source


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
    ) -> None:
        """Put the wanted scenario of `loaded` in force; `tell` hears of every reload.

        Raises NoScenarioError when it cannot begin.
        """
        scenario = scenario_of(loaded, wanted)
        self.emulator = _begin(scenario, loaded)
        self.app = App(self.emulator, listeners)
        self._tell = tell
        self._prepared: asyncio.Future[None] | None = None
        self.app.stage = self.reloader = Reloader(self.emulator, loader, loaded, wanted, self._report)

    async def start(self) -> None:
        """Begin to listen; raise PortInUseError, listening nowhere, when a port is taken."""
        await self.app.start()
        scenario = self.emulator.revision.scenario
        self._prepared = asyncio.get_running_loop().run_in_executor(None, prepare, scenario)

    async def stop(self) -> None:
        """Stop listening and end what is open."""
        await self.app.stop()

    def _report(self, report: Report) -> None:
        self._tell(report)
        if isinstance(report, Refused):
            self.emulator.warn(warning(report))

    def facts(self) -> dict[str, object]:
        """Return where everything is and the keys to it, as the ready file says it."""
        app, scenario = self.app, self.emulator.revision.scenario
        access = scenario.gateway.access
        return {
            "convex_url": app.url("convex"),
            "gateway_url": app.url("gateway") or app.url("convex"),
            "site_url": app.url("site"),
            "admin_key": scenario.deployment.admin_keys[0] if scenario.deployment.admin_keys else None,
            "gateway_token": access.bearer,
            "gateway_password": access.password,
            "control_url": f"{app.url('convex')}{CONTROL}",
            "token": app.token,
            "scenario": scenario.name,
            "seed": scenario.seed,
            "pid": os.getpid(),
        }


def _begin(scenario: Scenario, loaded: Loaded) -> Emulator:
    clock = scenario.clock or ClockSettings()
    try:
        return Emulator(scenario, ScenarioClock(clock.start, clock.rate))
    except UncomputableError as error:
        message = "the scenario cannot begin; nothing is served"
        raise NoScenarioError(message, [seed_problem(error)], loaded.sources) from error
