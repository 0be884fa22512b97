from __future__ import annotations

import math
from typing import Any

import pytest

from emulator.expressions.compile import compile_tree, evaluate, read_text
from emulator.expressions.context import Context
from emulator.expressions.errors import BudgetError
from emulator.expressions.text import as_convex, join_texts
from emulator.values.convex import MAX_NESTING, Int64, InvalidValueError

MANY_KEYS = {f"key{number}": 1.0 for number in range(1_025)}


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_plain_whole_numbers_become_floats_at_every_depth() -> None:
    value: Any = as_convex({"a": [1, True, Int64(1), {"b": 2}], "c": None, "d": b"x", "e": "e"})

    assert value == {"a": [1.0, True, Int64(1), {"b": 2.0}], "c": None, "d": b"x", "e": "e"}
    assert [type(each) for each in value["a"]] == [float, bool, Int64, dict]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"$a": 1.0}, "starts with '\\$'"),
        ([{"fine": {"no\nname": 1.0}}], "invalid character"),
        ({1: 1.0}, "keys are texts, not a number"),
        ({None: 1.0}, "keys are texts, not null"),
        ("\ud800", "surrogate"),
        (["\ud800"], "surrogate"),
        (nested(MAX_NESTING + 1), "too nested"),
        (MANY_KEYS, "too many fields"),
        ([0.0] * 8_193, "too long"),
    ],
)
def test_what_convex_cannot_hold_is_refused_every_time(value: Any, message: str) -> None:
    for _ in range(2):
        with pytest.raises(InvalidValueError, match=message):
            as_convex(value)


def test_names_of_fields_are_known_the_second_time() -> None:
    assert as_convex({"title": 1}) == as_convex({"title": 1.0}) == {"title": 1.0}


def test_keys_that_an_expression_computes_must_be_texts() -> None:
    compiled = compile_tree(read_text("${{number: true for number in [1, 2]}}", None), ())

    with pytest.raises(InvalidValueError, match="keys are texts"):
        evaluate(compiled, {}, Context("", 0))


def test_pieces_of_a_text_are_put_in_as_javascript_shows_them() -> None:
    assert join_texts("a", 1.0, "-", 0.5, None, [1.0], math.nan) == "a1-0.5null[1]NaN"


def test_a_text_too_long_is_not_made() -> None:
    with pytest.raises(BudgetError, match="1500000 characters"):
        join_texts("x" * 750_000, "y" * 750_000)


def test_a_mapping_that_needs_no_change_is_not_copied_and_none_is_changed_in_place() -> None:
    inner: dict[str, Any] = {"b": 1, "c": "텍스트"}
    mapping = {"a": inner, "d": "d"}
    sound = {"a": {"b": 1.0, "c": "텍스트"}, "d": None}

    assert as_convex(mapping) == {"a": {"b": 1.0, "c": "텍스트"}, "d": "d"}
    assert type(inner["b"]) is int
    assert list(as_convex(mapping)) == ["a", "d"]  # type: ignore[arg-type]
    assert as_convex(sound) is sound
