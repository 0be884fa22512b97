"""Routes that have the admin key in their body, for pushing code and what belongs to it (contract convex §1.2, §13).

There is no code: functions are scripted. What is asked about it is answered truly, and what pushes it is refused.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson

from emulator.engine.draw import hex_digits
from emulator.engine.system.functions import type_of
from emulator.model.function import Function
from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex import body as bodies
from emulator.surfaces.convex.authorization import Key, identify, require_admin
from emulator.surfaces.convex.failures import ApiError
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import json_reply
from emulator.surfaces.http import Reply
from emulator.values.formats import Json

_ID_DIGITS = 16
_CONFIG: dict[str, Json] = {"functions": "convex/", "authInfo": []}
_VERSION = "1.48.0"
_NO_ENGINE = "Uncaught Error: no JavaScript runs in this emulated deployment; script a function in {file}, and run that"


class CodeEndpoints:
    """One method for each route."""

    def __init__(self, emulator: Emulator) -> None:
        """Tell of the functions of `emulator`."""
        self._emulator = emulator

    async def config(self, asked: Asked) -> Reply:
        """Answer POST /api/get_config; a scenario has no modules with sources."""
        await self._fields(asked)
        return _json({"config": _CONFIG, "modules": [], "udfServerVersion": _VERSION})

    async def config_hashes(self, asked: Asked) -> Reply:
        """Answer POST /api/get_config_hashes: a module changes when what its functions are does."""
        await self._fields(asked)
        modules: dict[str, list[str]] = {}
        for function in self._emulator.revision.scenario.functions.values():
            modules.setdefault(f"{function.path.module}.js", []).append(_mark(function))
        hashes: list[Json] = [
            {"path": path, "hash": sha256("\n".join(sorted(marks)).encode()).hexdigest(), "environment": "isolate"}
            for path, marks in sorted(modules.items())
        ]
        answer: Json = {
            "config": _CONFIG,
            "moduleHashes": hashes,
            "udfServerVersion": _VERSION,
            "nodeVersion": None,
        }
        return _json(answer)

    async def run(self, asked: Asked) -> Reply:
        """Answer POST /api/run_test_function as a function that fails: nothing here runs JavaScript."""
        await self._fields(asked)
        scenario = self._emulator.revision.scenario
        message = _NO_ENGINE.format(file=scenario.file)
        request_id = hex_digits(scenario.seed, "request", self._emulator.calls, _ID_DIGITS)
        text = f"[Request ID: {request_id}] Server Error\n{message}\n"
        return _json({"status": "error", "errorMessage": text, "logLines": []})

    async def push(self, _asked: Asked) -> Reply:
        """Refuse whatever pushes code, by the key in its header: its body may be large, and compressed."""
        file = self._emulator.revision.scenario.file
        message = f"This deployment is emulated: no code can be pushed to it. Its functions are scripted in {file}."
        raise ApiError(400, "PushNotSupported", message)

    async def _fields(self, asked: Asked) -> dict[str, Any]:
        """Return the members of the body, whose `adminKey` must be one; raise ApiError for any other."""
        fields = bodies.read_fields(await asked.json_body(), {"adminKey": "a string"}, {})
        require_admin(identify(Key(fields["adminKey"]), self._emulator.revision.scenario))
        return fields


def _mark(function: Function) -> str:
    return f"{function.path.export} {type_of(function).value} {function.args!r} {function.returns!r}"


def _json(tree: Json) -> Reply:
    return json_reply(orjson.dumps(tree))
