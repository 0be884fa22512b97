"""One emulator that is kept at a scenario of the files: what was loaded is swapped in, or the last good one stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

from emulator.engine.surroundings import UncomputableError
from emulator.model.constant import Constant
from emulator.model.scenario import Scenario
from emulator.reload.additions import Additions
from emulator.reload.indexes import Indexes
from emulator.reload.rehearse import seed_problem
from emulator.reload.report import Mended, Refused, Reloaded, Report, warning
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loaded, choose
from emulator.scenario.problem import Problem

Tell: TypeAlias = Callable[[Report], None]


class Follower:
    """Keeps an emulator at what the files say, and puts another of their scenarios in force when it is told to."""

    def __init__(
        self,
        emulator: Emulator,
        loaded: Loaded,
        wanted: str | None,
        tell: Tell,
        indexes: Indexes,
        seed: int | None = None,
    ) -> None:
        """Begin at `loaded`; `wanted` names the scenario, `tell` hears of every change, `seed` overrides the files'."""
        self.additions = Additions(emulator)
        self._emulator = emulator
        self._wanted = wanted
        self._tell = tell
        self._indexes = indexes
        self._seed = seed
        self._loaded = loaded
        self._in_force = loaded.files
        name = choose(loaded, wanted)
        self._broken = name is None or loaded.scenarios[name] is None
        self._refused: tuple[Problem, ...] = ()

    @property
    def scenario(self) -> Scenario:
        """The scenario in force, as the files have it."""
        return self.additions.files

    def names(self) -> list[str]:
        """Return the names of all scenarios."""
        return list(self._loaded.scenarios)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with any of them."""
        return (*self._loaded.problems, *self._refused)

    def use(self, name: str) -> bool:
        """Put another scenario in force, and keep to it; say whether it could be."""
        scenario = self._loaded.scenarios.get(name)
        if scenario is None:
            return False
        if name == self._emulator.revision.scenario.name and not self._broken:
            return True
        if not self._swap(scenario, self._loaded, time.perf_counter()):
            return False
        self._wanted = name
        return True

    def turn_to(self, scenario: Scenario, loaded: Loaded) -> None:
        """Put a scenario of other files in force, with nothing laid over it, and keep to those.

        Raises UncomputableError, with everything as it was, when it cannot begin.
        """
        self.additions.begin(scenario, self._indexes.of(scenario))
        self._loaded = loaded
        self._wanted = scenario.name
        self._in_force = loaded.files
        self._broken = False
        self._refused = ()

    def take(self, loaded: Loaded, started: float) -> None:
        """Put what was loaded in force when it is whole; loading it was `started` then."""
        self._loaded = loaded
        self._refused = ()
        name = choose(loaded, self._wanted)
        scenario = loaded.scenarios[name] if name is not None else None
        revision = self._emulator.revision
        if scenario is None:
            self._broken = True
            problems = loaded.problems_of[name] if name is not None else loaded.problems
            self._tell(Refused(revision, problems, loaded.sources))
        elif self._broken and loaded.files == self._in_force:
            self._broken = False
            self._tell(Mended(revision))
        elif not self._swap(scenario, loaded, started):
            self._broken = True

    def _swap(self, scenario: Scenario, loaded: Loaded, started: float) -> bool:
        revision = self._emulator.revision
        index = self._indexes.of(scenario, self._seed)
        try:
            after = self.additions.swap(index.scenario, index)
        except UncomputableError as error:
            self._refused = (seed_problem(error),)
            self._tell(Refused(revision, self._refused, loaded.sources))
            return False
        self._broken = False
        self._refused = ()
        self._in_force = loaded.files
        seconds = time.perf_counter() - started
        self._tell(Reloaded(after, *_difference(revision.scenario, after.scenario), seconds))
        return True


def tell_clients(emulator: Emulator, report: Report) -> None:
    """Tell developers who look at a client's console what is wrong with what was saved."""
    if isinstance(report, Refused):
        emulator.warn(warning(report))


def _named_parts(scenario: Scenario) -> Mapping[str, object]:
    """Return what a scenario is made of, by the names that people give it."""
    routes = scenario.http or {}
    parts: dict[str, object] = {"seed": scenario.seed, "locale": scenario.locale, **scenario.functions, **routes}
    parts |= {f"constant {name}": Constant(value) for name, value in scenario.vars.items()}
    parts |= {f"table {name}": table for name, table in scenario.tables.items()}
    parts |= {f"state {name}": value for name, value in scenario.state.items()}
    gateway = scenario.gateway
    parts |= {f"session {key}": session for key, session in gateway.sessions.items()}
    parts |= {f"channel {name}": channel for name, channel in gateway.channels.items()}
    parts |= {f"agent {name}": agent for name, agent in gateway.agents.items()}
    parts |= {f"node {name}": node for name, node in gateway.nodes.items()}
    parts |= {f"job {name}": job for name, job in gateway.cron.items()}
    if gateway.chat:
        parts["chat"] = gateway.chat
    if gateway.config:
        parts["config"] = gateway.config
    if scenario.timeline:
        parts["timeline"] = scenario.timeline
    if scenario.clock:
        parts["clock"] = scenario.clock
    return parts


def _difference(before: Scenario, after: Scenario) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    old, new = _named_parts(before), _named_parts(after)
    added = tuple(name for name in new if name not in old)
    changed = tuple(name for name in new if name in old and new[name] != old[name])
    return added, changed, tuple(name for name in old if name not in new)
