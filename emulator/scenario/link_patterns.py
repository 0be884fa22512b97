"""Conditions of the written form to patterns: what compares partially, and the operators."""

from __future__ import annotations

import re
from collections.abc import Callable

from emulator.model.computed import Computed
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
from emulator.model.place import Place
from emulator.scenario.link_values import WRAPPERS, ValueReader
from emulator.scenario.problem import did_you_mean
from emulator.scenario.tree import Mapping, Sequence, Tree, kind_of, shown
from emulator.values.convex import MAX_NESTING

TYPES = ("null", "boolean", "number", "int64", "string", "bytes", "array", "object")
OPERATORS = (
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$regex"),
    *("$contains", "$exists", "$type", "$any", "$all", "$not"),
)
_ORDERS = {
    "$gt": Order.GREATER,
    "$gte": Order.GREATER_OR_EQUAL,
    "$lt": Order.LESS,
    "$lte": Order.LESS_OR_EQUAL,
}
_NOTHING = Equals(None)


class PatternReader:
    """Reads patterns out of a tree; problems go to the reader of values it was made with."""

    def __init__(self, values: ValueReader) -> None:
        """Read values with `values`."""
        self._values = values

    def pattern(self, tree: Tree, place: Place, depth: int = 0) -> Pattern:
        """Return the condition a tree writes; where it writes none, note the problem and return any."""
        if depth > MAX_NESTING:
            self._values.note(place, "too-deep", f"nested more than {MAX_NESTING} levels deep")
            return _NOTHING
        if isinstance(tree, Sequence):
            items = enumerate(tree)
            return Items(tuple(self.pattern(each, tree.item_place(index), depth + 1) for index, each in items))
        if not isinstance(tree, Mapping) or (len(tree) == 1 and next(iter(tree)) in WRAPPERS):
            return self._equals(tree, place)
        operators = [key for key in tree if key.startswith("$")]
        if not operators:
            fields = [(each.key, self.pattern(each.value, each.value_place, depth + 1)) for each in tree.entries()]
            return Fields(tuple(fields))
        if len(operators) < len(tree):
            odd = next(key for key in tree if not key.startswith("$"))
            hint = "write the operators inside of the field they are about"
            message = f"the field {odd} stands beside the operator {operators[0]}"
            self._values.note(tree.key_place(odd), "outcome-conflict", message, hint=hint)
            return _NOTHING
        patterns = tuple(self._operator(key, tree, depth) for key in operators)
        return patterns[0] if len(patterns) == 1 else AllOf(patterns)

    def _operator(self, key: str, tree: Mapping, depth: int) -> Pattern:
        operand, place = tree[key], tree.value_place(key)
        readers: dict[str, Callable[[Tree, Place], Pattern]] = {
            "$eq": self._equals,
            "$ne": lambda operand, place: Not(self._equals(operand, place)),
            "$in": lambda operand, place: self._several(key, operand, place),
            "$nin": lambda operand, place: Not(self._several(key, operand, place)),
            "$regex": self._regex,
            "$exists": self._exists,
            "$type": self._type,
            "$contains": lambda operand, place: Contains(self.pattern(operand, place, depth + 1)),
            "$not": lambda operand, place: Not(self.pattern(operand, place, depth + 1)),
            "$any": lambda operand, place: AnyOf(self._alternatives(key, operand, place, depth)),
            "$all": lambda operand, place: AllOf(self._alternatives(key, operand, place, depth)),
        }
        if key in _ORDERS:
            return self._order(key, operand, place)
        if key not in readers:
            hint = did_you_mean(key, OPERATORS)
            expected = f"one of: {', '.join(OPERATORS)}"
            self._values.note(tree.key_place(key), "unknown-operator", f"there is no operator {key}", expected, hint)
            return _NOTHING
        return readers[key](operand, place)

    def _equals(self, operand: Tree, place: Place) -> Pattern:
        written = self._values.written(operand, place)
        return Later(written) if isinstance(written, Computed) else Equals(written.value)

    def _order(self, key: str, operand: Tree, place: Place) -> Pattern:
        written = self._values.written(operand, place)
        if isinstance(written, Computed):
            return Later(written, _ORDERS[key])
        value = written.value
        if isinstance(value, bool) or not isinstance(value, float | int | str):
            self._wrong(key, operand, place, "a number or a text")
        elif value != value:  # noqa: PLR0124 - only NaN is not itself
            message = f"{key}: nothing is more or less than .nan"
            self._values.note(place, "bad-condition", message, "a number or a text", "write {$eq: .nan}")
        return Compares(_ORDERS[key], value)

    def _several(self, key: str, operand: Tree, place: Place) -> Pattern:
        written = self._values.written(operand, place)
        if isinstance(written, Computed):
            return Later(written, is_choice=True)
        if not isinstance(written.value, list):
            self._wrong(key, operand, place, "a list of values")
            return _NOTHING
        return OneOf(tuple(written.value))

    def _alternatives(self, key: str, operand: Tree, place: Place, depth: int) -> tuple[Pattern, ...]:
        if not isinstance(operand, Sequence):
            self._wrong(key, operand, place, "a list of conditions")
            return ()
        items = enumerate(operand)
        return tuple(self.pattern(each, operand.item_place(index), depth + 1) for index, each in items)

    def _regex(self, operand: Tree, place: Place) -> Pattern:
        if not isinstance(operand, str):
            self._wrong("$regex", operand, place, "a regular expression")
            return _NOTHING
        try:
            return Matches(re.compile(operand))
        except (re.error, RecursionError, OverflowError) as error:
            self._values.note(place, "bad-regex", f"$regex: {error}", "a regular expression in Python's form")
            return _NOTHING

    def _exists(self, operand: Tree, place: Place) -> Pattern:
        if not isinstance(operand, bool):
            self._wrong("$exists", operand, place, "true or false")
        return Exists(operand is True)

    def _type(self, operand: Tree, place: Place) -> Pattern:
        name = "null" if operand is None else operand
        if name not in TYPES:
            hint = did_you_mean(str(name), TYPES)
            self._values.note(place, "unknown-choice", f"$type: {shown(name)}", f"one of: {', '.join(TYPES)}", hint)
        return IsType(str(name))

    def _wrong(self, key: str, operand: Tree, place: Place, wanted: str) -> None:
        self._values.note(place, "wrong-type", f"{key}: {kind_of(operand)}", wanted)
