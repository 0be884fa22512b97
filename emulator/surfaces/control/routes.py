"""The routes of the control API: what answers where, with which body, and whether it changes anything."""

from __future__ import annotations

from typing import NamedTuple

from emulator.surfaces.control import bodies
from emulator.surfaces.control.endpoints import ControlEndpoints, Endpoint

PREFIX = "/__emulator"
FOLLOW = f"{PREFIX}/journal/follow"
METRICS = f"{PREFIX}/metrics"
OPENAPI = f"{PREFIX}/openapi.json"


class Route(NamedTuple):
    """One method at one path."""

    method: str
    path: str
    endpoint: Endpoint
    body: type[bodies.Asked] | None = None
    changes: bool = False
    query: tuple[str, ...] = ()


def routes_of(api: ControlEndpoints) -> list[Route]:
    """Return all routes."""
    return [
        Route("GET", "/health", api.health),
        Route("GET", "/status", api.status),
        Route("GET", "/scenarios", api.scenarios),
        Route("POST", "/scenarios/{name}/use", api.use_scenario, changes=True),
        Route("GET", "/problems", api.problems),
        Route("GET", "/functions", api.functions),
        Route("GET", "/journal", api.journal, query=("operation", "outcome", "identity", "after", "limit")),
        Route("DELETE", "/journal", api.clear_journal, changes=True),
        Route("GET", "/journal/{number}", api.call),
        Route("POST", "/journal/verify", api.verify, bodies.Verify),
        Route("POST", "/journal/wait", api.wait, bodies.WaitFor),
        Route("GET", "/faults", api.faults),
        Route("PUT", "/faults/{name}", api.switch_fault, bodies.Switch, changes=True),
        Route("GET", "/limits", api.limits),
        Route("DELETE", "/limits", api.forget_limits, changes=True),
        Route("GET", "/state", api.state),
        Route("PATCH", "/state", api.set_state, bodies.Variables, changes=True),
        Route("GET", "/tables", api.tables),
        Route("GET", "/tables/{name}", api.table, query=("limit",)),
        Route("POST", "/tables/{name}", api.insert, bodies.Documents, changes=True),
        Route("POST", "/undo", api.undo, changes=True),
        Route("POST", "/reset", api.reset, bodies.Reset, changes=True),
        Route("PUT", "/channels/{id}", api.set_channel, bodies.Channel, changes=True),
        Route("GET", "/clock", api.clock),
        Route("POST", "/clock/advance", api.advance, bodies.Advance, changes=True),
        Route("POST", "/clock/pause", api.pause, changes=True),
        Route("POST", "/clock/resume", api.resume, changes=True),
        Route("POST", "/clock/rate", api.set_rate, bodies.Rate, changes=True),
    ]
