"""Shapes of values: what each looks like, and what fits several of them."""

from __future__ import annotations

import json
import math
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.values.convex import MAX_OBJECT_FIELDS, Int64, Value
from emulator.values.ids import encode_id
from emulator.values.shapes import Plain, RecordShape, joined, shape_of, shape_of_validator, write_shape
from emulator.values.validators.json_form import read_validator
from tests.support import values as drawn

USER = encode_id(10001, bytes(16))
POST = encode_id(10002, bytes(16))
STRANGER = encode_id(10009, bytes(16))
TABLES = {10001: "users", 10002: "posts"}


def shape_json(*values: Value) -> Any:
    return write_shape(joined(shape_of(each, TABLES.get) for each in values))


FLOAT = {"type": "Float64", "float64Range": {"hasSpecialValues": False}}
SPECIAL = {"type": "Float64", "float64Range": {"hasSpecialValues": True}}
STRING = {"type": "String"}
NULL = {"type": "Null"}


def field(name: str, shape: Any, *, optional: bool = False) -> Any:
    return {"fieldName": name, "optional": optional, "shape": shape}


CASES: list[tuple[list[Value], Any]] = [
    ([], {"type": "Never"}),
    ([None], NULL),
    ([True], {"type": "Boolean"}),
    ([Int64(1)], {"type": "Int64"}),
    ([b"x"], {"type": "Bytes"}),
    (["x"], STRING),
    ([1.5, 2.0], FLOAT),
    ([1.5, math.nan], SPECIAL),
    ([-0.0], SPECIAL),
    ([math.inf], SPECIAL),
    ([USER], {"type": "Id", "tableName": "users"}),
    ([STRANGER], STRING),
    ([USER[:-2] + "z0"], STRING),
    ([USER, "x"], STRING),
    ([[]], {"type": "Array", "shape": {"type": "Never"}}),
    ([[], ["x"]], {"type": "Array", "shape": STRING}),
    ([["x", None]], {"type": "Array", "shape": {"type": "Union", "shapes": [NULL, STRING]}}),
    ([USER, POST, None], {"type": "Union", "shapes": [
        {"type": "Id", "tableName": "posts"}, {"type": "Id", "tableName": "users"}, NULL,
    ]}),
    ([{"b": 1.0, "a": "x"}, {"b": None}], {"type": "Object", "fields": [
        field("a", STRING, optional=True),
        field("b", {"type": "Union", "shapes": [FLOAT, NULL]}),
    ]}),
    ([{}], {"type": "Object", "fields": []}),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), CASES, ids=[str(each) for each, _ in CASES])
def test_what_fits_values_is_their_shape_in_whatever_order_they_come(values: list[Value], expected: Any) -> None:
    assert {json.dumps(shape_json(*order), sort_keys=True) for order in permutations(values)} == {
        json.dumps(expected, sort_keys=True)
    }


def test_more_names_than_an_object_may_have_are_a_record() -> None:
    many: list[Value] = [{f"n{number}": 1.0} for number in range(MAX_OBJECT_FIELDS + 1)]

    shape = joined(shape_of(each, TABLES.get) for each in many)

    assert shape == RecordShape(Plain.STRING, Plain.FLOAT64)
    assert write_shape(shape) == {
        "type": "Record",
        "keyShape": STRING,
        "valueShape": {"optional": False, "shape": FLOAT},
    }


VALIDATORS: list[tuple[Any, Any]] = [
    ({"type": "any"}, {"type": "Unknown"}),
    ({"type": "number"}, FLOAT),
    ({"type": "bigint"}, {"type": "Int64"}),
    ({"type": "id", "tableName": "users"}, {"type": "Id", "tableName": "users"}),
    ({"type": "literal", "value": "a"}, STRING),
    ({"type": "literal", "value": {"$integer": "AQAAAAAAAAA="}}, {"type": "Int64"}),
    ({"type": "array", "value": {"type": "null"}}, {"type": "Array", "shape": NULL}),
    (
        {"type": "union", "value": [{"type": "literal", "value": "a"}, {"type": "string"}, {"type": "null"}]},
        {"type": "Union", "shapes": [NULL, STRING]},
    ),
    ({"type": "union", "value": []}, {"type": "Never"}),
    ({"type": "union", "value": [{"type": "any"}, {"type": "null"}]}, {"type": "Unknown"}),
    (
        {"type": "object", "value": {"z": {"fieldType": {"type": "bytes"}, "optional": True}}},
        {"type": "Object", "fields": [field("z", {"type": "Bytes"}, optional=True)]},
    ),
    (
        {
            "type": "record",
            "keys": {"type": "string"},
            "values": {"fieldType": {"type": "boolean"}, "optional": False},
        },
        {
            "type": "Record",
            "keyShape": STRING,
            "valueShape": {"optional": False, "shape": {"type": "Boolean"}},
        },
    ),
]


@pytest.mark.parametrize(("validator", "expected"), VALIDATORS)
def test_a_validator_has_the_shape_of_what_it_accepts(validator: Any, expected: Any) -> None:
    assert write_shape(shape_of_validator(read_validator(validator))) == expected


@given(st.lists(drawn.values, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_joining_changes_nothing_and_joining_again_neither(values: list[Value], randoms: Any) -> None:
    shapes = [shape_of(each, TABLES.get) for each in values]
    whole = joined(shapes)
    randoms.shuffle(shapes)
    middle = len(shapes) // 2

    assert joined((joined(shapes[:middle]), joined(shapes[middle:]))) == whole
    assert joined((whole, *shapes)) == whole
