"""Patterns held against values: the differences, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, assert_never

from emulator.model.pattern import (
    AllOf,
    AnyOf,
    Compares,
    Contains,
    Equals,
    Exists,
    Fields,
    IsType,
    Items,
    Later,
    Matches,
    Not,
    OneOf,
    Order,
    Pattern,
)
from emulator.values.convex import Int64, Value, is_same
from emulator.values.display import display

_MAX_SHOWN = 80
_MAX_SEARCHED = 10_000


class Missing:
    """The absence of a field, which is no value."""


MISSING = Missing()


class Mismatch(NamedTuple):
    """One difference between what a rule wants and what a call has; all three are texts for people."""

    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {self.got}"


def differences(pattern: Pattern, value: Value | Missing, path: str) -> Iterator[Mismatch]:
    """Yield where `value` is not what `pattern` wants; `path` says where the value stands."""
    match pattern:
        case Fields(fields) if isinstance(value, dict):
            for name, inner in fields:
                yield from differences(inner, value.get(name, MISSING), f"{path}.{name}")
        case Items(items) if isinstance(value, list) and len(value) == len(items):
            for index, inner in enumerate(items):
                yield from differences(inner, value[index], f"{path}[{index}]")
        case AllOf(patterns):
            for inner in patterns:
                yield from differences(inner, value, path)
        case _:
            if not _holds(pattern, value):
                yield Mismatch(path, describe(pattern), shown(value))


def matches(pattern: Pattern, value: Value | Missing) -> bool:
    """Whether there is no difference; quick, for it makes no text."""
    match pattern:
        case Fields(fields) if isinstance(value, dict):
            return all(matches(inner, value.get(name, MISSING)) for name, inner in fields)
        case Items(items) if isinstance(value, list) and len(value) == len(items):
            return all(map(matches, items, value))
        case AllOf(patterns):
            return all(matches(inner, value) for inner in patterns)
        case _:
            return _holds(pattern, value)


def describe(pattern: Pattern) -> str:
    """Say in a few words what a pattern wants."""
    match pattern:
        case Equals(value):
            return shown(value)
        case OneOf(values):
            return "one of " + ", ".join(map(shown, values)) if values else "one of none"
        case Compares(order, value):
            return f"{order.value} {shown(value)}"
        case Matches(expression):
            return f"a text matching /{expression.pattern}/"
        case Contains(part):
            return f"something containing {describe(part)}"
        case Exists(there):
            return "something" if there else "nothing"
        case IsType(name):
            return f"a value of type {name}"
        case Fields(fields):
            return "an object with " + ", ".join(name for name, _ in fields) if fields else "an object"
        case Items(items):
            return f"an array of {len(items)}"
        case Later():
            return "what an expression says"
        case AnyOf() | AllOf() | Not():
            return _describe_logic(pattern)
        case _:
            assert_never(pattern)


def _describe_logic(pattern: AnyOf | AllOf | Not) -> str:
    match pattern:
        case AnyOf(patterns):
            return " or ".join(map(describe, patterns)) or "one of none"
        case AllOf(patterns):
            return " and ".join(map(describe, patterns)) or "anything"
        case Not(inner):
            return f"not {describe(inner)}"
        case _:
            assert_never(pattern)


def shown(value: Value | Missing) -> str:
    """Write a value for people, cut when it is long."""
    if isinstance(value, Missing):
        return "nothing"
    text = display(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _holds(pattern: Pattern, value: Value | Missing) -> bool:
    if isinstance(pattern, Exists):
        return pattern.there is not isinstance(value, Missing)
    if isinstance(pattern, Not):
        return not matches(pattern.pattern, value)
    if isinstance(pattern, AnyOf):
        return any(matches(each, value) for each in pattern.patterns)
    return not isinstance(value, Missing) and _holds_for(pattern, value)


def _holds_for(pattern: Pattern, value: Value) -> bool:
    match pattern:
        case Equals(wanted):
            return is_same(value, wanted)
        case OneOf(values):
            return any(is_same(value, each) for each in values)
        case Compares(order, bound):
            return _compares(order, value, bound)
        case Matches(expression):
            return isinstance(value, str) and expression.search(value[:_MAX_SEARCHED]) is not None
        case Contains(part):
            if isinstance(value, str):
                return isinstance(part, Equals) and isinstance(part.value, str) and part.value in value
            return isinstance(value, list) and any(matches(part, each) for each in value)
        case IsType(name):
            return _type_of(value) == name
        case _:
            return False  # objects and arrays of another shape


def _compares(order: Order, value: Value, bound: Value) -> bool:
    both_texts = isinstance(value, str) and isinstance(bound, str)
    if not both_texts and not (_is_number(value) and _is_number(bound)):
        return False
    match order:
        case Order.GREATER:
            return bool(value > bound)  # type: ignore[operator]  # both texts or both numbers
        case Order.GREATER_OR_EQUAL:
            return bool(value >= bound)  # type: ignore[operator]  # likewise
        case Order.LESS:
            return bool(value < bound)  # type: ignore[operator]  # likewise
        case Order.LESS_OR_EQUAL:
            return bool(value <= bound)  # type: ignore[operator]  # likewise
        case _:
            assert_never(order)


def _is_number(value: Value) -> bool:
    return isinstance(value, float | Int64)


def _type_of(value: Value) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", float: "number", Int64: "int64", str: "string", bytes: "bytes", list: "array"}
    return names.get(type(value), "object")
