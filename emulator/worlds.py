"""A demo: each visitor finds an emulator of his own, for as long as he comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from secrets import token_urlsafe
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from emulator.engine.store import Write
from emulator.engine.surroundings import UncomputableError
from emulator.reload.follower import Follower, tell_clients
from emulator.reload.reloader import Reloader
from emulator.runtime.background import Background
from emulator.runtime.beginning import begin, still
from emulator.runtime.emulator import Emulator, Level
from emulator.runtime.expiry import Expiry
from emulator.runtime.files import FileStore
from emulator.runtime.journal import Entry, Journal
from emulator.runtime.later import Cancellable, Later
from emulator.surfaces.control.house import Demo
from emulator.surfaces.http import add_later
from emulator.surfaces.ready import add_headers
from emulator.surfaces.visitors import set_cookie, visitor_of
from emulator.values.durations import SECOND
from emulator.world import World

if TYPE_CHECKING:
    from emulator.surfaces.control.answers import DemoFacts

MAX_WEIGHT = 32 * 1024 * 1024
"""How many bytes of arguments a visitor may have written; who writes more begins anew."""

_LEAST_WEIGHT = 1024
_MAX_ENTRIES, _MAX_JOURNAL = 200, 256 * 1024
_MAX_FILES = 8 * 1024 * 1024
_COOKIE_BYTES = 16
_BANNER = "X-Emulator-Demo"
_EVERYTHING = frozenset(Level)

logger = logging.getLogger(__name__)


class Terms(NamedTuple):
    """How long a world may lie idle, how many there are at most, and how often all begin anew; in nanoseconds."""

    idle: int
    most: int
    reset: int | None = None


@dataclass(frozen=True, slots=True)
class _House:
    """Whoever runs the world of a visitor: nobody makes anything in it but him."""

    stage: Follower
    demo: Demo
    hosts: frozenset[str] = frozenset()
    instances: None = None


@dataclass(eq=False, slots=True)
class _Visited:
    """A world, and how it is used."""

    world: World
    follower: Follower
    visits: int = 0
    under_way: int = 0
    weight: int = 0
    expiry: Expiry = field(init=False)

    def uses(self) -> int | None:
        """Return how often it was visited; None while anybody is there."""
        return None if self.under_way else self.visits

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Have a visitor in it until the block ends."""
        self.visits += 1
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1


class Worlds:
    """The worlds of all visitors, the one that was visited last at the end."""

    def __init__(
        self, emulator: Emulator, main: Follower, reloader: Reloader, terms: Terms, later: Later | None = None
    ) -> None:
        """Begin with none; each is to be as `main` has its scenario. `emulator` answers those who are nobody yet."""
        self._later = later
        self._emulator = emulator
        self._main = main
        self._reloader = reloader
        self._terms = terms
        self._lobby = World(emulator, None, _House(main, self))
        self._open: dict[str, _Visited] = {}
        self._background = Background()
        self._resetting: Cancellable | None = None

    def __len__(self) -> int:
        return len(self._open)

    @property
    def facts(self) -> DemoFacts:
        """What everybody may know."""
        return {"demo": True, "worlds": len(self._open)}

    def begin(self) -> None:
        """Have all worlds begin anew again and again, if they are to."""
        if self._terms.reset is not None:
            later = self._later or asyncio.get_running_loop().call_later
            self._resetting = later(self._terms.reset / SECOND, self._reset_again)

    def handle(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as the visitor's deployment does."""
        return self._visit(request, World.handle)

    def handle_gateway(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as the visitor's gateway does."""
        return self._visit(request, World.handle_gateway)

    def handle_site(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as the visitor's HTTP actions do."""
        return self._visit(request, World.handle_site)

    async def close(self) -> None:
        """End all worlds."""
        if self._resetting is not None:
            self._resetting.cancel()
        for key in tuple(self._open):
            self._end(key)
        await self._background.close()
        await self._lobby.close()

    def reset(self) -> None:
        """Have all worlds begin anew; whoever watches is told."""
        logger.info("all %d worlds begin anew", len(self._open))
        for visited in self._open.values():
            try:
                visited.world.emulator.reset(_EVERYTHING)
            except UncomputableError as error:
                logger.warning("a world cannot begin anew: %s: %s", error.place, error.reason)

    async def _visit(
        self, request: web.BaseRequest, door: Callable[[World, web.BaseRequest], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        fresh = token_urlsafe(_COOKIE_BYTES)
        visitor = visitor_of(request.headers, request.remote, fresh)
        added = {_BANNER: f"idle={self._terms.idle // SECOND}"}
        if visitor.is_new:
            added["Set-Cookie"] = set_cookie(request.headers, fresh)
        add_later(added)
        if request.method == "OPTIONS":  # a browser's question, without what tells who it is
            return add_headers(await door(self._lobby, request), added)
        try:
            visited = self._found(visitor.key)
        except UncomputableError as error:
            logger.warning("a world cannot begin: %s: %s", error.place, error.reason)
            return web.Response(status=503, text="The scenario of this demo cannot begin; its log says why.")
        with visited.visit():
            return add_headers(await door(visited.world, request), added)

    def _found(self, key: str) -> _Visited:
        """Return the world of a visitor, a new one if there is none; raise UncomputableError when it cannot begin."""
        visited = self._open.pop(key, None)
        if visited is None:
            visited = self._begun(key)
            while len(self._open) >= self._terms.most:
                self._end(self._oldest())
        self._open[key] = visited
        return visited

    def _oldest(self) -> str:
        """Return the key of the world that gives way: one where nobody is, if there is any."""
        idle = (key for key, each in self._open.items() if not each.under_way)
        return next(idle, next(iter(self._open)))

    def _begun(self, key: str) -> _Visited:
        emulator = begin(self._reloader.indexes.of(self._main.scenario))
        emulator.journal = Journal(_MAX_ENTRIES, _MAX_JOURNAL)
        emulator.files = FileStore(_MAX_FILES)
        emulator.settle_at(self._emulator.state.origins)
        follower = self._reloader.follow(emulator, self._main.scenario.name, partial(tell_clients, emulator))
        visited = _Visited(World(emulator, None, _House(follower, self)), follower)
        visited.expiry = Expiry(self._terms.idle, visited.uses, partial(self._end, key), self._later)
        emulator.journal.listen(partial(self._weigh, key, visited))
        return visited

    def _end(self, key: str) -> None:
        visited = self._open.pop(key, None)
        if visited is None:
            return
        visited.expiry.stop()
        self._reloader.leave(visited.follower)
        still(visited.world.emulator)
        self._background.start(visited.world.close())

    def _weigh(self, key: str, visited: _Visited, entry: Entry) -> None:
        if any(isinstance(each, Write) for each in entry.decision.changes):
            visited.weight += _LEAST_WEIGHT + entry.call.size
            if visited.weight > MAX_WEIGHT and self._open.get(key) is visited:
                logger.info("a visitor has written too much, and begins anew")
                self._end(key)

    def _reset_again(self) -> None:
        self.reset()
        self.begin()
