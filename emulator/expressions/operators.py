"""The operators of expressions: Python's, on values only, within a budget."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, TypeAlias

from emulator.expressions.budget import check_bits, check_items, check_spread, check_text, pay_for
from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError
from emulator.values.convex import Int64, InvalidValueError

Operand: TypeAlias = Any  # a value, or a plain int; what is neither is refused by each operator

MISSING = object()
"""What an absent key gives, until `??` or the end of the expression makes it something else."""

_NUMBERS = frozenset({int, float, Int64})


def get(owner: Operand, name: str) -> Operand:
    """Return `owner.name`: a mapping's key and never an attribute; absent keys are missing."""
    if isinstance(owner, dict):
        return owner.get(name, MISSING)
    if owner is MISSING or owner is None:
        raise EvaluationError(f"cannot read .{name} of {kind_of(owner)}")
    raise EvaluationError(f"{kind_of(owner)} has no keys, so no .{name}")


def read(owner: Operand, name: str) -> Operand:
    """Return `owner.name` as operators and functions see it: `get` and `settle` in one step."""
    return owner.get(name) if isinstance(owner, dict) else settle(get(owner, name))


def get_or_missing(owner: Operand, name: str) -> Operand:
    """Return `owner.name` on the left of `??`, where nothing has any key."""
    return owner.get(name, MISSING) if isinstance(owner, dict) else MISSING


def item(owner: Operand, index: Operand) -> Operand:
    """Return `owner[index]`."""
    if isinstance(owner, dict):
        if not isinstance(index, str):
            raise EvaluationError(f"a mapping's keys are texts, not {kind_of(index)}")
        return owner.get(index, MISSING)
    if isinstance(owner, list | str):
        position = whole(index, "an index")
        if not -len(owner) <= position < len(owner):
            raise EvaluationError(f"index {position} is outside {kind_of(owner)} of length {len(owner)}")
        return owner[position]
    raise EvaluationError(f"{kind_of(owner)} has no items")


def item_or_missing(owner: Operand, index: Operand) -> Operand:
    """Return `owner[index]` on the left of `??`, where nothing has any item."""
    try:
        return item(owner, index)
    except EvaluationError:
        return MISSING


def cut(owner: Operand, start: Operand, stop: Operand) -> Operand:
    """Return `owner[start:stop]`."""
    if not isinstance(owner, list | str):
        raise EvaluationError(f"{kind_of(owner)} cannot be sliced")
    pay_for(len(owner))
    first = None if start is None else whole(start, "an index")
    last = None if stop is None else whole(stop, "an index")
    return owner[first:last]


def key(value: Operand) -> str:
    """Return a key of a mapping that an expression writes."""
    if not isinstance(value, str):
        raise InvalidValueError(f"a mapping's keys are texts, not {kind_of(value)}")
    return value


def settle(value: Operand) -> Operand:
    """Return a value as operators and functions see it: what is missing is null."""
    return None if value is MISSING else value


def add(one: Operand, other: Operand) -> Operand:
    """Return `one + other` of numbers, of texts, of lists."""
    if isinstance(one, str) and isinstance(other, str):
        check_text(len(one) + len(other))
        return one + other
    if isinstance(one, list) and isinstance(other, list):
        check_items(len(one) + len(other))
        return one + other
    return _arithmetic("+", one, other, operator.add)


def subtract(one: Operand, other: Operand) -> Operand:
    """Return `one - other`."""
    return _arithmetic("-", one, other, operator.sub)


def multiply(one: Operand, other: Operand) -> Operand:
    """Return `one * other`: of numbers, or a text or list repeated."""
    for repeated, times in ((one, other), (other, one)):
        if isinstance(repeated, str | list):
            count = max(0, whole(times, "the number of repetitions"))
            (check_text if isinstance(repeated, str) else check_items)(len(repeated) * count)
            return repeated * count
    return _arithmetic("*", one, other, _times)


def divide(one: Operand, other: Operand) -> Operand:
    """Return `one / other`."""
    return _arithmetic("/", one, other, operator.truediv)


def divide_whole(one: Operand, other: Operand) -> Operand:
    """Return `one // other`."""
    return _arithmetic("//", one, other, operator.floordiv)


def remainder(one: Operand, other: Operand) -> Operand:
    """Return `one % other`, of numbers only."""
    return _arithmetic("%", one, other, operator.mod)


def power(one: Operand, other: Operand) -> Operand:
    """Return `one ** other`."""
    return _arithmetic("**", one, other, _power)


def negate(value: Operand) -> Operand:
    """Return `-value`."""
    return _arithmetic("-", 0, value, lambda _, b: -b)


def equal(one: Operand, other: Operand) -> bool:
    """Return `one == other`; true and false equal no number."""
    one, other = settle(one), settle(other)
    if isinstance(one, list | dict):
        check_spread(one)
    elif isinstance(one, str):
        pay_for(len(one))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def unequal(one: Operand, other: Operand) -> bool:
    """Return `one != other`."""
    return not equal(one, other)


def less(one: Operand, other: Operand) -> bool:
    """Return `one < other`."""
    one, other = _comparable(one, other)
    return bool(one < other)


def less_or_equal(one: Operand, other: Operand) -> bool:
    """Return `one <= other`."""
    one, other = _comparable(one, other)
    return bool(one <= other)


def greater(one: Operand, other: Operand) -> bool:
    """Return `one > other`."""
    return less(other, one)


def greater_or_equal(one: Operand, other: Operand) -> bool:
    """Return `one >= other`."""
    return less_or_equal(other, one)


def contains(part: Operand, whole_: Operand) -> bool:
    """Return `part in whole`: a part of a text, a key of a mapping, an item of a list."""
    if isinstance(whole_, str):
        if not isinstance(part, str):
            raise EvaluationError(f"a text cannot contain {kind_of(part)}")
        pay_for(len(whole_))
        return part in whole_
    if isinstance(whole_, dict):
        return isinstance(part, str) and part in whole_
    if isinstance(whole_, list):
        pay_for(len(whole_))
        return any(equal(part, each) for each in whole_)
    raise EvaluationError(f"nothing can be in {kind_of(whole_)}")


def lacks(part: Operand, whole_: Operand) -> bool:
    """Return `part not in whole`."""
    return not contains(part, whole_)


def iterate(context: Context, value: Operand) -> list[Operand]:
    """Return what a comprehension goes over, paid for: items of a list, keys of a mapping."""
    if isinstance(value, dict):
        value = list(value)
    if not isinstance(value, list):
        raise EvaluationError(f"cannot go over {kind_of(value)}; a list is needed")
    context.budget.spend(len(value) + 1)
    return value


def whole(value: Operand, what: str) -> int:
    """Return a whole number, which a Float64 may be; raise EvaluationError naming `what` otherwise."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise EvaluationError(f"{what} must be a whole number, not {kind_of(value)}")
    return int(value)


def _arithmetic(sign: str, one: Operand, other: Operand, apply: Callable[[Any, Any], Any]) -> Operand:
    if not (_is_number(one) and _is_number(other)):
        hint = "; put them side by side in a text instead" if sign == "+" and str in (type(one), type(other)) else ""
        raise EvaluationError(f"{kind_of(one)} {sign} {kind_of(other)} makes no sense{hint}")
    try:
        result = apply(one, other)
    except ZeroDivisionError:
        raise EvaluationError("division by zero") from None
    except OverflowError:
        raise EvaluationError("the number is too large") from None
    if type(result) is float:
        return result
    if isinstance(result, complex):
        raise EvaluationError("the number is not real")
    if isinstance(one, Int64) or isinstance(other, Int64):
        return _int64(result) if type(result) is int else result
    return result


def _int64(number: int) -> Int64:
    try:
        return Int64(number)
    except InvalidValueError as error:
        raise EvaluationError(str(error)) from error


def _times(one: Any, other: Any) -> Any:  # noqa: ANN401 - numbers of either kind
    if isinstance(one, int) and isinstance(other, int):
        check_bits(one.bit_length() + other.bit_length())
    return one * other


def _power(one: Any, other: Any) -> Any:  # noqa: ANN401 - numbers of either kind
    if isinstance(one, int) and isinstance(other, int):
        if other < 0:
            return float(one) ** other
        check_bits(one.bit_length() * other)
    return one**other


def _comparable(one: Operand, other: Operand) -> tuple[Any, Any]:
    both_texts = isinstance(one, str) and isinstance(other, str)
    if both_texts or (_is_number(one) and _is_number(other)):
        return one, other
    if isinstance(one, list) and isinstance(other, list):
        check_spread(one)
        for left, right in zip(one, other, strict=False):
            _comparable(left, right)
        return one, other
    raise EvaluationError(f"{kind_of(one)} and {kind_of(other)} have no order")


def _is_number(value: Operand) -> bool:
    return type(value) in _NUMBERS


def kind_of(value: Operand) -> str:
    """Name the kind of a value as people call it."""
    if value is MISSING:
        return "something missing"
    if value is None:
        return "null"
    names = {bool: "true or false", str: "a text", list: "a list", dict: "a mapping", bytes: "bytes"}
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a number")
