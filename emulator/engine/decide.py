"""One call in, one decision out (ARCHITECTURE.md, "A plan, not a handler")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import assert_never

from emulator.engine.call import Admin, Call
from emulator.engine.draw import draw_delay, fraction
from emulator.engine.explain import near_misses, nearest_functions
from emulator.engine.index import Decision, Index, Prepared
from emulator.engine.match import mismatches
from emulator.engine.plan import Finish, Rejected, Unmatched, Unscripted, Wait, WrongType
from emulator.engine.settle import Surroundings, settle
from emulator.engine.state import Change, Counted, State
from emulator.expressions.context import Context
from emulator.model.function import FirstMatch, Function, FunctionType, Sequence
from emulator.model.rule import Rule
from emulator.model.scenario import Scenario
from emulator.values.formats import Format, encode

_MAX_REMEMBERED = 1_000


def decide(index: Index, state: State, call: Call, now: int) -> Decision:
    """Select the rule that answers and lay its outcome out as a plan; `now` is in nanoseconds since the epoch."""
    prepared = index.prepared.get(call.operation)
    if prepared is None or call.component or (prepared.is_system and not isinstance(call.caller, Admin)):
        nearest = () if call.component else _nearest(index, call)
        hidden = prepared.function if prepared and not call.component else None
        return Decision((Finish(Unscripted(call.operation, nearest, call.component, call.type is not None, hidden)),))
    function = prepared.function
    if call.type is not None and function.type is not None and call.type is not function.type:
        return Decision((Finish(WrongType(function, call.type)),))
    if call.fault is not None:
        return Decision((Finish(Rejected(call.fault)),))
    return prepared.always or _select(index.scenario, prepared, state, call, now)


def _nearest(index: Index, call: Call) -> tuple[Function, ...]:
    key = f"{call.operation} {isinstance(call.caller, Admin)}"
    found = index.nearest.get(key)
    if found is None:
        found = nearest_functions(_visible(index, call), call.operation)
        if len(index.nearest) < _MAX_REMEMBERED:
            index.nearest[key] = found
    return found


def _visible(index: Index, call: Call) -> Mapping[str, Function]:
    """Return the functions that exist for a caller: system functions do for admins only (contract convex §4.2)."""
    if isinstance(call.caller, Admin):
        return index.scenario.functions
    return {name: each.function for name, each in index.prepared.items() if not each.is_system}


def _select(scenario: Scenario, prepared: Prepared, state: State, call: Call, now: int) -> Decision:
    """Find the rule; a function whose rules count calls counts this one, whether a rule answers or not."""
    script = prepared.function.script
    count = state.counts.get(call.operation, 0)
    counted = (Counted(call.operation),) if prepared.counts else ()
    number = None
    match script:
        case FirstMatch(rules):
            for place, rule in enumerate(rules):
                if rule.when is None or next(mismatches(rule.when, call), None) is None:
                    number = place
                    break
        case Sequence(rules, repeat):
            number = count % len(rules) if repeat else min(count, len(rules) - 1)
        case _:
            assert_never(script)
    if number is None:
        return Decision((Finish(Unmatched(prepared.function, near_misses(rules, call))),), counted)
    decision = prepared.decisions[number]
    if decision is None:
        kind = call.type or prepared.function.type
        decision = _compute(scenario, rules[number], state, call._replace(type=kind), now)
    return decision._replace(changes=(*counted, *decision.changes)) if counted else decision


def _compute(scenario: Scenario, rule: Rule, state: State, call: Call, now: int) -> Decision:
    """Evaluate and draw: a query by its arguments, so that asking again gives the same; others by their n-th call.

    What the function is counts where the caller does not say what it takes it for.
    """
    changes: tuple[Change, ...] = ()
    position: str | int = ""
    if rule.stream is not None and call.type is FunctionType.QUERY:
        position = json.dumps(encode(dict(call.args), Format.ENCODED), sort_keys=True)
    elif rule.stream is not None:
        key = f"{call.operation}#{rule.stream}"
        position = state.counts.get(key, 0)
        changes = (Counted(key),)
    stream = rule.stream or ""
    context = Context(f"{scenario.seed}\0{stream}\0{position}", now)
    surroundings = Surroundings(scenario, call, state.counts.get(call.operation, 0) + 1, context)
    finish = settle(rule, surroundings)
    if rule.delay is None:
        return Decision((finish,), changes, rule)
    return Decision((Wait(draw_delay(rule.delay, fraction(scenario.seed, stream, position))), finish), changes, rule)
