"""Matching as the absence of differences: what selects a rule is what explains why it was not selected."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.engine.call import acting_user
from emulator.engine.draw import fraction
from emulator.engine.patterns import Mismatch, differences, shown
from emulator.engine.surroundings import Surroundings, UncomputableError, arguments_key, visible_headers
from emulator.model.computed import Computed
from emulator.model.function import FunctionType
from emulator.model.pattern import AllOf, AnyOf, Compares, Contains, Equals, Fields, Items, Later, Not, OneOf, Pattern
from emulator.model.rule import CallNumber, Condition, Rule
from emulator.values.convex import Value


def mismatches(rule: Rule, at: Surroundings) -> Iterator[Mismatch]:
    """Yield every difference; a rule answers when there is none."""
    when = rule.when
    if when is None:
        return
    if when.is_computed and rule.stream is not None:
        at.draw_from(f"{at.stream_of(rule)}\0where\0{_position(at)}")
    if when.args is not None:
        yield from _differences(when, when.args, at.call.args, when.subject, at)
    if when.identity is not None or when.identity_name is not None:
        yield from _identity_mismatches(when, at)
    if when.asks_more:
        yield from _further_mismatches(rule, when, at)


def bound(pattern: Pattern, at: Surroundings) -> Pattern:
    """Return a pattern with everything computed that is to be; raise UncomputableError where that cannot be had."""
    match pattern:
        case Later(computed, order, is_choice):
            value = _in_order(at.value(computed))
            if is_choice:
                return OneOf(tuple(value) if isinstance(value, list) else (value,))
            return Equals(value) if order is None else Compares(order, value)
        case Fields(fields):
            return Fields(tuple((name, bound(inner, at)) for name, inner in fields))
        case Items(items):
            return Items(tuple(bound(inner, at) for inner in items))
        case Not(inner):
            return Not(bound(inner, at))
        case Contains(inner):
            return Contains(bound(inner, at))
        case AnyOf(patterns):
            return AnyOf(tuple(bound(inner, at) for inner in patterns))
        case AllOf(patterns):
            return AllOf(tuple(bound(inner, at) for inner in patterns))
        case _:
            return pattern


def _in_order(value: Value) -> Value:
    """Return a value with its keys in order, so that what is made of it, a cursor, does not depend on theirs."""
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(each) for each in value] if isinstance(value, list) else value


def _differences(when: Condition, pattern: Pattern, value: object, path: str, at: Surroundings) -> Iterator[Mismatch]:
    if when.is_computed:
        try:
            pattern = bound(pattern, at)
        except UncomputableError as error:
            yield Mismatch(path, "what an expression says", f"no value: {error.reason}")
            return
    yield from differences(pattern, value, path)  # type: ignore[arg-type]  # values, all of them


def _identity_mismatches(when: Condition, at: Surroundings) -> Iterator[Mismatch]:
    user = acting_user(at.call.caller)
    if when.identity_name is not None:
        if user is None or user.name != when.identity_name:
            yield Mismatch("identity", when.identity_name, _named(user.name if user else None, user is None))
        return
    assert when.identity is not None
    yield from _differences(when, when.identity, user.attributes if user else None, "identity", at)


def _further_mismatches(rule: Rule, when: Condition, at: Surroundings) -> Iterator[Mismatch]:
    if when.state is not None:
        yield from _differences(when, when.state, at.transaction.variables(), "state", at)
    if when.headers is not None:
        yield from _differences(when, when.headers, dict(visible_headers(at.call)), "headers", at)
    if when.call is not None and not when.call.holds(at.count):
        yield Mismatch("call", _numbered(when.call), str(at.count))
    if when.chance is not None or when.test is not None:
        position = _position(at)
        if when.chance is not None:
            drawn = fraction(at.scenario.seed, f"{at.stream_of(rule)}\0chance", position)
            if drawn >= when.chance:
                yield Mismatch("chance", f"a draw below {when.chance}", f"{drawn:.3f}")
        if when.test is not None:
            at.draw_from(f"{at.stream_of(rule)}\0when\0{position}")
            yield from _test_mismatches(when.test, at)


def _position(at: Surroundings) -> str:
    """Return what conditions draw by: the arguments of a query, the number of any other call."""
    return arguments_key(at.call.args) if at.call.type is FunctionType.QUERY else str(at.count)


def _test_mismatches(test: Computed, at: Surroundings) -> Iterator[Mismatch]:
    try:
        value = at.value(test)
    except UncomputableError as error:
        yield Mismatch("if", "something true", f"no value: {error.reason}")
        return
    if not value:
        yield Mismatch("if", "something true", shown(value))


def _numbered(number: CallNumber) -> str:
    if number.start == number.end:
        return str(number.start)
    words = [f"every {number.every}th"] if number.every > 1 else []
    words += [f"from {number.start}"] if number.start > 1 or (number.end is None and not words) else []
    return " ".join([*words, *([f"to {number.end}"] if number.end is not None else [])])


def _named(name: str | None, anonymous: bool) -> str:  # noqa: FBT001 - private, one caller
    if anonymous:
        return "nobody (no Authorization header)"
    return name or "a user the scenario does not name"
