"""Values inside of texts, and values as Convex has them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from emulator.expressions.budget import LONG_TEXT, Count, check_spread, check_text
from emulator.expressions.operators import MISSING, kind_of
from emulator.values.convex import (
    MAX_NESTING,
    Int64,
    InvalidValueError,
    Value,
    check_array_length,
    check_field_count,
    check_field_name,
    check_nesting,
)
from emulator.values.display import javascript_number

_SAME = frozenset({float, bool, type(None), Int64, bytes})
_MAX_NAMES = 4_096


def text_of(value: Any) -> str:  # noqa: ANN401 - a value or a plain number
    """Return a value as it looks inside of a text: as JavaScript's template literals do, lists and mappings as JSON."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return javascript_number(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, bytes):
        return b64encode(value).decode()
    check_spread(value)
    return json.dumps(json_tree(value), ensure_ascii=False)


def json_tree(value: Any) -> Any:  # noqa: ANN401 - likewise; a JSON tree
    """Return a value as a JSON tree for people: whole numbers without a point."""
    if isinstance(value, dict):
        return {key: json_tree(each) for key, each in value.items()}
    if isinstance(value, list):
        return [json_tree(each) for each in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return int(value) if isinstance(value, Int64) else value


def join_texts(*parts: Any) -> str:  # noqa: ANN401 - values or plain numbers
    """Return the text that literal pieces and values make together."""
    texts = []
    length = 0
    for each in parts:
        text = each if type(each) is str else text_of(each)
        length += len(text)
        texts.append(text)
    check_text(length)
    joined = "".join(texts)
    if not joined.isascii():
        _check_characters(joined)
    return joined


def as_convex(value: Any, depth: int = 1, count: Count | None = None) -> Value:  # noqa: ANN401 - a value or a plain number
    """Return what an expression gave as a Convex value: plain whole numbers are Float64, what is missing is null.

    Raises InvalidValueError for what Convex cannot hold, BudgetError for too much of it; `depth` is how deep the value
    stands, `count` counts what it is a part of.
    """
    kind = type(value)
    if kind is str:
        if count is not None:
            count.add_text(value)
        if not value.isascii():
            _check_characters(value)
        return value  # type: ignore[no-any-return]  # by the exact type
    if kind in _SAME:
        return value  # type: ignore[no-any-return]  # likewise
    if kind is int:
        return float(value)
    if kind is dict:
        return _mapping_as_convex(value, depth, count or Count())
    if kind is list:
        check_nesting(depth)
        check_array_length(len(value))
        count = count or Count()
        count.add(len(value))
        return [each if type(each) in _SAME else as_convex(each, depth + 1, count) for each in value]
    return None if value is MISSING else value


def _mapping_as_convex(mapping: dict[str, Any], depth: int, count: Count) -> dict[str, Value]:
    """Return a mapping of Convex values: most are that already, and stay what they are."""
    if depth > MAX_NESTING:
        check_nesting(depth)
    check_field_count(len(mapping))
    count.add(len(mapping))
    if not mapping.keys() <= _sound_names:
        _check_names(mapping)
    changed = {}
    for name, each in mapping.items():
        if type(each) not in _SAME and not (type(each) is str and len(each) <= LONG_TEXT and each.isascii()):
            value = as_convex(each, depth + 1, count)
            if value is not each:
                changed[name] = value
    return {**mapping, **changed} if changed else mapping


_sound_names: set[str] = set()


def _check_names(names: Iterable[object]) -> None:
    """Raise InvalidValueError for a name that no field may have; remember the others, so that one look finds them."""
    for name in names:
        if not isinstance(name, str):
            raise InvalidValueError(f"a mapping's keys are texts, not {kind_of(name)}")
        check_field_name(name)
        if len(_sound_names) < _MAX_NAMES:
            _sound_names.add(name)


def _check_characters(text: str) -> None:
    """Raise InvalidValueError for a text that nothing can carry."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidValueError("a text has half a surrogate pair in it") from error
