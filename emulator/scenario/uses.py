"""Names that one part of a scenario uses of another: gathered while parts are linked, checked when all are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import NamedTuple

from emulator.model.place import Place
from emulator.scenario.problem import Problem, did_you_mean
from emulator.values.ids import STORAGE


class Kind(Enum):
    """What can be used by its name; the value is the section that it stands in."""

    IDENTITY = "identities"
    TABLE = "tables"
    VARIABLE = "state"
    CONSTANT = "vars"
    FUNCTION = "functions"
    CHANNEL = "gateway › channels"
    FAULT = "faults"


class Use(NamedTuple):
    """One name, and where it is used; no name means all of the section."""

    kind: Kind
    name: str | None
    place: Place


KIND_OF = {"tables": Kind.TABLE, "state": Kind.VARIABLE, "vars": Kind.CONSTANT}
"""The names of expressions whose keys are names of a section."""

_UNKNOWN = {
    Kind.IDENTITY: ("unknown-identity", "there is no identity"),
    Kind.TABLE: ("unknown-table", "there is no table"),
    Kind.VARIABLE: ("unknown-state", "there is no state variable"),
    Kind.CONSTANT: ("unknown-var", "there is no constant"),
    Kind.FUNCTION: ("unknown-function", "there is no function"),
    Kind.CHANNEL: ("unknown-channel", "there is no channel"),
    Kind.FAULT: ("unknown-fault", "there is no fault"),
}
_MAX_LISTED = 12
_MAX_HINTS = 100


def unknown_names(uses: Iterable[Use], known: Mapping[Kind, Collection[str]]) -> Iterator[Problem]:
    """Yield a problem for each name that its section does not have."""
    names = {kind: frozenset(each) for kind, each in known.items()}
    hints: dict[tuple[Kind, str], str | None] = {}
    for kind, name, place in uses:
        if name is None or name in names[kind] or (kind is Kind.TABLE and name == STORAGE):
            continue
        if (kind, name) not in hints and len(hints) < _MAX_HINTS:
            hints[kind, name] = did_you_mean(name, known[kind])
        slug, message = _UNKNOWN[kind]
        yield Problem(place, slug, f"{message} {name!r}", _expected(kind, known[kind]), hints.get((kind, name)))


def _expected(kind: Kind, known: Collection[str]) -> str:
    if not known:
        return f"a name from {kind.value}:"
    rest = f", … {len(known) - _MAX_LISTED} more" if len(known) > _MAX_LISTED else ""
    return f"one of: {', '.join(islice(known, _MAX_LISTED))}{rest}"
