"""Endpoints about the deployment itself: its environment, where it is, and what it has (contract convex §13)."""

from __future__ import annotations

import orjson

from emulator.engine import environment
from emulator.engine.tables import tables_of
from emulator.engine.transaction import Transaction
from emulator.runtime.emulator import Emulator
from emulator.runtime.shapes import Shapes
from emulator.surfaces.convex import body as bodies
from emulator.surfaces.convex.failures import ApiError
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import empty_reply, json_reply
from emulator.surfaces.http import Reply
from emulator.values.formats import Json
from emulator.values.shapes import write_shape
from emulator.values.variables import VariableRefusedError


class DeploymentEndpoints:
    """One method for each route."""

    def __init__(self, emulator: Emulator) -> None:
        """Tell of what `emulator` has, and change it."""
        self._emulator = emulator
        self._shapes = Shapes(emulator)

    async def check_key(self, _asked: Asked) -> Reply:
        """Answer GET /api/check_admin_key: whoever comes so far has a good one."""
        return _json({"success": True, "allowedOps": [], "isReadOnly": False})

    async def list_variables(self, _asked: Asked) -> Reply:
        """Answer GET /api/list_environment_variables."""
        return _json({"environmentVariables": {**environment.variables(self._emulator.reading())}})

    async def update_variables(self, asked: Asked) -> Reply:
        """Answer POST /api/update_environment_variables: all changes are made, or none."""
        body = await asked.json_body()
        changes = {}
        for index, each in enumerate(bodies.read_fields(body, {"changes": "a sequence"}, {})["changes"]):
            path = f"changes[{index}]."
            fields = bodies.check_fields(each, {"name": "a string"}, {"value": "a string"}, body=body, path=path)
            changes[fields["name"]] = fields.get("value")

        def change(transaction: Transaction) -> None:
            environment.change(transaction, changes)

        try:
            self._emulator.transact(change)
        except VariableRefusedError as error:
            raise ApiError(400, error.code, error.message) from error
        return empty_reply(200)

    async def canonical_urls(self, _asked: Asked) -> Reply:
        """Answer GET /api/v1/get_canonical_urls."""
        origins = self._emulator.state.origins
        return _json({"convexCloudUrl": origins.api, "convexSiteUrl": origins.site})

    async def info(self, _asked: Asked) -> Reply:
        """Answer GET /api/v1/deployment_info."""
        return _json({"kind": "selfHosted"})

    async def pause(self, _asked: Asked) -> Reply:
        """Answer POST /api/v1/pause_deployment."""
        self._emulator.pause(on=True)
        return empty_reply(200)

    async def unpause(self, _asked: Asked) -> Reply:
        """Answer POST /api/v1/unpause_deployment."""
        if not self._emulator.state.is_paused:
            raise ApiError(400, "UnpauseDeploymentFailed", "Deployment is not currently paused.")
        self._emulator.pause(on=False)
        return empty_reply(200)

    async def log_streams(self, _asked: Asked) -> Reply:
        """Answer GET /api/v1/list_log_streams: there are none."""
        return _json([])

    async def indexes(self, _asked: Asked) -> Reply:
        """Answer GET /api/get_indexes: scenarios have none."""
        return _json({"indexes": []})

    async def shapes(self, asked: Asked) -> Reply:
        """Answer GET /api/shapes2: what the documents of each table look like (contract convex §15.4)."""
        if asked.request.query.get("component"):
            return _json({})
        tables = tables_of(self._emulator.revision.scenario, self._emulator.state.view)
        return _json({table: write_shape(await self._shapes.of(table)) for table in tables})


def _json(tree: Json) -> Reply:
    return json_reply(orjson.dumps(tree))
