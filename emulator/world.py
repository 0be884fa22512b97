"""One emulator behind all of its surfaces: which of them answers what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from aiohttp import web

from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex.surface import ConvexSurface
from emulator.surfaces.http import path_of
from emulator.surfaces.openclaw.surface import OpenClawSurface
from emulator.surfaces.uses import USE, led

CONTROL = "/__emulator/"
"""Where the control API is, on every listener but that of HTTP actions."""

if TYPE_CHECKING:
    from emulator.surfaces.control.house import House
    from emulator.surfaces.control.surface import ControlSurface


class World:
    """An emulator and its surfaces."""

    def __init__(self, emulator: Emulator, token: str | None, house: House) -> None:
        """Surround an emulator; `token` is what opens its control API, None: nothing does. `house` runs it."""
        self.emulator = emulator
        self._token = token
        self._house = house
        self._convex = ConvexSurface(emulator)
        self._openclaw = OpenClawSurface(emulator)
        self._control: ControlSurface | None = None

    def handle(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as a deployment does; what only a gateway has is answered by that."""
        usual = self._convex.usual(request)
        if usual is not None:
            return usual
        path = path_of(request)
        if path.startswith(USE):
            request = led(request, path)
            path = path_of(request)
        if path.startswith(CONTROL):
            return self._handle_control(request)
        if not self._convex.owns(path) and self._openclaw.owns(path):
            return self._openclaw.handle(request)
        return self._convex.handle(request, path)

    def handle_gateway(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as a gateway does; what only a deployment has is answered by that."""
        path = path_of(request)
        if path.startswith(USE):
            request = led(request, path)
            path = path_of(request)
        if path.startswith(CONTROL):
            return self._handle_control(request)
        return self._convex.handle(request, path) if self._convex.owns(path) else self._openclaw.handle(request)

    def handle_site(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer as the port of HTTP actions does: with them, and nothing else."""
        path = path_of(request)
        if path.startswith(USE):
            request = led(request, path)
        return self._convex.handle_site(request, path_of(request))

    async def close(self) -> None:
        """End what is open."""
        await self._convex.close()
        if self._control is not None:
            self._control.close()
        await self._openclaw.close()

    async def _handle_control(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer as the control API, which is imported by its first request: most runs never see one."""
        if self._control is None:
            self._begin_control(await asyncio.to_thread(import_module, "emulator.surfaces.control.surface"))
        assert self._control is not None
        return await self._control.handle(request)

    def _begin_control(self, module: ModuleType) -> None:
        if self._control is None:
            self._control = module.ControlSurface(self.emulator, self._token, self._house)
