"""A scenario's functions, prepared for deciding: whatever does not depend on the call is decided once, at load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from emulator.engine.call import Choice
from emulator.engine.overlay import FREE, Admission, Overlays
from emulator.engine.plan import Finish, Plan, Wait
from emulator.engine.remembered import Remembered
from emulator.engine.settle import settle_once
from emulator.engine.state import Change
from emulator.engine.transaction import Delayed, Read
from emulator.engine.variants import CHOICES
from emulator.model.function import FirstMatch, Function, Script, Sequence
from emulator.model.gateway import CHAT
from emulator.model.rule import FixedDelay, Rule
from emulator.model.scenario import Scenario

_ALWAYS = frozenset({CHOICES})


class Decision(NamedTuple):
    """What shall happen: `plan` is to be performed, `changes` to be committed; `rule` answered, if one did.

    `reads` is what the decision depends on, `delayed` what is to be done later, `admission` what was laid over it,
    `variant` the one that was chosen.
    """

    plan: Plan
    changes: tuple[Change, ...] = ()
    rule: Rule | None = None
    reads: frozenset[Read] = frozenset()
    delayed: tuple[Delayed, ...] = ()
    admission: Admission = FREE
    variant: str | None = None


class Settled(NamedTuple):
    """What every call gets of a rule that computes and draws nothing."""

    finish: Finish
    delay: int
    rule: Rule


class Prompt(NamedTuple):
    """A script, and the answers of its rules that are always the same.

    It numbers calls from 1, leaving out those that are counted under `since`.
    """

    script: Script
    answers: tuple[Settled | None, ...]
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A function, and its scripts in the order in which they are asked; `always` when its answer is always the same.

    `variants` are other scripts, by their names, each asked first while it is chosen.

    One that `is_hidden` exists for admins only. `counts` says that calls of the function are counted, `asks_headers`
    that its rules want to see headers.
    """

    function: Function
    prompts: tuple[Prompt, ...]
    variants: Mapping[str, Prompt]
    always: Decision | None
    is_hidden: bool
    counts: bool
    asks_headers: bool


@dataclass(frozen=True, slots=True)
class Index:
    """A scenario and its functions by operation, prepared.

    `remembered` has the first documents of its tables, as they were made last.
    `nearest` remembers what was found to be like an operation that is not there, and `doubts` why choices of variants
    choose nothing, as polling clients ask for them again and again.
    """

    scenario: Scenario
    prepared: Mapping[str, Prepared]
    asks_headers: bool
    asks_address: bool
    overlays: Overlays
    remembered: Remembered
    nearest: dict[str, tuple[Function, ...]] = field(default_factory=dict)
    doubts: dict[Choice, str | None] = field(default_factory=dict)


def operations_of(scenario: Scenario) -> dict[str, Function]:
    """Return everything that has rules, by its operation."""
    chat = scenario.gateway.chat
    return {**scenario.functions, **(scenario.http or {}), **({} if chat is None else {CHAT: chat})}


def build_index(scenario: Scenario, before: Index | None = None) -> Index:
    """Prepare every function of a scenario; one that is the very same in `before` is prepared already."""
    prepared = {}
    for operation, function in operations_of(scenario).items():
        known = before.prepared.get(operation) if before else None
        prepared[operation] = known if known and known.function is function else _prepare(function)
    overlays = Overlays(scenario.limits, scenario.faults)
    asks_headers = any(each.asks_headers for each in prepared.values())
    is_alike = before is not None and _begins_alike(before.scenario, scenario)
    remembered = before.remembered if before is not None and is_alike else Remembered()
    return Index(scenario, prepared, asks_headers, overlays.asks_address, overlays, remembered)


def _begins_alike(before: Scenario, scenario: Scenario) -> bool:
    """Whether two scenarios have the very same tables, as with rules added to one; what cannot be told is no."""
    parts = ((each.tables, each.vars, each.state) for each in (before, scenario))
    is_same = all(old is new for old, new in zip(*parts, strict=True))
    return is_same and (before.seed, before.locale) == (scenario.seed, scenario.locale)


def _prepare(function: Function) -> Prepared:
    prompts = (
        *(_prompt(function, each.script, each.since) for each in function.added),
        _prompt(function, function.script),
    )
    variants = {each.name: _prompt(function, each.script) for each in function.variants}
    scripts = [each.script for each in (*prompts, *variants.values())]
    rules = [rule for each in scripts for rule in each.rules]
    has_validators = function.args is not None or function.returns is not None
    is_always = (
        isinstance(prompts[0].script, FirstMatch) and prompts[0].script.rules[0].when is None and not has_validators
    )
    always = _decision(prompts[0].answers[0]) if is_always else None
    is_hidden = function.is_internal or function.path.module.startswith("_system/")
    counts = any(isinstance(each, Sequence) for each in scripts) or any(map(_asks_number, rules))
    return Prepared(function, prompts, variants, always, is_hidden, counts, any(map(_asks_headers, rules)))


def _prompt(function: Function, script: Script, since: str | None = None) -> Prompt:
    return Prompt(
        script, tuple(None if function.returns is not None else _settled(each) for each in script.rules), since
    )


def _asks_number(rule: Rule) -> bool:
    """Whether a rule wants to know the number of the call."""
    when = rule.when
    if when is None:
        return _names(rule, "call")
    draws = when.chance is not None or when.test is not None or (when.is_computed and rule.stream is not None)
    return draws or when.call is not None or _names(rule, "call")


def _asks_headers(rule: Rule) -> bool:
    return (rule.when is not None and rule.when.headers is not None) or _names(rule, "request")


def _names(rule: Rule, name: str) -> bool:
    return any(name in each.compiled.names for each in rule.computed)


def _settled(rule: Rule) -> Settled | None:
    is_fixed = rule.delay is None or isinstance(rule.delay, FixedDelay)
    if not rule.is_settled or not is_fixed:
        return None
    return Settled(settle_once(rule), rule.delay.duration if isinstance(rule.delay, FixedDelay) else 0, rule)


def _decision(settled: Settled | None) -> Decision | None:
    if settled is None:
        return None
    finish, delay, rule = settled
    return Decision((Wait(delay), finish) if delay else (finish,), (), rule, _ALWAYS)
