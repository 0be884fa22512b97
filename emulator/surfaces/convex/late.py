"""Endpoints that most runs are never asked for: what they need is imported by the first request for one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from aiohttp import web

from emulator.runtime.emulator import Emulator
from emulator.surfaces.http import Reply


class LateEndpoints:
    """The methods of a class of endpoints, made of `emulator` when the first of them is called."""

    def __init__(self, emulator: Emulator, module: str, name: str) -> None:
        """Stand for the class `name` of `module`."""
        self._emulator = emulator
        self._module = module
        self._name = name
        self._made: Any = None

    def endpoint(self, name: str) -> Callable[[Any], Awaitable[Any]]:
        """Return what calls the method `name`, with a request or with whatever else it takes."""

        async def call(asked: object) -> Reply | web.StreamResponse:
            if self._made is None:
                module = await asyncio.to_thread(import_module, self._module)
                if self._made is None:  # nobody else made it while this one waited
                    self._made = getattr(module, self._name)(self._emulator)
            reply: Reply | web.StreamResponse = await getattr(self._made, name)(asked)
            return reply

        return call
