"""Functions on lists and mappings."""

from __future__ import annotations

from functools import cmp_to_key

from emulator.expressions.budget import check_items
from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError
from emulator.expressions.functions.arguments import Value, need_list, need_mapping, need_text
from emulator.expressions.functions.table import function, function_in_context
from emulator.expressions.operators import equal, kind_of, less, whole
from emulator.values.convex import Int64


@function
def len_(value: Value) -> int:
    """Return how many characters a text, items a list, or keys a mapping has."""
    if isinstance(value, str | list | dict | bytes):
        return len(value)
    raise EvaluationError(f"{kind_of(value)} has no length")


@function
def reversed_(items: list[Value]) -> list[Value]:
    """Return the items of a list from the last to the first."""
    return need_list(items)[::-1]


@function
def first(items: list[Value]) -> Value:
    """Return the first item of a list, null if it is empty."""
    return items[0] if need_list(items) else None


@function
def last(items: list[Value]) -> Value:
    """Return the last item of a list, null if it is empty."""
    return items[-1] if need_list(items) else None


@function
def keys(mapping: dict[str, Value]) -> list[str]:
    """Return the keys of a mapping."""
    return list(need_mapping(mapping))


@function
def values(mapping: dict[str, Value]) -> list[Value]:
    """Return the values of a mapping."""
    return list(need_mapping(mapping).values())


@function
def merge(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    """Return two mappings as one; where both have a key, the second counts."""
    return {**need_mapping(one), **need_mapping(other)}


@function
def all_(items: list[Value]) -> bool:
    """Return whether every item of a list is true."""
    return all(need_list(items))


@function
def any_(items: list[Value]) -> bool:
    """Return whether any item of a list is true."""
    return any(need_list(items))


@function
def type_(value: Value) -> str:
    """Return what a value is: null, boolean, number, int64, string, bytes, array or object."""
    if value is None:
        return "null"
    names = {bool: "boolean", Int64: "int64", str: "string", bytes: "bytes", list: "array", dict: "object"}
    return names.get(type(value), "number")


@function_in_context
def range_(context: Context, start: Value, stop: Value = None, step: Value = 1) -> list[int]:
    """Return the whole numbers from 0, or `start`, up to but not including `stop`."""
    first, last = (0, start) if stop is None else (start, stop)
    width = whole(step, "the step")
    if width == 0:
        raise EvaluationError("the step is zero")
    numbers = range(whole(first, "the start"), whole(last, "the end"), width)
    check_items(len(numbers))
    context.budget.spend(len(numbers))
    return list(numbers)


@function_in_context
def sorted_(context: Context, items: list[Value], by: str | None = None, *, reverse: Value = False) -> list[Value]:
    """Return the items of a list in order, of mappings by one of their keys."""
    if by is not None:
        need_text(by)

    def key(each: Value) -> Value:
        return each.get(by) if by is not None and isinstance(each, dict) else each

    def compare(one: Value, other: Value) -> int:
        return -1 if less(key(one), key(other)) else 1 if less(key(other), key(one)) else 0

    context.budget.spend(len(need_list(items)) * 4)
    return sorted(items, key=cmp_to_key(compare), reverse=bool(reverse))


@function_in_context
def unique(context: Context, items: list[Value]) -> list[Value]:
    """Return the items of a list, each only once."""
    kept: list[Value] = []
    for each in need_list(items):
        context.budget.spend(len(kept) + 1)
        if not any(equal(each, other) for other in kept):
            kept.append(each)
    return kept
