"""The order of values: by type, then by value."""

from __future__ import annotations

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from emulator.values.convex import Int64, Value, is_identical
from emulator.values.order import ABSENT, sort_key
from tests.support.values import values

NEGATIVE_NAN: float = struct.unpack(">d", b"\xff\xf8" + bytes(6))[0]
LISTS: list[Value] = [[], [None], [None, None], [Int64(0)], [0.0], [1.0], [[]]]
MAPPINGS: list[Value] = [{}, {"a": 1.0}, {"a": 1.0, "b": 0.0}, {"a": 2.0}, {"b": 0.0}]
IN_ORDER: list[Value] = [
    None,
    *[Int64(-(2**63)), Int64(-1), Int64(0), Int64(2**53), Int64(2**53 + 1), Int64(2**63 - 1)],
    *[-math.inf, -1e308, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, 2.0**53, 1e308, math.inf, math.nan],
    *[False, True],
    *["", "A", "Z", "a", "aa", "b", "z", "é", "가", "\uffff", "\U00010000"],
    *[b"", b"\x00", b"\x00\x00", b"\x01", b"\xff"],
    *LISTS,
    *MAPPINGS,
]


def test_values_are_ordered_by_type_and_then_by_value() -> None:
    for shuffled in (sorted(IN_ORDER, key=repr), IN_ORDER[::-1]):
        assert list(map(repr, sorted(shuffled, key=sort_key))) == list(map(repr, IN_ORDER))


def test_a_field_that_is_not_there_comes_before_every_value() -> None:
    assert all(sort_key(each) > ABSENT for each in IN_ORDER)
    assert sort_key(NEGATIVE_NAN) > ABSENT


def test_a_mapping_is_ordered_by_its_names_however_they_stand() -> None:
    assert sort_key({"a": 1.0, "b": 2.0}) == sort_key({"b": 2.0, "a": 1.0})


@given(st.lists(values, max_size=6))
def test_any_values_have_one_order_whatever_they_are(drawn: list[Value]) -> None:
    keys = sorted(map(sort_key, drawn))

    assert sorted(map(sort_key, reversed(drawn))) == keys


@given(values, values)
def test_values_share_a_place_only_when_nobody_could_tell_them_apart(one: Value, other: Value) -> None:
    if is_identical(one, other):
        assert sort_key(one) == sort_key(other)
    elif sort_key(one) == sort_key(other):
        assert "nan" in repr(one)
