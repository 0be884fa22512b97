"""What one function answers to one call, within a transaction; functions that it calls are answered in the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple, assert_never

from emulator.engine.built_in import built_in
from emulator.engine.call import Call
from emulator.engine.draw import draw_delay, fraction
from emulator.engine.effects import apply
from emulator.engine.explain import near_misses, unanswered
from emulator.engine.index import Index, Prepared, Prompt
from emulator.engine.match import mismatches
from emulator.engine.plan import Ending, Finish, Rejected, Returned, Uncomputable, Unmatched
from emulator.engine.read import QueryRefusedError
from emulator.engine.settle import settle
from emulator.engine.surroundings import Surroundings, UncomputableError, arguments_key
from emulator.engine.transaction import Delayed, EffectError, Transaction
from emulator.engine.validation import coerced, fault_of
from emulator.model.constant import Constant
from emulator.model.effect import CallFunction
from emulator.model.function import FirstMatch, Function, FunctionType, Script, Sequence
from emulator.model.logs import cap_log_lines
from emulator.model.rule import Rule
from emulator.values.convex import InvalidValueError, Value

MAX_CALLS_DEEP = 8


class Answer(NamedTuple):
    """What a call gets, after how many nanoseconds, and by which rule; `stream` is what its draws follow from."""

    finish: Finish
    delay: int = 0
    rule: Rule | None = None
    stream: str = ""


def answer(
    index: Index, prepared: Prepared, call: Call, transaction: Transaction, depth: int = 0, variant: str | None = None
) -> Answer:
    """Select the rule that answers, and settle it; a variant is asked first."""
    function = prepared.function
    if function.args is not None and (fault := fault_of(function.args, call.args, transaction.table_of)) is not None:
        return Answer(Finish(Rejected(f"ArgumentValidationError: {fault}")))
    if call.type is None:
        call = call._replace(type=function.type)
    number = transaction.count(call.operation) + 1 if call.number is None else call.number
    at = Surroundings(index.scenario, call, number, transaction)
    if prepared.counts:
        transaction.count_call(call.operation)
    prompts = prepared.prompts
    if variant is not None:
        if variant not in prepared.variants:
            return Answer(built_in(variant, function, _rule(_select(prompts, at, number)), at))
        prompts = (prepared.variants[variant], *prompts)
    found = _select(prompts, at, number)
    if found is None:
        ending = Unmatched(function, near_misses(_numbered(prompts, at, number), at))
        return Answer(unanswered(ending, call, index.scenario))
    prompt, place = found
    known = prompt.answers[place]
    if known is not None:
        return Answer(*known)
    return _settled(index, function, prompt.script.rules[place], at, depth)


def do_delayed(index: Index, delayed: Delayed, transaction: Transaction) -> Finish:
    """Do effects whose time has come."""
    at = Surroundings(index.scenario, delayed.call, delayed.number, transaction, delayed.stream)
    at.names.update(delayed.names)
    logs: list[str] = []
    ending = _guarded(transaction, lambda: _done(delayed, at, logs, partial(_call_other, index, 0)))
    return Finish(ending, cap_log_lines(logs))


def _done(
    delayed: Delayed,
    at: Surroundings,
    logs: list[str],
    call_other: Callable[[CallFunction, Surroundings, list[str]], Value],
) -> Ending:
    apply(delayed.effects, at, logs, call_other)
    return Returned(Constant(None))


def _select(prompts: Iterable[Prompt], at: Surroundings, number: int) -> tuple[Prompt, int] | None:
    """Return the place of the rule that answers, and of which script; the call is numbered as that counts."""
    for each in prompts:
        at.count = number if each.since is None else _number(each, at, number)
        place = _place(each.script, at)
        if place is not None:
            return each, place
    return None


def _rule(found: tuple[Prompt, int] | None) -> Rule | None:
    return None if found is None else found[0].script.rules[found[1]]


def _number(prompt: Prompt, at: Surroundings, number: int) -> int:
    return number if prompt.since is None else max(number - at.transaction.count(prompt.since), 1)


def _numbered(prompts: Iterable[Prompt], at: Surroundings, number: int) -> Iterator[Rule]:
    """Yield all rules; while one is looked at, the call is numbered as its script counts."""
    for each in prompts:
        for rule in each.script.rules:
            at.count = _number(each, at, number)
            yield rule


def _place(script: Script, at: Surroundings) -> int | None:
    match script:
        case FirstMatch(rules):
            for place, rule in enumerate(rules):
                if rule.when is None or next(mismatches(rule, at), None) is None:
                    return place
            return None
        case Sequence(rules, repeat):
            count = at.count - 1
            return count % len(rules) if repeat else min(count, len(rules) - 1)
        case _:
            assert_never(script)


def _settled(index: Index, function: Function, rule: Rule, at: Surroundings, depth: int) -> Answer:
    """Evaluate and draw: a query by its arguments, so that asking again gives the same; others by their n-th call."""
    call, transaction = at.call, at.transaction
    position = ""
    if rule.stream is not None and call.type is FunctionType.QUERY:
        position = arguments_key(call.args)
    elif rule.stream is not None:
        key = f"{call.operation}#{rule.stream}"
        position = str(transaction.count(key))
        transaction.count_call(key)
    stream = at.stream_of(rule)
    at.draw_from(f"{stream}\0{position}")
    logs: list[str] = []
    ending = _guarded(transaction, lambda: _returned(function, rule, at, logs, partial(_call_other, index, depth)))
    delay = 0 if rule.delay is None else draw_delay(rule.delay, fraction(index.scenario.seed, stream, position))
    return Answer(Finish(ending, cap_log_lines(logs), rule.death), delay, rule, at.stream)


def _returned(
    function: Function,
    rule: Rule,
    at: Surroundings,
    logs: list[str],
    call_other: Callable[[CallFunction, Surroundings, list[str]], Value],
) -> Ending:
    """Settle a rule, and hold what it returns against the function's validator."""
    ending = settle(rule, at, logs, call_other)
    if function.returns is None or not isinstance(ending, Returned):
        return ending
    value = coerced(function.returns, ending.value.value)
    fault = fault_of(function.returns, value, at.transaction.table_of)
    if fault is not None:
        raise QueryRefusedError(f"ReturnsValidationError: {fault}")
    return Returned(Constant(value))


def _guarded(transaction: Transaction, settle_it: Callable[[], Ending]) -> Ending:
    """Return how something ends; when it cannot be had, nothing of it is written."""
    try:
        return settle_it()
    except UncomputableError as error:
        ending: Ending = Uncomputable(error.place, error.reason)
    except (QueryRefusedError, InvalidValueError) as error:
        ending = Rejected(str(error))
    except _CalledError as error:
        ending = error.ending
    transaction.undo()
    return ending


class _CalledError(Exception):
    """A function that an effect called did not return."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(str(ending))
        self.ending = ending


def _call_other(index: Index, depth: int, effect: CallFunction, at: Surroundings, logs: list[str]) -> Value:
    if depth >= MAX_CALLS_DEEP:
        raise EffectError(f"functions call one another more than {MAX_CALLS_DEEP} deep")
    prepared = index.prepared.get(effect.operation)
    args = at.value(effect.args)
    if prepared is None:
        raise EffectError(f"there is no function {effect.operation} any more")
    if not isinstance(args, dict):
        raise EffectError("args must be a mapping")
    if prepared.function.args is not None:
        args = coerced(prepared.function.args, args)
    call = at.call._replace(
        operation=effect.operation, type=prepared.function.type, args=args, number=None, page_end=None
    )
    finish = answer(index, prepared, call, at.transaction, depth + 1).finish
    logs.extend(finish.logs)
    if not isinstance(finish.ending, Returned):
        raise _CalledError(finish.ending)
    return finish.ending.value.value
