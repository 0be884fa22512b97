"""Answers on the wire: the quick way of writing values gives the same bytes as the exact one."""

from __future__ import annotations

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.model.constant import Constant
from emulator.surfaces.convex.codec import write_constant
from emulator.values.convex import Int64, Value
from emulator.values.formats import Format, encode
from tests.support.values import values


@given(values, st.sampled_from(Format))
@example([float("nan"), None], Format.ENCODED)
@example({"zero": -0.0, "text": "-0.0"}, Format.ENCODED)
@example([float("-inf"), "null"], Format.CLEAN)
@example({"b": Int64(-1), "a": b"null"}, Format.EXPORT)
@example([{}, [], "", 1e300, 5e-324, True], Format.CLEAN)
def test_every_value_has_the_bytes_of_its_tree(value: Value, form: Format) -> None:
    exact = orjson.dumps(encode(value, form), option=orjson.OPT_SORT_KEYS)

    assert write_constant(Constant(value), form) == exact
