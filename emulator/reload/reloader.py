"""From a saved file to a revision in force: one load at a time, off the loop, all or nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from emulator.engine.surroundings import UncomputableError
from emulator.model.constant import Constant
from emulator.model.scenario import Scenario
from emulator.reload.additions import Additions
from emulator.reload.rehearse import prepare, seed_problem
from emulator.reload.report import Mended, Refused, Reloaded, Report
from emulator.runtime.emulator import Emulator
from emulator.scenario.files import SUFFIXES, find_folders
from emulator.scenario.load import Loaded, Loader, choose
from emulator.scenario.problem import Problem

logger = logging.getLogger(__name__)


class Reloader:
    """Keeps an emulator at what the files say."""

    def __init__(
        self, emulator: Emulator, loader: Loader, loaded: Loaded, wanted: str | None, tell: Callable[[Report], None]
    ) -> None:
        """Begin from `loaded`, which is in force; `wanted` names the scenario, `tell` hears of every change."""
        self._emulator = emulator
        self.additions = Additions(emulator)
        self._loader = loader
        self._wanted = wanted
        self._tell = tell
        self._loaded = loaded
        self._in_force = loaded.files
        self._seen = loaded.files
        self._roots = tuple(Path(path).absolute() for path in loader.paths)
        self._broken = False
        self._refused: tuple[Problem, ...] = ()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="emulator-load")

    async def run(self, stop: asyncio.Event) -> None:
        """Reload after each change until `stop` is set."""
        watcher = await asyncio.to_thread(import_module, "emulator.reload.watch")  # 60 ms, in which calls are answered
        try:
            async for _ in watcher.watch(self._targets, self._concerns, stop):
                await self.reload()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

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

    async def reload(self) -> None:
        """Load, and put the result in force when it is whole."""
        started = time.perf_counter()
        loaded = await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        if loaded is None or loaded.files == self._seen:
            return
        self._seen = loaded.files
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
        try:
            after = self.additions.swap(scenario)
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

    def _load(self) -> Loaded | None:
        try:
            loaded = self._loader.load()
            for each in filter(None, loaded.scenarios.values()):
                prepare(each)
        except Exception:
            logger.exception("a bug in the emulator: loading failed; the last good scenario stays in force")
            return None
        return loaded

    def _targets(self) -> set[Path]:
        folders = {path.parent for path in self._seen}
        for root in self._roots:
            folders |= {root.parent, *(find_folders(root) if root.is_dir() else ())}
        return folders

    def _concerns(self, path: Path) -> bool:
        if any(root == path or root.is_relative_to(path) for root in self._roots):
            return True
        return path.suffix in SUFFIXES or (not path.suffix and any(path.is_relative_to(root) for root in self._roots))


def _named_parts(scenario: Scenario) -> Mapping[str, object]:
    """Return what a scenario is made of, by the names that people give it."""
    parts: dict[str, object] = {"seed": scenario.seed, "locale": scenario.locale, **scenario.functions}
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
