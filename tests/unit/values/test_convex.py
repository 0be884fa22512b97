"""The rules every value keeps: names, sizes, nesting, equality (contract convex §2.2, §16)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from emulator.values.convex import (
    Int64,
    InvalidValueError,
    Value,
    check_array_length,
    check_field_count,
    check_field_name,
    check_identifier,
    check_nesting,
    is_same,
)
from emulator.values.formats import decode


def nested_array(depth: int) -> Any:
    tree: Any = 1.0
    for _ in range(depth):
        tree = [tree]
    return tree


def nested_object(depth: int) -> Any:
    tree: Any = 1.0
    for _ in range(depth):
        tree = {"a": tree}
    return tree


@pytest.mark.parametrize("name", ["a", "", "_id", "a b", "a-b", "a.b", "A$", "{}", "'", '"', "~", " ", "1", "a" * 1024])
def test_a_field_name_may_be_any_printable_ascii(name: str) -> None:
    check_field_name(name)

    assert decode({name: 1.0}) == {name: 1.0}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("$a", r"^Field name \$a starts with '\$', which is reserved\.$"),
        ("$", r"^Field name \$ starts with '\$', which is reserved\.$"),
        ("a" * 1025, r"^Field name is too long \(1025 > maximum 1024\): a{20}\.\.\.$"),
        ("é", "^Field name é has invalid character 'é': Field names can only contain non-control ASCII characters$"),
        ("a\nb", r"invalid character '\\n': Field names can only contain non-control ASCII characters$"),
        ("a\x7f", r"invalid character '\\x7f': Field names can only"),
        ("안녕", "invalid character '안': Field names can only"),
    ],
    ids=lambda text: text[:12],
)
def test_any_other_field_name_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        check_field_name(name)
    with pytest.raises(InvalidValueError, match=reason):
        decode({name: 1.0, "other": 2.0})


def test_an_array_may_have_8192_elements_and_no_more() -> None:
    check_array_length(8192)
    assert len(decode([0.0] * 8192)) == 8192  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match=r"^Array length is too long \(8193 > maximum length 8192\)$"):
        check_array_length(8193)
    with pytest.raises(InvalidValueError, match="Array length is too long"):
        decode([0.0] * 8193)


def test_an_object_may_have_1024_fields_and_no_more() -> None:
    check_field_count(1024)
    assert len(decode({f"f{n}": n for n in range(1024)})) == 1024  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match=r"^Object has too many fields \(1025 > maximum number 1024\)$"):
        check_field_count(1025)
    with pytest.raises(InvalidValueError, match="Object has too many fields"):
        decode({f"f{n}": n for n in range(1025)})


@pytest.mark.parametrize("nested", [nested_array, nested_object])
def test_a_value_may_be_nested_64_deep_and_no_deeper(nested: Callable[[int], Any]) -> None:
    check_nesting(64)
    assert decode(nested(64)) == nested(64)
    with pytest.raises(InvalidValueError, match=r"^Value is too nested \(maximum nesting 64\)$"):
        check_nesting(65)
    with pytest.raises(InvalidValueError, match="too nested"):
        decode(nested(65))
    with pytest.raises(InvalidValueError, match="too nested"):
        decode(nested(100_000))


@pytest.mark.parametrize("name", ["a", "Z9", "list_all", "a" * 64])
def test_an_identifier_is_letters_digits_and_underscores(name: str) -> None:
    check_identifier(name, "Table name")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Table name '' must start with a letter"),
        ("_a", "must start with a letter"),
        ("1a", "must start with a letter"),
        ("a-b", "contain only letters, digits and underscores"),
        ("é", "must start with a letter"),
        ("a" * 65, r"Table name is too long \(65 > maximum 64\): a{20}\.\.\."),
    ],
    ids=lambda text: text[:12],
)
def test_any_other_identifier_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        check_identifier(name, "Table name")


def test_an_int64_has_64_bits() -> None:
    assert Int64(2**63 - 1) == 2**63 - 1
    assert repr(Int64(-3)) == "Int64(-3)"
    for number in (2**63, -(2**63) - 1):
        with pytest.raises(InvalidValueError, match=f"^{number} does not fit into a 64-bit signed integer$"):
            Int64(number)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, None),
        (True, True),
        (1.0, 1.0),
        (math.nan, math.nan),
        (math.nan, float("nan") * -1),
        (Int64(1), Int64(1)),
        ("a", "a"),
        (b"a", b"a"),
        ([1.0, [math.nan]], [1.0, [math.nan]]),
        ({"a": 1.0, "b": {"c": []}}, {"b": {"c": []}, "a": 1.0}),
    ],
    ids=repr,
)
def test_equal_values_are_the_same(one: Value, other: Value) -> None:
    assert is_same(one, other)
    assert is_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1.0),
        (False, 0.0),
        (True, Int64(1)),
        (False, None),
        (1.0, Int64(1)),
        ("1", 1.0),
        ("a", b"a"),
        ([], {}),
        ([1.0], [1.0, 1.0]),
        ([1.0, 2.0], [2.0, 1.0]),
        ([True], [1.0]),
        ({"a": Int64(1)}, {"a": 1.0}),
        ({"a": None}, {}),
        ({"a": 1.0}, {"b": 1.0}),
        (math.nan, 1.0),
        (math.nan, None),
    ],
    ids=repr,
)
def test_different_values_are_not(one: Value, other: Value) -> None:
    assert not is_same(one, other)
    assert not is_same(other, one)
