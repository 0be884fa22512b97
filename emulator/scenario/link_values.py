"""Located trees to Convex values and patterns: plain numbers become Float64, `$int64` and `$bytes` write the rest."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from collections.abc import Mapping as AnyMapping
from functools import lru_cache
from typing import Any

from emulator.expressions.compile import Text, TextError, compile_tree, has_texts, read_text
from emulator.expressions.errors import ExpressionError
from emulator.expressions.rewrite import Access
from emulator.expressions.scan import Piece
from emulator.model.computed import FUNCTION_NAMES, Computed
from emulator.model.constant import Constant
from emulator.model.place import Place
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.source import Source
from emulator.scenario.spot import spot
from emulator.scenario.tree import Mapping, Sequence, Tree, kind_of
from emulator.scenario.uses import KIND_OF, Use
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

_MANY_NAMES = 32
_LARGEST_EXACT = 2**53
WRAPPERS = ("$int64", "$bytes")
_WIRE = {"$integer": "$int64", "$float": ".nan or .inf"}


class _NotPlainError(Exception):
    """The tree needs the careful reading that knows places."""


class ValueReader:
    """Reads values and patterns out of a tree, and collects what Convex could not hold."""

    def __init__(self, sources: AnyMapping[str, Source], names: frozenset[str] = FUNCTION_NAMES) -> None:
        """Begin without problems; `sources` are the files that texts are in, for the places inside of them.

        `names` are those that expressions may name; what they use of other sections is gathered in `uses`.
        """
        self._sources = sources
        self.names = names
        self.problems: list[Problem] = []
        self.uses: list[Use] = []
        self._computes = False

    def value(self, tree: Tree, place: Place) -> Value:
        """Return the value a tree writes; where it writes none, note the problem and return null for it."""
        try:
            return _plain(tree, 0)
        except _NotPlainError:
            located: Value = self._located(tree, place, 0)
            return located

    def written(self, tree: Tree, place: Place) -> Constant | Computed:
        """Return what a tree writes, which may have expressions in it."""
        try:
            return Constant(_plain(tree, 0))
        except _NotPlainError:
            pass
        self._computes = True
        located: Any = self._located(tree, place, 0)
        self._computes = False
        return Computed(located, place) if has_texts(located) else Constant(located)

    def spot(self, place: Place, text: str, offset: int) -> Place:
        """Return where a character of a text stands that is written at `place`."""
        return spot(self._sources.get(place.file), place, text, offset)

    def _check_expression(self, piece: Piece, text: str, place: Place) -> None:
        """Compile an expression by itself, so that what is wrong with one hides nothing about another."""
        read = _accesses if len(self.names) < _MANY_NAMES else _accesses.__wrapped__
        found = read(piece.text, self.names)
        if isinstance(found, ExpressionError):
            at = self.spot(place, text, piece.offset + found.offset)
            self.note(at, "bad-expression", str(found), hint=found.hint)
            return
        for name, key, offset in found:
            if name == "tables" and key is None:
                hint = "write tables.NAME for the documents of one"
                at = self.spot(place, text, piece.offset + offset)
                self.note(at, "bad-expression", "tables is no value", hint=hint)
            elif name in KIND_OF:
                self.uses.append(Use(KIND_OF[name], key, self.spot(place, text, piece.offset + offset)))

    def _located(self, tree: Tree, place: Place, depth: int) -> Any:  # noqa: ANN401 - a value, or a tree with `Text`s
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

    def _text(self, text: str, place: Place) -> str | Text:
        try:
            read = read_text(text, place)
        except ExpressionError as error:
            self.note(self.spot(place, text, error.offset), "bad-expression", str(error), hint=error.hint)
            return text
        if isinstance(read, Text) and not self._computes:
            self.note(place, "unsupported", "there are no expressions here", hint="write $${ for the characters ${")
            return text
        for piece in read.pieces if isinstance(read, Text) else ():
            if piece.is_expression:
                self._check_expression(piece, text, place)
        return read

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
            if entry.key in WRAPPERS:
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
        hint = did_you_mean(key, WRAPPERS) or "field names cannot start with $"
        expected = "$int64 or $bytes, alone in its mapping"
        self.note(place, "bad-value", f"{key} is no field name and writes no value", expected, hint)

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


def can_be_mapping(written: Constant | Computed) -> bool:
    """Whether a mapping is written, or something that may turn out to be one."""
    if isinstance(written, Constant):
        return isinstance(written.value, dict)
    return isinstance(written.tree, dict) or is_one_expression(written)


def is_one_expression(computed: Computed) -> bool:
    """Whether something computed is nothing but the value of one expression."""
    return isinstance(computed.tree, Text) and computed.tree.is_one_expression


def kind_of_value(written: Constant | Computed, tree: Tree) -> str:
    """Name the kind of what a tree writes as people call it."""
    value = written.value if isinstance(written, Constant) else None
    return "an Int64" if isinstance(value, Int64) else "bytes" if isinstance(value, bytes) else kind_of(tree)


@lru_cache(maxsize=4096)
def _accesses(expression: str, names: frozenset[str]) -> tuple[Access, ...] | ExpressionError:
    """Return what an expression reads of its names, or what is wrong with it; offsets count from its beginning."""
    try:
        return compile_tree(Text((Piece(expression, 0, is_expression=True),), None), names).accesses
    except TextError as error:
        return error


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
