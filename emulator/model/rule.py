"""Rules: a condition and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.logs import LogLevel
from emulator.model.pattern import Pattern
from emulator.model.place import Place


@dataclass(frozen=True, slots=True)
class Condition:
    """What `when` asks of a call; a part that is None asks nothing.

    `identity_name` is the short form, the name of one of the scenario's identities.
    """

    args: Pattern | None = None
    identity: Pattern | None = None
    identity_name: str | None = None


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


Outcome: TypeAlias = Result | Thrown | Failure


@dataclass(frozen=True, slots=True)
class LogLine:
    """One console call: its level and its arguments, a list."""

    level: LogLevel
    arguments: Constant | Computed


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
    """A condition (None: always) and the outcome it answers with, its log lines and its delay.

    `stream` names the rule's own stream of random draws. It follows from what the rule says and not from where
    it stands, so that another rule before it changes nothing; None for a rule that draws nothing.
    """

    outcome: Outcome
    place: Place = field(compare=False)
    when: Condition | None = None
    logs: tuple[LogLine, ...] = ()
    delay: Delay | None = None
    stream: str | None = None

    @property
    def computed(self) -> tuple[Computed, ...]:
        """What the rule computes; when it is nothing, every call gets the same."""
        written: list[object] = [line.arguments for line in self.logs]
        if isinstance(self.outcome, Result):
            written.append(self.outcome.value)
        elif isinstance(self.outcome, Thrown):
            written += [self.outcome.message, self.outcome.data]
        return tuple(each for each in written if isinstance(each, Computed))
