"""Rules: a condition and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.effect import Effect, LogLine, computed_of
from emulator.model.pattern import Pattern, computed_in
from emulator.model.place import Place
from emulator.model.query import TableQuery


@dataclass(frozen=True, slots=True)
class CallNumber:
    """Which calls of a function, numbered from 1: those from `start` to `end`, and of them every `every`-th."""

    start: int = 1
    end: int | None = None
    every: int = 1

    def holds(self, number: int) -> bool:
        """Whether a number is among them."""
        return number >= self.start and (self.end is None or number <= self.end) and number % self.every == 0


@dataclass(frozen=True, slots=True)
class Condition:
    """What `when` asks of a call; a part that is None asks nothing.

    `subject` is what arguments are called where they differ; `identity_name` is the short form, the name of one of the
    scenario's identities; `chance` lies between 0 and 1; `test` is the expression of `if`.
    """

    args: Pattern | None = None
    identity: Pattern | None = None
    identity_name: str | None = None
    state: Pattern | None = None
    headers: Pattern | None = None
    call: CallNumber | None = None
    chance: float | None = None
    test: Computed | None = None
    subject: str = "args"
    is_computed: bool = field(init=False, compare=False, default=False)
    asks_more: bool = field(init=False, compare=False, default=False)

    def __post_init__(self) -> None:
        """Work out what matching would ask again and again."""
        object.__setattr__(self, "is_computed", bool(self.computed))
        rest = (self.state, self.headers, self.call, self.chance, self.test)
        object.__setattr__(self, "asks_more", any(each is not None for each in rest))

    @property
    def computed(self) -> tuple[Computed, ...]:
        """What patterns compute; the test is not among it."""
        patterns = (self.args, self.identity, self.state, self.headers)
        return tuple(computed for each in patterns for computed in computed_in(each))


@dataclass(frozen=True, slots=True)
class Result:
    """The function returned this value."""

    value: Constant | Computed


@dataclass(frozen=True, slots=True)
class Thrown:
    """The function threw: with `data` a ConvexError, without it a developer's error called `name`.

    A ConvexError without a message of its own (None) is shown by its data.
    """

    message: str | Computed | None
    data: Constant | Computed | None = None
    name: str = "Error"


@dataclass(frozen=True, slots=True)
class Failure:
    """The infrastructure failed before, or instead of, running the function; parts left out follow from the status."""

    status: int
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """The function returned what it read from a table."""

    query: TableQuery


class Unit(Enum):
    """What a reply is split into; none of them breaks a grapheme."""

    CHARACTER = "character"
    WORD = "word"
    LINE = "line"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Pace:
    """How the pieces of a reply follow one another: the first after `first` nanoseconds, each other after `every`.

    With `rate`, in tokens a second, a piece takes as long as its tokens; with neither, 20 to 50 ms, drawn.
    """

    unit: Unit = Unit.WORD
    first: int = 0
    every: int | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A chat was answered with a text, or with a list of pieces; without `tokens` they are counted."""

    text: Constant | Computed
    tokens: Constant | Computed | None = None
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Respond:
    """An HTTP action answered; with a pace its body comes in pieces, which may be written out as `chunks`."""

    status: Constant | Computed
    headers: tuple[tuple[str, Constant | Computed], ...]
    body: Constant | Computed
    chunks: Constant | Computed | None = None
    pace: Pace | None = None

    @property
    def computed(self) -> tuple[Computed, ...]:
        """What of it is computed."""
        parts = (self.status, *(value for _, value in self.headers), self.body, self.chunks)
        return tuple(each for each in parts if isinstance(each, Computed))


Outcome: TypeAlias = Result | Read | Reply | Respond | Thrown | Failure


class End(Enum):
    """How a connection ends that does not end well."""

    DISCONNECT = "disconnect"
    RESET = "reset"
    MALFORMED = "malformed"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Death:
    """The connection dies: at once, or after so many pieces or bytes of the answer."""

    end: End
    after_chunks: int | None = None
    after_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FixedDelay:
    """Always as long, in nanoseconds."""

    duration: int


@dataclass(frozen=True, slots=True)
class UniformDelay:
    """Anything between two bounds, in nanoseconds."""

    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class SkewedDelay:
    """Log-normal, as latencies are: half are under `median`, 99 of 100 under `p99`; in nanoseconds."""

    median: int
    p99: int


Delay: TypeAlias = FixedDelay | UniformDelay | SkewedDelay


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition (None: always) and the outcome it answers with; before that its effects, its log lines, its delay.

    `stream` names the rule's own stream of random draws. It follows from what the rule says and not from where
    it stands, so that another rule before it changes nothing; None for a rule that draws nothing.
    """

    outcome: Outcome
    place: Place = field(compare=False)
    when: Condition | None = None
    logs: tuple[LogLine, ...] = ()
    delay: Delay | None = None
    stream: str | None = None
    effects: tuple[Effect, ...] = ()
    death: Death | None = None

    @property
    def is_settled(self) -> bool:
        """Whether every call that the rule answers gets the same."""
        is_paced = isinstance(self.outcome, Read | Reply) or (
            isinstance(self.outcome, Respond) and self.outcome.pace is not None
        )
        return not self.answer_computed and not self.effects and not is_paced

    @property
    def answer_computed(self) -> tuple[Computed, ...]:
        """What the rule computes for its answer."""
        written: list[object] = [line.arguments for line in self.logs]
        match self.outcome:
            case Result(value):
                written.append(value)
            case Thrown(message, data):
                written += [message, data]
            case Reply(text, tokens):
                written += [text, tokens]
            case Respond():
                written += self.outcome.computed
            case Read(query):
                written += [*query.computed, *computed_in(query.where)]
            case Failure():
                pass
        written += computed_of(self.effects)
        return tuple(each for each in written if isinstance(each, Computed))

    @property
    def computed(self) -> tuple[Computed, ...]:
        """Everything that the rule computes, its condition included."""
        when = self.when
        asked = () if when is None else (*when.computed, *([when.test] if when.test else ()))
        return (*asked, *self.answer_computed)
