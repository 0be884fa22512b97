"""A whole scenario, resolved: what the engine decides by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.model.constant import Constant
from emulator.model.effect import Effect
from emulator.model.function import Function
from emulator.model.gateway import Gateway
from emulator.model.overlay import Fault, Limit
from emulator.model.place import Place
from emulator.model.table import Table
from emulator.values.convex import Value


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the emulated deployment calls itself; with `redacts` clients see what they would see in production.

    `env` are its first environment variables.
    """

    name: str
    redacts: bool
    admin_keys: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """A bearer token that functions accept, and the attributes `ctx.auth` would see for it."""

    name: str
    token: str = field(repr=False)
    attributes: dict[str, Value]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """Where the scenario's clock starts (None: at the present), and how many times as fast as the machine's it goes."""

    start: int | None = None
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """Effects that come by themselves, so many nanoseconds after the scenario began."""

    at: int
    effects: tuple[Effect, ...]
    place: Place = field(compare=False)
    stream: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario; `functions` is keyed by the public spelling of each path, in the order of the file.

    `http` is keyed by the operations of its routes; None for an app without HTTP actions.
    Where it `may_fake`, something in its files looks like a draw from ``fake.…``.
    """

    name: str
    file: str
    description: str
    seed: int
    deployment: Deployment
    identities: tuple[KnownIdentity, ...] | None
    vars: Mapping[str, Value]
    functions: Mapping[str, Function]
    state: Mapping[str, Constant] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    timeline: tuple[TimelineStep, ...] = ()
    clock: ClockSettings | None = None
    locale: str = "en_US"
    gateway: Gateway = field(default_factory=Gateway)
    faults: tuple[Fault, ...] = ()
    limits: tuple[Limit, ...] = ()
    http: Mapping[str, Function] | None = None
    may_fake: bool = field(default=False, compare=False)
