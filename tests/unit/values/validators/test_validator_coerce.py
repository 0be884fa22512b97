"""Whole numbers written plainly become Int64 where a validator wants Int64 and takes no Float64."""

from __future__ import annotations

import math

import pytest

from emulator.values.convex import Int64, Value
from emulator.values.validators.coerce import coerced
from emulator.values.validators.shorthand import read_shorthand

INT = "int64"


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        (INT, 1.0, Int64(1)),
        (INT, -0.0, Int64(0)),
        (INT, -(2.0**63), Int64(-(2**63))),
        (INT, 2.0**63, 2.0**63),
        (INT, 1.5, 1.5),
        (INT, math.inf, math.inf),
        (INT, "1", "1"),
        (INT, True, True),
        (INT, None, None),
        (INT, Int64(3), Int64(3)),
        ("number", 1.0, 1.0),
        ("any", 1.0, 1.0),
        ("int64[]", [1.0, 1.5, "x", Int64(2)], [Int64(1), 1.5, "x", Int64(2)]),
        ("int64[][]", [[1.0], 1.0], [[Int64(1)], 1.0]),
        ("record(string, int64)", {"a": 1.0, "b": "x"}, {"a": Int64(1), "b": "x"}),
        ("{n: int64, m: number, o: int64?}", {"n": 1.0, "m": 1.0}, {"n": Int64(1), "m": 1.0}),
        ("{n: int64, o: int64?}", {"n": 1.0, "o": 2.0, "x": 3.0}, {"n": Int64(1), "o": Int64(2), "x": 3.0}),
        ("{n: {k: int64}}", {"n": {"k": 1.0}}, {"n": {"k": Int64(1)}}),
        ("{n: int64}", [1.0], [1.0]),
        ("int64 | string", 1.0, Int64(1)),
        ("string | int64", 1.0, Int64(1)),
        ("number | int64", 1.0, 1.0),
        ("int64 | number", 1.0, Int64(1)),
        ("int64 | number", 1.5, 1.5),
        ("int64 | null", None, None),
        ("int64 | string", True, True),
        ("int64[] | number[]", [1.0, 2.5], [1.0, 2.5]),
        ("int64[] | number[]", [1.0, 2.0], [Int64(1), Int64(2)]),
        ("{a: int64} | {a: number, b: int64}", {"a": 1.0, "b": 1.0}, {"a": 1.0, "b": Int64(1)}),
    ],
)
def test_numbers_become_what_the_validator_wants(written: str, value: Value, expected: Value) -> None:
    found = coerced(read_shorthand(written), value)

    assert repr(found) == repr(expected)


def test_what_needs_no_change_is_not_copied() -> None:
    value: dict[str, Value] = {"a": [1.0, {"b": "c"}]}

    assert coerced(read_shorthand("{a: any}"), value) is value


def test_the_value_itself_is_left_as_it_was() -> None:
    value: dict[str, Value] = {"a": [1.0]}

    assert coerced(read_shorthand("{a: int64[]}"), value) == {"a": [Int64(1)]}
    assert repr(value) == "{'a': [1.0]}"
