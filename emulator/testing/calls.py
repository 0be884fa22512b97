"""What was called, as tests see it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.engine.explain import rule_to_paste
from emulator.engine.plan import Replied, Returned, Unmatched, Unscripted, Wait
from emulator.model.pattern import Equals, Fields, Items, OneOf, Pattern
from emulator.runtime.journal import Entry
from emulator.surfaces.control.views import caller_name, detail_of, ending_of, outcome_of
from emulator.testing.values import moment_of, value_of
from emulator.values.convex import Int64, Value
from emulator.values.display import spell
from emulator.values.durations import SECOND

_MAX_ARGS = 200


@dataclass(frozen=True, slots=True)
class Miss:
    """A rule that did not answer a call: where it stands, and what of the call is otherwise."""

    rule: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came, and what became of it.

    `type` is ``query``, ``mutation`` or ``action``, None for the gateway's operations; `outcome` a word such as
    ``returned``, ``threw`` or ``unmatched``, and `result` what was returned. `detail` says more: an error's message, a
    reply's text. `rule` is the place of what answered, `duration` how many seconds that was told to take.
    """

    number: int
    at: datetime
    operation: str
    type: str | None
    args: Mapping[str, Any]
    identity: str | None
    outcome: str
    result: Any = None
    detail: str | None = None
    rule: str | None = None
    duration: float = 0.0
    explanation: str | None = None
    near_misses: tuple[Miss, ...] = ()
    suggestion: str | None = field(default=None, repr=False)
    """What would answer it, to be pasted into the scenario, where nothing did."""

    def __str__(self) -> str:
        args = spell(dict(self.args))
        args = args if len(args) <= _MAX_ARGS else f"{args[: _MAX_ARGS - 1]}…"
        caller = f" as {self.identity}" if self.identity else ""
        detail = f": {self.detail}" if self.detail else ""
        rule = f" ({self.rule})" if self.rule else ""
        return f"{self.operation} {args}{caller} {self.outcome}{detail}{rule}"


def call_of(entry: Entry) -> Call:
    """Return an entry of the journal as tests see it."""
    call, decision, ending = entry.call, entry.decision, ending_of(entry)
    is_missing = isinstance(ending, Unscripted | Unmatched)
    misses = ending.misses if isinstance(ending, Unmatched) else ()
    return Call(
        number=entry.number,
        at=moment_of(entry.at),
        operation=call.operation,
        type=call.type.value.lower() if call.type else None,
        args=deepcopy(call.args),
        identity=caller_name(call.caller),
        outcome=outcome_of(entry),
        result=_result_of(ending),
        detail=detail_of(ending),
        rule=str(decision.rule.place) if decision.rule else None,
        duration=sum(step.duration for step in decision.plan if isinstance(step, Wait)) / SECOND,
        explanation=entry.explanation,
        near_misses=tuple(Miss(str(each.rule.place), tuple(map(str, each.mismatches))) for each in misses),
        suggestion=rule_to_paste(call) if is_missing else None,
    )


def pattern_of(value: object) -> Pattern:
    """Return what compares partially with a Python value: a whole number is any number of that value."""
    if isinstance(value, Mapping):
        return Fields(tuple((str(key), pattern_of(each)) for key, each in value.items()))
    if isinstance(value, list | tuple):
        return Items(tuple(map(pattern_of, value)))
    if isinstance(value, int) and not isinstance(value, bool | Int64):
        return OneOf((float(value), Int64(value)))
    return Equals(value_of(value))


def _result_of(ending: object) -> Value:
    match ending:
        case Returned(value):
            return deepcopy(value.value)
        case Replied():
            return ending.text
        case _:
            return None
