"""Patterns match exactly where there is no difference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.engine import patterns
from emulator.engine.patterns import MISSING, differences, matches
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
    Not,
    OneOf,
    Order,
    Pattern,
)
from emulator.values.convex import Int64, Value

scalars: st.SearchStrategy[Value] = st.sampled_from([None, True, 0.0, 1.0, Int64(1), "a", "ab", b"a"])
names = st.sampled_from("ab")
values: st.SearchStrategy[Value] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2), max_leaves=5
)
leaves: st.SearchStrategy[Pattern] = st.one_of(
    st.builds(Equals, values),
    st.builds(OneOf, st.lists(values, max_size=3).map(tuple)),
    st.builds(Compares, st.sampled_from(Order), scalars),
    st.builds(Exists, st.booleans()),
    st.builds(IsType, st.sampled_from(["null", "number", "string", "array", "object"])),
)


def _deeper(inner: st.SearchStrategy[Pattern]) -> st.SearchStrategy[Pattern]:
    several = st.lists(inner, max_size=2).map(tuple)
    fields = st.dictionaries(names, inner, max_size=2).map(lambda each: tuple(each.items()))
    return st.one_of(
        st.builds(Fields, fields),
        st.builds(Items, several),
        st.builds(AnyOf, several),
        st.builds(AllOf, several),
        st.builds(Not, inner),
        st.builds(Contains, inner),
    )


any_pattern: st.SearchStrategy[Pattern] = st.recursive(leaves, _deeper, max_leaves=6)


@given(pattern=any_pattern, value=values | st.just(MISSING))
def test_a_pattern_matches_exactly_where_there_is_no_difference(pattern: Pattern, value: Value) -> None:
    assert matches(pattern, value) == (list(differences(pattern, value, "")) == [])


@given(pattern=any_pattern, value=values)
def test_to_match_writes_no_text(pattern: Pattern, value: Value) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns, "shown", None)
        patch.setattr(patterns, "describe", None)
        matches(pattern, value)
