"""What a validator is: a value, equal by what it accepts, that can be a key and be pickled."""

from __future__ import annotations

import pickle

import pytest

from emulator.values.convex import Int64
from emulator.values.validators.json_form import read_validator
from emulator.values.validators.types import (
    PAGINATION_OPTIONS,
    AnyType,
    ArrayOf,
    BytesType,
    FieldOf,
    IdOf,
    Literal,
    NullType,
    NumberType,
    ObjectOf,
    RecordOf,
    StringType,
    UnionOf,
    Validator,
    accepts_only_keys,
    nesting_of,
)

EVERY: tuple[Validator, ...] = (
    AnyType(),
    NullType(),
    BytesType(),
    Literal("a"),
    Literal(Int64(1)),
    IdOf("users"),
    ArrayOf(StringType()),
    ObjectOf((("a", FieldOf(StringType(), optional=True)),)),
    RecordOf(StringType(), NumberType()),
    UnionOf((StringType(), NullType())),
)


@pytest.mark.parametrize("validator", EVERY, ids=lambda each: type(each).__name__)
def test_a_validator_comes_back_from_a_pickle_as_the_same_key(validator: Validator) -> None:
    back = pickle.loads(pickle.dumps(validator))  # noqa: S301 - our own bytes

    assert back == validator
    assert {validator: 1}[back] == 1


def test_literals_are_equal_when_their_values_cannot_be_told_apart() -> None:
    values = (True, 1.0, Int64(1), "1", 0.0, -0.0, Int64(0), False, "")

    assert len({Literal(value) for value in values}) == len(values)
    assert Literal(float("nan")) == Literal(float("nan"))
    assert Literal("a") != "a"


def test_what_paginated_queries_take_is_the_validator_that_their_specs_have() -> None:
    number = {"fieldType": {"type": "number"}, "optional": True}
    cursor = {"type": "union", "value": [{"type": "string"}, {"type": "null"}]}
    spec = {
        "type": "object",
        "value": {
            "numItems": {"fieldType": {"type": "number"}, "optional": False},
            "cursor": {"fieldType": cursor, "optional": False},
            "endCursor": {"fieldType": cursor, "optional": True},
            "id": number,
            "maximumRowsRead": number,
            "maximumBytesRead": number,
        },
    }

    assert read_validator(spec) == PAGINATION_OPTIONS


@pytest.mark.parametrize(
    ("validator", "levels"),
    [
        (StringType(), 1),
        (ArrayOf(ArrayOf(StringType())), 3),
        (UnionOf(()), 1),
        (UnionOf((StringType(), ArrayOf(StringType()))), 3),
        (ObjectOf((("a", FieldOf(StringType())), ("b", FieldOf(ArrayOf(StringType()))))), 3),
        (RecordOf(StringType(), ArrayOf(AnyType())), 3),
    ],
    ids=str,
)
def test_nesting_counts_the_levels(validator: Validator, levels: int) -> None:
    assert nesting_of(validator) == levels


@pytest.mark.parametrize(
    ("validator", "accepted"),
    [
        (StringType(), True),
        (IdOf("users"), True),
        (UnionOf((StringType(), UnionOf((IdOf("users"),)))), True),
        (UnionOf((StringType(), Literal("a"))), False),
        (Literal("a"), False),
        (AnyType(), False),
        (NumberType(), False),
    ],
    ids=str,
)
def test_records_have_strings_and_ids_for_keys(validator: Validator, accepted: bool) -> None:  # noqa: FBT001 - a row
    assert accepts_only_keys(validator) is accepted
