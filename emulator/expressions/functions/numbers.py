"""Functions on numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

from emulator.expressions.errors import EvaluationError
from emulator.expressions.functions.arguments import Value, need_finite, need_list, need_number
from emulator.expressions.functions.table import function
from emulator.expressions.operators import less, whole

_MOST_DIGITS = 2_000  # behind which no number has any


@function
def abs_(number: Value) -> Value:
    """Return a number without its sign."""
    return abs(need_number(number))


@function
def round_(number: Value, digits: Value = 0) -> Value:
    """Return a number rounded to so many digits behind the point, none if not said."""
    places = min(max(whole(digits, "the number of digits"), -_MOST_DIGITS), _MOST_DIGITS)
    if not math.isfinite(need_number(number)):
        return number
    return round(number, places) if places else round(number)


@function
def floor(number: Value) -> Value:
    """Return the largest whole number that is not above."""
    return math.floor(need_finite(number))


@function
def ceil(number: Value) -> Value:
    """Return the smallest whole number that is not below."""
    return math.ceil(need_finite(number))


@function
def min_(*values: Value) -> Value:
    """Return the smallest of several values, or of the items of one list."""
    return _extreme(values, less)


@function
def max_(*values: Value) -> Value:
    """Return the largest of several values, or of the items of one list."""
    return _extreme(values, lambda one, other: less(other, one))


@function
def sum_(numbers: list[Value]) -> Value:
    """Return the sum of a list of numbers."""
    total: Value = 0
    for each in need_list(numbers):
        total += need_number(each)
    return total


def _extreme(values: tuple[Value, ...], is_better: Callable[[Value, Value], bool]) -> Value:
    items = need_list(values[0]) if len(values) == 1 else list(values)
    if not items:
        raise EvaluationError("there is nothing to choose from")
    best = items[0]
    for each in items[1:]:
        if is_better(each, best):
            best = each
    return best
