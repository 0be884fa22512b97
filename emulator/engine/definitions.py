"""What a scenario says of its beginning, as digests: by them one knows later what it says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from hashlib import blake2b
from typing import TypeVar

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.gateway import Channel, CronJob, Node, Session
from emulator.model.place import Place
from emulator.model.scenario import Scenario
from emulator.model.table import Table

CONFIG = "config"
_DIGEST_BYTES = 16
_NOWHERE = Place("", 0, 0)
Part = TypeVar("Part")


def definitions_of(scenario: Scenario) -> dict[str, str]:
    """Return a digest of each part of a scenario that state begins with, by its kind and name."""
    gateway = scenario.gateway
    access = gateway.access
    kinds: dict[str, Mapping[str, object]] = {
        "table": {name: _drawn(each, scenario) for name, each in scenario.tables.items()},
        "variable": scenario.state,
        "constant": scenario.vars,
        "environment": scenario.deployment.env,
        "fault": {each.name: each for each in scenario.faults},
        "channel": gateway.channels,
        "node": gateway.nodes,
        "job": gateway.cron,
        "session": gateway.sessions,
    }
    parts = {f"{kind} {name}": part for kind, named in kinds.items() for name, part in named.items()}
    parts[CONFIG] = (gateway.config, access.password is not None, bool(access.tokens))
    return {name: _digest(part) for name, part in parts.items()}


def before_of(scenario: Scenario, definitions: Mapping[str, str]) -> Scenario:
    """Return what a scenario is to be compared with that was there before, of which there are the digests.

    What was defined as it is now is in it as it is, what was defined otherwise is not in it, and of what is no more
    there is the name.
    """
    now = definitions_of(scenario)

    def known(kind: str, parts: Mapping[str, Part], gone: Callable[[str], Part]) -> dict[str, Part]:
        names = [key.partition(" ")[2] for key in definitions if key.partition(" ")[0] == kind]
        same = {name: parts[name] for name in parts if definitions.get(key := f"{kind} {name}") == now[key]}
        return {**{name: gone(name) for name in names if name not in parts}, **same}

    gateway = scenario.gateway
    faults = {each.name: each for each in scenario.faults}
    same_faults = [each for name, each in faults.items() if definitions.get(key := f"fault {name}") == now[key]]
    return replace(
        scenario,
        tables=known("table", scenario.tables, lambda name: Table(name, (), _NOWHERE)),
        state=known("variable", scenario.state, lambda _: Constant(None)),
        vars=known("constant", scenario.vars, lambda _: None),
        deployment=replace(scenario.deployment, env=known("environment", scenario.deployment.env, lambda _: "")),
        faults=tuple(same_faults),
        gateway=replace(
            gateway,
            channels=known("channel", gateway.channels, Channel),
            nodes=known("node", gateway.nodes, lambda name: Node(name, name)),
            cron=known("job", gateway.cron, lambda name: CronJob(name, "", _NOWHERE)),
            sessions=known("session", gateway.sessions, Session),
            config=gateway.config if definitions.get(CONFIG) == now[CONFIG] else _OTHERWISE,
        ),
    )


_OTHERWISE = object()
"""A config that is like no other."""


def _drawn(table: Table, scenario: Scenario) -> object:
    """Return all that the first documents of a table follow from."""
    is_drawn = any(isinstance(each.document, Computed) for each in table.seeds)
    return table.seeds, (scenario.seed, scenario.locale) if is_drawn else None


def _digest(part: object) -> str:
    return blake2b(_spelled(part).encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()


def _spelled(part: object) -> str:
    """Spell a part so that two are spelled alike when they are equal."""
    if isinstance(part, Constant):
        return _spelled(part.value)
    if isinstance(part, Computed):
        return f"computed {_spelled(part.tree)}"
    if isinstance(part, Mapping):
        return "{" + ",".join(f"{key!r}:{_spelled(part[key])}" for key in sorted(part)) + "}"
    if isinstance(part, list | tuple):
        return "[" + ",".join(map(_spelled, part)) + "]"
    if isinstance(part, set | frozenset):
        return "{" + ",".join(sorted(map(_spelled, part))) + "}"
    if isinstance(part, Enum):
        return str(part)
    if is_dataclass(part):
        compared = [_spelled(getattr(part, each.name)) for each in fields(part) if each.compare]
        return f"{type(part).__name__}({','.join(compared)})"
    assert isinstance(part, str | bytes | int | float | None), part
    return f"{type(part).__name__} {part!r}"
