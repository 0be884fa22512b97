"""The routes of the control API: what answers where, with which body, and whether it changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from emulator.surfaces.control import bodies
from emulator.surfaces.control.asked import JSON, Endpoint
from emulator.surfaces.control.data import DataEndpoints
from emulator.surfaces.control.endpoints import ControlEndpoints
from emulator.surfaces.control.follow import EVENT_STREAM, FollowEndpoint
from emulator.surfaces.control.instances import InstanceEndpoints
from emulator.surfaces.control.journal import FILTERS, JournalEndpoints
from emulator.surfaces.control.metrics import CONTENT_TYPE, Metrics
from emulator.surfaces.control.rules import RulesEndpoints
from emulator.surfaces.control.snapshots import MAX_SNAPSHOT, OCTETS, SnapshotEndpoints
from emulator.surfaces.control.variants import VariantsEndpoints

PREFIX = "/__emulator"
OPENAPI = f"{PREFIX}/openapi.json"
MAX_BODY = 16 * 1024 * 1024


class Route(NamedTuple):
    """One method at one path; `media` is the type of what it answers with.

    Who changes something needs the token, and so does who `reveals` secrets. `takes` is the type of a body that is no
    JSON, `limit` how long one may be. What `is_open` every visitor of a demo may read.
    """

    method: str
    path: str
    endpoint: Endpoint
    body: type[bodies.Form] | None = None
    changes: bool = False
    query: tuple[str, ...] = ()
    media: str = JSON
    reveals: bool = False
    is_open: bool = False
    takes: str | None = None
    limit: int = MAX_BODY

    @property
    def needs_token(self) -> bool:
        """Whether only those may use it who have the token."""
        return self.changes or self.reveals


def routes_of(api: ControlEndpoints, metrics: Metrics) -> Iterator[Route]:
    """Yield the routes of what is in force, what is laid over it, and its time."""
    yield Route("GET", "/health", api.health, is_open=True)
    yield Route("GET", "/status", api.status)
    yield Route("GET", "/metrics", metrics.metrics, media=CONTENT_TYPE)
    yield Route("GET", "/scenarios", api.scenarios)
    yield Route("POST", "/scenarios/{name}/use", api.use_scenario, changes=True)
    yield Route("GET", "/problems", api.problems)
    yield Route("GET", "/functions", api.functions)
    yield Route("GET", "/faults", api.faults)
    yield Route("PUT", "/faults/{name}", api.switch_fault, bodies.Switch, changes=True)
    yield Route("GET", "/limits", api.limits)
    yield Route("DELETE", "/limits", api.forget_limits, changes=True)
    yield Route("POST", "/reset", api.reset, bodies.Reset, changes=True)
    yield Route("GET", "/clock", api.clock)
    yield Route("POST", "/clock/advance", api.advance, bodies.Advance, changes=True)
    yield Route("POST", "/clock/pause", api.pause, changes=True)
    yield Route("POST", "/clock/resume", api.resume, changes=True)
    yield Route("POST", "/clock/rate", api.set_rate, bodies.Rate, changes=True)


def routes_of_rules(api: RulesEndpoints) -> Iterator[Route]:
    """Yield the routes of what is laid over the rules of the files."""
    yield Route("GET", "/rules", api.rules)
    yield Route("POST", "/rules", api.add_rule, bodies.AddedRule, changes=True)
    yield Route("DELETE", "/rules", api.clear_rules, changes=True)
    yield Route("DELETE", "/rules/{id}", api.remove_rule, changes=True)


def routes_of_variants(api: VariantsEndpoints) -> Iterator[Route]:
    """Yield the routes of variants."""
    yield Route("GET", "/variants", api.variants)
    yield Route("PUT", "/variants", api.choose_variant, bodies.ChosenVariant, changes=True)
    yield Route("DELETE", "/variants", api.unchoose_variants, changes=True, query=("operation", "identity"))


def routes_of_journal(api: JournalEndpoints, follow: FollowEndpoint) -> Iterator[Route]:
    """Yield the routes of what was called."""
    yield Route("GET", "/journal", api.journal, query=(*FILTERS, "limit"))
    yield Route("DELETE", "/journal", api.clear, changes=True)
    yield Route("GET", "/journal/follow", follow.follow, query=FILTERS, media=EVENT_STREAM)
    yield Route("GET", "/journal/{number}", api.call)
    yield Route("POST", "/journal/verify", api.verify, bodies.Verify)
    yield Route("POST", "/journal/wait", api.wait, bodies.WaitFor)


def routes_of_data(api: DataEndpoints) -> Iterator[Route]:
    """Yield the routes of what is kept."""
    yield Route("GET", "/state", api.state)
    yield Route("PATCH", "/state", api.set_state, bodies.Variables, changes=True)
    yield Route("GET", "/tables", api.tables)
    yield Route("GET", "/tables/{name}", api.table, query=("limit",))
    yield Route("POST", "/tables/{name}", api.insert, bodies.Documents, changes=True)
    yield Route("POST", "/undo", api.undo, changes=True)
    yield Route("PUT", "/channels/{id}", api.set_channel, bodies.Channel, changes=True)
    yield Route("GET", "/connections", api.connections)
    yield Route("DELETE", "/connections/{id}", api.cut, bodies.Cut, changes=True)


def routes_of_instances(api: InstanceEndpoints) -> Iterator[Route]:
    """Yield the routes of further emulators."""
    yield Route("GET", "/instances", api.instances)
    yield Route("POST", "/instances", api.make_instance, bodies.NewInstance, changes=True)
    yield Route("DELETE", "/instances", api.end_instances, changes=True)
    yield Route("DELETE", "/instances/{id}", api.end_instance, changes=True)


def routes_of_snapshots(api: SnapshotEndpoints) -> Iterator[Route]:
    """Yield the routes of the whole state."""
    yield Route("GET", "/snapshot", api.snapshot, media=OCTETS, reveals=True)
    yield Route("PUT", "/snapshot", api.load_snapshot, changes=True, takes=OCTETS, limit=MAX_SNAPSHOT)
