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
from emulator.engine.state import Counted, State
from emulator.model.function import FirstMatch, Function, FunctionType, Sequence
from emulator.model.rule import Rule
from emulator.values.formats import Format, encode


def decide(index: Index, state: State, call: Call) -> Decision:
    """Select the rule that answers and lay its outcome out as a plan."""
    prepared = index.prepared.get(call.operation)
    if prepared is None or call.component or (prepared.is_system and not isinstance(call.caller, Admin)):
        nearest = nearest_functions(_visible(index, call), call.operation)
        hidden = prepared.function if prepared and not call.component else None
        return Decision((Finish(Unscripted(call.operation, nearest, call.component, call.type is not None, hidden)),))
    function = prepared.function
    if call.type is not None and function.type is not None and call.type is not function.type:
        return Decision((Finish(WrongType(function, call.type)),))
    if call.fault is not None:
        return Decision((Finish(Rejected(call.fault)),))
    return prepared.always or _select(index.scenario.seed, prepared, state, call)


def _visible(index: Index, call: Call) -> Mapping[str, Function]:
    """Return the functions that exist for a caller: system functions do for admins only (contract convex §4.2)."""
    if isinstance(call.caller, Admin):
        return index.scenario.functions
    return {name: each.function for name, each in index.prepared.items() if not each.is_system}


def _select(seed: int, prepared: Prepared, state: State, call: Call) -> Decision:
    script = prepared.function.script
    match script:
        case FirstMatch(rules):
            for number, rule in enumerate(rules):
                if rule.when is None or next(mismatches(rule.when, call), None) is None:
                    return prepared.decisions[number] or _draw(seed, rule, state, call, prepared.function.type)
            return Decision((Finish(Unmatched(prepared.function, near_misses(rules, call))),))
        case Sequence(rules, repeat):
            count = state.counts.get(call.operation, 0)
            number = count % len(rules) if repeat else min(count, len(rules) - 1)
            decision = prepared.decisions[number] or _draw(seed, rules[number], state, call, prepared.function.type)
            return decision._replace(changes=(Counted(call.operation), *decision.changes))
        case _:
            assert_never(script)


def _draw(seed: int, rule: Rule, state: State, call: Call, kind: FunctionType | None) -> Decision:
    """Draw for a rule: a query by its arguments, so that asking again draws the same; others by their n-th call.

    `kind` is what the function is, which counts when the caller does not say what it takes it for.
    """
    assert rule.delay is not None
    finish = Finish(rule.outcome, rule.logs)
    stream = rule.stream or ""
    if (call.type or kind) is FunctionType.QUERY:
        args = json.dumps(encode(dict(call.args), Format.ENCODED), sort_keys=True)
        return Decision((Wait(draw_delay(rule.delay, fraction(seed, stream, args))), finish), (), rule)
    key = f"{call.operation}#{stream}"
    at = fraction(seed, stream, state.counts.get(key, 0))
    return Decision((Wait(draw_delay(rule.delay, at)), finish), (Counted(key),), rule)
