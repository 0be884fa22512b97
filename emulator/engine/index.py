"""A scenario's functions, prepared for deciding: whatever does not depend on the call is decided once, at load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from emulator.engine.plan import Plan, Wait
from emulator.engine.settle import settle
from emulator.engine.state import Change
from emulator.model.function import FirstMatch, Function, Sequence
from emulator.model.rule import FixedDelay, Rule
from emulator.model.scenario import Scenario


class Decision(NamedTuple):
    """What shall happen: `plan` is to be performed, `changes` to be committed; `rule` answered, if one did."""

    plan: Plan
    changes: tuple[Change, ...] = ()
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A function, and the decision of each of its rules that draws nothing; `always` when it is the same for all.

    `counts` says that calls of the function are counted.
    """

    function: Function
    decisions: tuple[Decision | None, ...]
    always: Decision | None
    is_system: bool
    counts: bool


@dataclass(frozen=True, slots=True)
class Index:
    """A scenario and its functions by operation, prepared.

    `nearest` remembers what was found to be like an operation that is not there, as polling clients ask for it again
    and again.
    """

    scenario: Scenario
    prepared: Mapping[str, Prepared]
    nearest: dict[str, tuple[Function, ...]] = field(default_factory=dict)


def build_index(scenario: Scenario, before: Index | None = None) -> Index:
    """Prepare every function of a scenario; one that is the very same in `before` is prepared already."""
    prepared = {}
    for operation, function in scenario.functions.items():
        known = before.prepared.get(operation) if before else None
        prepared[operation] = known if known and known.function is function else _prepare(function)
    return Index(scenario, prepared)


def _prepare(function: Function) -> Prepared:
    rules = function.script.rules
    decisions = tuple(map(_decision_of, rules))
    always = decisions[0] if isinstance(function.script, FirstMatch) and rules[0].when is None else None
    counts = isinstance(function.script, Sequence) or any(map(_asks_for_call, rules))
    return Prepared(function, decisions, always, function.path.module.startswith("_system/"), counts)


def _asks_for_call(rule: Rule) -> bool:
    """Whether a rule computes with the number of the call."""
    return any("call" in each.compiled.names for each in rule.computed)


def _decision_of(rule: Rule) -> Decision | None:
    if rule.computed:
        return None
    finish = settle(rule, None)
    if rule.delay is None:
        return Decision((finish,), (), rule)
    if isinstance(rule.delay, FixedDelay):
        return Decision((Wait(rule.delay.duration), finish), (), rule)
    return None
