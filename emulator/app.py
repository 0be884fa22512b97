"""Composition: an emulator, its listeners, and their lifetimes."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from emulator.engine.state import Origins
from emulator.model.http import PREFIX
from emulator.runtime.emulator import Emulator
from emulator.world import CONTROL, World

LOOPBACK = "127.0.0.1"
GATEWAY = "gateway"
"""The name of the listener at which the gateway comes first."""
SITE = "site"
"""The name of the listener that has HTTP actions only."""
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - it is told apart, not listened at
_KEEP_ALIVE = 75.0
_LINGERING = 2.0  # how long a client that was refused may go on sending before its connection is cut
_SHUTDOWN_GRACE = 0.2
_TOKEN_BYTES = 24


if TYPE_CHECKING:
    from emulator.surfaces.control.house import Demo, Instances, Stage


class Doors(Protocol):
    """Where requests go in, at each kind of listener."""

    def handle(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as a deployment does."""

    def handle_gateway(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as a gateway does."""

    def handle_site(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as the port of HTTP actions does."""

    async def close(self) -> None:
        """End what is open."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An address to listen at, and what is emulated there; port 0 picks a free one."""

    name: str
    host: str
    port: int


class PortInUseError(Exception):
    """Somebody else listens where a listener should."""

    def __init__(self, listener: Listener) -> None:
        """Name the listener that found its place taken."""
        super().__init__(f"{listener.host}:{listener.port} is in use")
        self.listener = listener


def _http_logger() -> logging.Logger:
    """Return the server's logger, silent about requests that are no HTTP: those are answered, and no fault of ours."""
    logger = logging.getLogger("emulator.http")
    if not logger.filters:
        logger.addFilter(_is_our_fault)
    return logger


def _is_our_fault(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | RequestPayloadError | ConnectionError)


class App:
    """One emulator behind its listeners; every listener serves every surface, but for that of HTTP actions."""

    def __init__(
        self,
        emulator: Emulator,
        listeners: Sequence[Listener],
        token: str | None = None,
        doors: Doors | None = None,
    ) -> None:
        """Compose; nothing listens before :meth:`start`. `token` is what opens the control API, drawn if left out.

        Requests go in by `doors`, or else straight to `emulator`.
        """
        self.emulator = emulator
        self.token = token or token_urlsafe(_TOKEN_BYTES)
        self.stage: Stage | None = None
        self.instances: Instances | None = None
        self.demo: Demo | None = None
        self.listeners = tuple(listeners)
        self.addresses: dict[str, tuple[str, int]] = {}
        self.hosts = frozenset(each.host.lower() for each in self.listeners)
        self.doors = World(emulator, self.token, self) if doors is None else doors
        self._runners = {each.name: self._runner(each.name) for each in self.listeners}

    def _runner(self, name: str) -> web.ServerRunner:
        doors = self.doors
        handlers = {GATEWAY: doors.handle_gateway, SITE: doors.handle_site}
        server = web.Server(
            handlers.get(name, doors.handle),
            access_log=None,
            keepalive_timeout=_KEEP_ALIVE,
            lingering_time=_LINGERING,
            auto_decompress=False,  # a deployment takes no compressed bodies
            handler_cancellation=True,  # nobody waits for whoever hung up
            logger=_http_logger(),
        )
        return web.ServerRunner(server, handle_signals=False, shutdown_timeout=_SHUTDOWN_GRACE)

    async def start(self) -> None:
        """Begin to listen everywhere; raise PortInUseError, listening nowhere, when a port is taken."""
        for listener in self.listeners:
            runner = self._runners[listener.name]
            await runner.setup()
            site = web.TCPSite(runner, listener.host, listener.port, backlog=1024)
            try:
                await site.start()
            except OSError as error:
                await self.stop()
                raise PortInUseError(listener) from error
            self.addresses[listener.name] = (listener.host, runner.addresses[-1][1])
        self._settle()

    def _settle(self) -> None:
        """Have the emulator know where it is served; a host that means all addresses is not one to connect to."""
        api = self._origin("convex") or self._origin(next(iter(self.addresses)))
        if api is not None:
            self.emulator.settle_at(Origins(api, self._origin(SITE) or f"{api}{PREFIX}"))

    def _origin(self, name: str) -> str | None:
        host, port = self.addresses.get(name, ("", 0))
        return f"http://{LOOPBACK}:{port}" if host in _EVERYWHERE else self.url(name)

    async def stop(self) -> None:
        """Stop listening and end what is open."""
        await self.doors.close()
        for runner in self._runners.values():
            await runner.cleanup()

    def uses(self) -> int | None:
        """Return how many requests came; None while anybody is connected."""
        servers = [each.server for each in self._runners.values() if each.server is not None]
        return None if any(each.connections for each in servers) else sum(each.requests_count for each in servers)

    def facts(self) -> dict[str, object]:
        """Return where everything is and the keys to it, as the ready file says it."""
        scenario = self.emulator.revision.scenario
        access = scenario.gateway.access
        return {
            "convex_url": self.url("convex"),
            "gateway_url": self.url(GATEWAY) or self.url("convex"),
            "site_url": self.url(SITE) or f"{self.url('convex')}{PREFIX}",
            "admin_key": scenario.deployment.admin_keys[0] if scenario.deployment.admin_keys else None,
            "gateway_token": access.bearer,
            "gateway_password": access.password,
            "control_url": f"{self.url('convex')}{CONTROL}",
            "token": self.token if self.demo is None else None,
            "scenario": scenario.name,
            "seed": scenario.seed,
            "pid": os.getpid(),
        }

    def url(self, name: str) -> str | None:
        """Return the base URL of a listener, None when there is none of that name."""
        if name not in self.addresses:
            return None
        host, port = self.addresses[name]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"
