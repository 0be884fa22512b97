"""Convex values for tests: what counts as the same value, and how to draw any of them."""

from __future__ import annotations

import struct
from base64 import b64encode

from hypothesis import strategies as st

from emulator.values.convex import INT64_MAX, INT64_MIN, Int64, Value
from emulator.values.formats import Json

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def identical(one: object, other: object) -> bool:
    """Whether two values cannot be told apart: types, every NaN, and the sign of a zero."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return (one != one and other != other) or struct.pack("<d", one) == struct.pack("<d", other)  # noqa: PLR0124
    return one == other


_TRICKY = ("${x}", "$${x}", "a${b} ", "null", "1e3", "~", "# no comment", "a: b", "- a", "'", '"', "\\", "\\u0041", " ")
field_names = st.one_of(
    st.text(PRINTABLE, max_size=12), st.sampled_from(_TRICKY), st.sampled_from(_TRICKY).map(lambda text: f"a{text}")
).filter(lambda name: not name.startswith("$"))
texts = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from((*_TRICKY, "\x7f", "\x85", "\u2028", "\r\n")), max_size=3).map("".join),
)
int64s = st.integers(INT64_MIN, INT64_MAX).map(Int64)
leaves: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.floats(), int64s, texts, st.binary(max_size=20)
)


def _deeper(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return st.one_of(st.lists(inner, max_size=4), st.dictionaries(field_names, inner, max_size=4))


values: st.SearchStrategy[Value] = st.recursive(leaves, _deeper, max_leaves=12)
arguments: st.SearchStrategy[dict[str, Value]] = st.dictionaries(field_names, values, max_size=4)

_keys = st.one_of(st.text(max_size=6), st.sampled_from(["$integer", "$float", "$bytes", "$set", "$", "a"]))
_base64 = st.binary(max_size=10).map(lambda raw: b64encode(raw).decode())
_json_leaves: st.SearchStrategy[Json] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(2**1020, 2**1030), st.floats(), st.text(max_size=10), _base64
)


def _deeper_json(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=4))


json_trees: st.SearchStrategy[Json] = st.recursive(_json_leaves, _deeper_json, max_leaves=12)
