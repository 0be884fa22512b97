"""A request in the engine's terms, and who makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from emulator.model.function import FunctionType
from emulator.values.convex import Value


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody in particular."""


@dataclass(frozen=True, slots=True)
class User:
    """An end user: the attributes `ctx.auth` would see, and the name the scenario gives them, if it does."""

    attributes: dict[str, Value] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Admin:
    """The holder of an admin key, perhaps acting as a user."""

    acting_as: User | None = None


Caller: TypeAlias = Anonymous | User | Admin

ANONYMOUS = Anonymous()


def acting_user(caller: Caller) -> User | None:
    """Return the user whose identity a function sees, None for nobody."""
    if isinstance(caller, Admin):
        return caller.acting_as
    return caller if isinstance(caller, User) else None


class Choice(NamedTuple):
    """A variant that is to answer an operation, in which ``*`` stands for any text; of one user, or of everybody."""

    operation: str
    variant: str
    identity: str | None = None


class Call(NamedTuple):
    """One call of a function.

    `operation` is the public spelling of its path; `type` the kind the caller asked for (None: any); `size` the
    bytes its arguments took on the wire, by which the journal bounds itself; `fault` the sentence that refuses
    arguments which are none; `component` the mounted component whose function it is; `headers` are there when the
    scenario asks for them; `is_streamed` says that the pieces of the answer are watched as they come. By `address`,
    `session` and `credential`, which is no secret but stands for one, limits tell callers apart; `is_admitted` says
    that limits and faults had their say already, `is_counted` that limits had; of faults only `faults` concern it,
    where that is not None. `is_framed` says that the answer is one frame of a socket. A call that is `part_of` a
    request is concerned by what is not laid over that. One that is decided once more has the `number` that it had
    first, and its page has the end that it had (`page_end`, a cursor). `request` is the number that a client gave it
    in its session; `uses` are the variants that its client chose.
    """

    operation: str
    type: FunctionType | None
    args: dict[str, Value]
    caller: Caller = ANONYMOUS
    size: int = 0
    fault: str | None = None
    component: str = ""
    headers: Mapping[str, str] | None = None
    is_streamed: bool = False
    address: str | None = None
    session: str | None = None
    credential: str | None = None
    is_admitted: bool = False
    is_counted: bool = False
    is_framed: bool = False
    faults: frozenset[str] | None = None
    part_of: str | None = None
    number: int | None = None
    page_end: str | None = None
    request: int | None = None
    uses: tuple[Choice, ...] = ()
