"""Effects: what a rule, the timeline or a delayed step changes, in order, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.logs import LogLevel
from emulator.model.place import Place


@dataclass(frozen=True, slots=True)
class LogLine:
    """One console call: its level and its arguments, a list."""

    level: LogLevel
    arguments: Constant | Computed


@dataclass(frozen=True, slots=True)
class Insert:
    """Insert a document; later effects and the result know its id by `name`, if that is given."""

    table: str
    document: Constant | Computed
    place: Place = field(compare=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Give fields of a document other values; the others stay."""

    table: str
    id: Constant | Computed
    fields: Constant | Computed
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Replace:
    """Put another document in the place of one; its id and creation time stay."""

    table: str
    id: Constant | Computed
    document: Constant | Computed
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a document."""

    table: str
    id: Constant | Computed
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Assign:
    """Give variables of the scenario's state other values; all are computed before any is given."""

    values: tuple[tuple[str, Constant | Computed], ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class CallFunction:
    """Call another function within the same transaction; what it throws is thrown here."""

    operation: str
    args: Constant | Computed
    place: Place = field(compare=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """Append a message to a conversation of the gateway, which comes into being with it."""

    session: Constant | Computed
    role: Constant | Computed
    content: Constant | Computed
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class SetChannel:
    """Give a channel of the gateway another status, and an error where it is down.

    With `only_from` nothing happens to a channel that is gone, or has yet another status by then.
    """

    id: Constant | Computed
    status: Constant | Computed
    error: Constant | Computed
    place: Place = field(compare=False)
    only_from: str | None = None


@dataclass(frozen=True, slots=True)
class SwitchFault:
    """Switch a fault on or off."""

    name: str
    place: Place = field(compare=False)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Log:
    """Write a log line."""

    lines: tuple[LogLine, ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class After:
    """Have effects done later, as a transaction of their own, with the names known by now."""

    delay: int
    effects: tuple[Effect, ...]
    place: Place = field(compare=False)


Effect: TypeAlias = (
    Insert | Patch | Replace | Delete | Assign | CallFunction | Append | SetChannel | SwitchFault | Log | After
)


def computed_of(effects: tuple[Effect, ...]) -> Iterator[Computed]:
    """Yield everything that effects compute, delayed ones included."""
    for effect in effects:
        yield from (each for each in _parts_of(effect) if isinstance(each, Computed))


def _parts_of(effect: Effect) -> Iterable[Constant | Computed]:
    match effect:
        case Insert(document=one) | CallFunction(args=one) | Delete(id=one):
            return (one,)
        case Patch(id=key, fields=one) | Replace(id=key, document=one):
            return (key, one)
        case Append(session=key, role=role, content=content):
            return (key, role, content)
        case SetChannel(id=key, status=status, error=error):
            return (key, status, error)
        case Assign(values=values):
            return [value for _, value in values]
        case Log(lines=lines):
            return [line.arguments for line in lines]
        case SwitchFault():
            return ()
        case After(effects=inner):
            return computed_of(inner)
        case _:
            assert_never(effect)
