"""Further emulators beside one that runs: of the same files, each with a state, ports and keys of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from emulator.app import LOOPBACK, App, Listener, PortInUseError
from emulator.engine.index import Index
from emulator.engine.surroundings import UncomputableError
from emulator.reload.follower import Follower, tell_clients
from emulator.reload.reloader import Reloader
from emulator.runtime.background import Background
from emulator.runtime.beginning import begin, still
from emulator.runtime.emulator import Emulator
from emulator.runtime.expiry import Expiry
from emulator.runtime.later import Later
from emulator.scenario.problem import did_you_mean
from emulator.surfaces.control.failures import ControlError, conflict, not_found
from emulator.surfaces.control.house import Wanted

if TYPE_CHECKING:
    from emulator.surfaces.control.answers import Instance
    from emulator.surfaces.control.rows import InstanceRow

MAX_INSTANCES = 64
_SECRETS = frozenset({"token", "admin_key", "gateway_token", "gateway_password"})


@dataclass(eq=False, slots=True)
class _Instance:
    """One that listens; `expiry` ends it when nobody uses it, where somebody asked for that."""

    app: App
    follower: Follower
    expiry: Expiry | None = None


class Instances:
    """All instances that were made with one emulator; they follow the files as it does, and end with it."""

    def __init__(
        self, main: Follower, reloader: Reloader, listeners: Sequence[str], later: Later | None = None
    ) -> None:
        """Begin with none; each is to have `listeners`, and is of the scenario of `main` if nobody says otherwise."""
        self._main = main
        self._reloader = reloader
        self._listeners = tuple(listeners)
        self._later = later
        self._open: dict[str, _Instance] = {}
        self._beginning: set[str] = set()
        self._made = 0
        self._is_closed = False
        self._background = Background()

    def __len__(self) -> int:
        return len(self._open)

    def rows(self) -> list[InstanceRow]:
        """Return all of them without their keys, the oldest first."""
        return [_row(_facts(name, each.app)) for name, each in self._open.items()]

    async def make(self, wanted: Wanted) -> Instance:
        """Return the facts of another one, once it listens; raise ControlError when it cannot be."""
        index, name = self._index(wanted), self._name(wanted)
        try:
            emulator = begin(index)
        except UncomputableError as error:
            raise conflict("cannot_begin", f"{error.place}: {error.reason}") from error
        self._beginning.add(name)
        try:
            instance = await self._start(emulator, wanted)
        finally:
            self._beginning.remove(name)
        self._open[name] = instance
        if self._is_closed:
            await self.end(name)
            raise _ENDING.fresh()
        if wanted.idle is not None:
            instance.expiry = Expiry(wanted.idle, instance.app.uses, partial(self._expire, name), self._later)
        return _facts(name, instance.app)

    async def end(self, name: str) -> bool:
        """End one; say whether it was there."""
        instance = self._open.pop(name, None)
        if instance is None:
            return False
        if instance.expiry is not None:
            instance.expiry.stop()
        self._reloader.leave(instance.follower)
        await instance.app.stop()
        still(instance.app.emulator)
        return True

    async def end_all(self) -> int:
        """End all, and return how many those were."""
        return sum(await asyncio.gather(*map(self.end, tuple(self._open))))

    async def close(self) -> None:
        """End all, and have no others begin."""
        self._is_closed = True
        await self.end_all()
        await self._background.close()

    async def _start(self, emulator: Emulator, wanted: Wanted) -> _Instance:
        app = App(emulator, [Listener(each, LOOPBACK, 0) for each in self._listeners])
        scenario = emulator.revision.scenario.name
        follower = self._reloader.follow(emulator, scenario, partial(tell_clients, emulator), wanted.seed)
        app.stage = follower
        try:
            await app.start()
        except PortInUseError as error:
            self._reloader.leave(follower)
            still(emulator)
            raise conflict("cannot_listen", f"no port can be had: {error.__cause__}") from error
        return _Instance(app, follower)

    def _index(self, wanted: Wanted) -> Index:
        """Return the index of the wanted scenario; that of the main emulator is as it is in force there."""
        mine, loaded = self._main.scenario, self._reloader.loaded
        name = mine.name if wanted.scenario is None else wanted.scenario
        scenario = mine if name == mine.name else loaded.scenarios.get(name)
        if scenario is None and name not in loaded.scenarios:
            raise not_found(f"there is no scenario {name!r}", did_you_mean(name, loaded.scenarios))
        if scenario is None:
            raise conflict("has_problems", f"the scenario {name} has problems", "see /__emulator/problems")
        return self._reloader.indexes.of(scenario, wanted.seed)

    def _name(self, wanted: Wanted) -> str:
        """Return what a new one is to be called; raise ControlError when that, or any, is one too many."""
        taken = self._open.keys() | self._beginning
        if self._is_closed:
            raise _ENDING.fresh()
        if len(taken) >= MAX_INSTANCES:
            raise conflict(
                "too_many", f"there are {len(taken)} instances, as many as may be", "DELETE those that are done"
            )
        if wanted.name is None:
            self._made += 1
            while (name := str(self._made)) in taken:
                self._made += 1
            return name
        if wanted.name in taken:
            raise conflict(
                "name_taken", f"there is an instance {wanted.name!r} already", "DELETE it, or leave the name out"
            )
        return wanted.name

    def _expire(self, name: str) -> None:
        self._background.start(self.end(name))


_ENDING = ControlError(409, "ending", "the emulator is about to end")


def _facts(name: str, app: App) -> Instance:
    return cast("Instance", {"id": name, **app.facts()})


def _row(instance: Instance) -> InstanceRow:
    return cast("InstanceRow", {key: value for key, value in instance.items() if key not in _SECRETS})
