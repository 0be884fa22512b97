"""What a decision asks to be done: steps, performed in order by whoever holds the clock and the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from emulator.engine.meters import Reading
from emulator.engine.patterns import Mismatch
from emulator.model.constant import Constant
from emulator.model.function import Function, FunctionType
from emulator.model.place import Place
from emulator.model.rule import Death, Failure, Pace, Rule


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that did not answer, and every reason why."""

    rule: Rule
    mismatches: tuple[Mismatch, ...]


@dataclass(frozen=True, slots=True)
class Unscripted:
    """No function has that path; `nearest` are the closest that are there, best first.

    `public` says whether the caller could see public functions only, which changes the service's sentence; `hidden`
    is the system function that has the path and does not exist for this caller.
    """

    operation: str
    nearest: tuple[Function, ...]
    component: str
    public: bool
    hidden: Function | None = None


@dataclass(frozen=True, slots=True)
class WrongType:
    """The function is there but is of another kind than the caller asked for."""

    function: Function
    asked: FunctionType


@dataclass(frozen=True, slots=True)
class Unmatched:
    """The function is there, but no rule of it holds; the misses are ranked, the nearest first."""

    function: Function
    misses: tuple[NearMiss, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The function is there but refused its arguments, in the service's own words."""

    message: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The function returned this value."""

    value: Constant


@dataclass(frozen=True, slots=True)
class Threw:
    """The function threw: with `data` a ConvexError, without it a developer's error called `name`."""

    message: str
    data: Constant | None = None
    name: str = "Error"


@dataclass(frozen=True, slots=True)
class Uncomputable:
    """A rule was to answer, but one of its expressions has no value for this call."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Replied:
    """A chat was answered with these pieces, which make one text, at this pace."""

    pieces: tuple[str, ...]
    tokens: int
    pace: Pace

    @property
    def text(self) -> str:
        """The whole reply."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Responded:
    """An HTTP action was answered; with a pace its body comes in pieces."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    pieces: tuple[str, ...] = ()
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Limited:
    """The caller called too often."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Passed:
    """Nothing keeps the operation, which has no rules, from being done."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """There is no answer while the variant `loading` is chosen."""


FunctionError: TypeAlias = Threw | Unscripted | WrongType | Unmatched | Rejected | Uncomputable
Ending: TypeAlias = Returned | Replied | Responded | Failure | Limited | Passed | Withheld | FunctionError


class Wait(NamedTuple):
    """Let so many nanoseconds pass."""

    duration: int


class Emit(NamedTuple):
    """Send a piece of the answer."""

    piece: str


class Finish(NamedTuple):
    """Answer with this, or let the connection die over it; log lines are as clients see them.

    With `bandwidth` the answer trickles, at so many bytes a second.
    """

    ending: Ending
    logs: tuple[str, ...] = ()
    death: Death | None = None
    bandwidth: int | None = None


Step: TypeAlias = Wait | Emit | Finish
Plan: TypeAlias = tuple[Step, ...]
