"""A whole scenario, resolved: what the engine decides by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.model.function import Function
from emulator.model.place import Place
from emulator.values.convex import Value


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the emulated deployment calls itself; with `redacts` clients see what they would see in production."""

    name: str
    redacts: bool
    admin_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """A bearer token that functions accept, and the attributes `ctx.auth` would see for it."""

    name: str
    token: str = field(repr=False)
    attributes: dict[str, Value]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario; `functions` is keyed by the public spelling of each path, in the order of the file."""

    name: str
    file: str
    description: str
    seed: int
    deployment: Deployment
    identities: tuple[KnownIdentity, ...] | None
    vars: Mapping[str, Value]
    functions: Mapping[str, Function]
