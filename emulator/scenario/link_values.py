"""Located trees to Convex values and patterns: plain numbers become Float64, `$int64` and `$bytes` write the rest."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache

from emulator.model.pattern import Equals, Fields, Items, Pattern
from emulator.model.place import Place
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.tree import Mapping, Sequence, Tree, kind_of
from emulator.values.convex import (
    MAX_ARRAY_LENGTH,
    MAX_NESTING,
    MAX_OBJECT_FIELDS,
    Int64,
    InvalidValueError,
    Value,
    check_array_length,
    check_field_count,
    check_field_name,
    check_nesting,
)

_LARGEST_EXACT = 2**53
_WRAPPERS = ("$int64", "$bytes")
_WIRE = {"$integer": "$int64", "$float": ".nan or .inf"}


class _NotPlainError(Exception):
    """The tree needs the careful reading that knows places."""


class ValueReader:
    """Reads values and patterns out of a tree, and collects what Convex could not hold."""

    def __init__(self) -> None:
        """Begin without problems."""
        self.problems: list[Problem] = []

    def value(self, tree: Tree, place: Place) -> Value:
        """Return the value a tree writes; where it writes none, note the problem and return null for it."""
        try:
            return _plain(tree, 0)
        except _NotPlainError:
            return self._located(tree, place, 0)

    def _located(self, tree: Tree, place: Place, depth: int) -> Value:
        kind = type(tree)
        if kind is str:
            return self._text(str(tree), place)
        if kind is int or kind is float:
            return self._number(tree, place)
        if isinstance(tree, Mapping):
            return self._object(tree, place, depth)
        if isinstance(tree, Sequence):
            self._check(place, check_array_length, len(tree))
            if not self._check(place, check_nesting, depth + 1):
                return None
            return [self._located(each, tree.item_place(index), depth + 1) for index, each in enumerate(tree)]
        return tree

    def pattern(self, tree: Tree, place: Place, depth: int = 0) -> Pattern:
        """Return the condition a tree writes: mappings compare partially, everything else wholly."""
        if not self._check(place, check_nesting, depth):
            return Equals(None)
        if isinstance(tree, Mapping) and not (len(tree) == 1 and next(iter(tree)) in _WRAPPERS):
            fields = []
            for entry in tree.entries():
                self._check_operator(entry.key, entry.key_place)
                fields.append((entry.key, self.pattern(entry.value, entry.value_place, depth + 1)))
            return Fields(tuple(fields))
        if isinstance(tree, Sequence):
            items = enumerate(tree)
            return Items(tuple(self.pattern(each, tree.item_place(index), depth + 1) for index, each in items))
        return Equals(self.value(tree, place))

    def _text(self, text: str, place: Place) -> str:
        if "${" in text.replace("$${", ""):
            message = "expressions, ${…}, are not evaluated in this version"
            self.note(place, "unsupported", message, hint="write $${ for the two characters themselves")
        return text.replace("$${", "${")

    def _number(self, tree: Tree, place: Place) -> float:
        assert isinstance(tree, int | float)
        try:
            number = float(tree)
        except OverflowError:
            hint = "quote it, if it is a text"
            self.note(place, "bad-value", "the number does not fit into a 64-bit floating point number", hint=hint)
            return 0.0
        if isinstance(tree, int) and int(number) != tree:
            message = f"a plain number is a Float64, which holds {int(number)} and not {tree}"
            self.note(place, "bad-value", message, hint=f"write {{$int64: {tree}}}")
        return number

    def _object(self, tree: Mapping, place: Place, depth: int) -> Value:
        if len(tree) == 1:
            (entry,) = tree.entries()
            if entry.key in _WRAPPERS:
                return self._wrapped(entry.key, entry.value, entry.value_place)
        self._check(place, check_field_count, len(tree))
        if not self._check(place, check_nesting, depth + 1):
            return None
        fields: dict[str, Value] = {}
        for key, value, key_place, value_place in tree.entries():
            if key.startswith("$"):
                self._note_dollar(key, key_place)
            else:
                self._check(key_place, check_field_name, key)
            fields[key] = self._located(value, value_place, depth + 1)
        return fields

    def _wrapped(self, key: str, body: Tree, place: Place) -> Value:
        if key == "$int64":
            if type(body) is not int:
                self.note(place, "bad-value", f"$int64: {kind_of(body)}", "a whole number")
                return None
            try:
                return Int64(body)
            except InvalidValueError as error:
                self.note(place, "bad-value", f"$int64: {error}")
                return None
        expected = "bytes in standard base64, such as AQID"
        if not isinstance(body, str):
            self.note(place, "bad-value", f"$bytes: {kind_of(body)}", expected)
            return None
        try:
            return b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            self.note(place, "bad-value", f"$bytes: {body!r} is not base64 ({error})", expected)
            return None

    def _note_dollar(self, key: str, place: Place) -> None:
        if key in _WIRE:
            self.note(place, "bad-value", f"{key} is how values travel", hint=f"write {_WIRE[key]} here")
            return
        hint = did_you_mean(key, _WRAPPERS) or "field names cannot start with $"
        expected = "$int64 or $bytes, alone in its mapping"
        self.note(place, "bad-value", f"{key} is no field name and writes no value", expected, hint)

    def _check_operator(self, key: str, place: Place) -> None:
        if key.startswith("$"):
            self.note(place, "unsupported", f"the operator {key} is not known to this version")

    def _check(self, place: Place, check: Callable[..., None], thing: object) -> bool:
        try:
            check(thing)
        except InvalidValueError as error:
            self.note(place, "bad-value", str(error))
            return False
        return True

    def note(self, place: Place, slug: str, message: str, expected: str | None = None, hint: str | None = None) -> None:
        """Note a problem."""
        self.problems.append(Problem(place, slug, message, expected, hint))


@lru_cache(maxsize=4096)
def _is_plain_name(key: str) -> bool:
    try:
        check_field_name(key)
    except InvalidValueError:
        return False
    return True


def _plain(tree: Tree, depth: int) -> Value:
    """Read what nearly every value is made of, quickly; raise when there is anything to look at twice."""
    kind = type(tree)
    if kind is str:
        if "$" in tree:  # type: ignore[operator]  # a text, by its exact type
            raise _NotPlainError
        return tree  # type: ignore[return-value]
    if kind is Mapping:
        if depth >= MAX_NESTING or len(tree) > MAX_OBJECT_FIELDS or not all(map(_is_plain_name, tree)):  # type: ignore[arg-type]
            raise _NotPlainError
        return {key: _plain(each, depth + 1) for key, each in tree.items()}  # type: ignore[union-attr]
    if kind is Sequence:
        if depth >= MAX_NESTING or len(tree) > MAX_ARRAY_LENGTH:  # type: ignore[arg-type]
            raise _NotPlainError
        return [_plain(each, depth + 1) for each in tree]  # type: ignore[union-attr]
    if kind is int:
        if abs(tree) > _LARGEST_EXACT:  # type: ignore[arg-type]
            raise _NotPlainError
        return float(tree)  # type: ignore[arg-type]
    return tree  # type: ignore[return-value]  # null, true, false and floats
