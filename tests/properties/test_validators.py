"""Validators: whatever they are, they come back as they went, and their two verdicts agree."""

from __future__ import annotations

import pickle
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.values.convex import Value
from emulator.values.formats import Json
from emulator.values.ids import encode_id
from emulator.values.validators.check import fault_of, fits
from emulator.values.validators.display import display_validator
from emulator.values.validators.faults import InvalidValidatorError
from emulator.values.validators.json_form import is_validator_json, read_validator, write_validator
from emulator.values.validators.shorthand import read_field, read_shorthand, spell_field, spell_validator
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    BooleanType,
    BytesType,
    FieldOf,
    IdOf,
    Int64Type,
    Literal,
    NullType,
    NumberType,
    ObjectOf,
    RecordOf,
    StringType,
    UnionOf,
    Validator,
)
from emulator.values.validators.written import read_written, read_written_validator
from tests.support.values import field_names, int64s, json_trees, texts, values

TABLES = {10001: "users", 10002: "posts", 5: "_storage"}

_literals = st.one_of(texts, st.booleans(), int64s, st.floats(allow_nan=False, allow_infinity=False))
_leaves: st.SearchStrategy[Validator] = st.one_of(
    st.sampled_from([AnyType(), NullType(), NumberType(), Int64Type(), BooleanType(), StringType(), BytesType()]),
    st.sampled_from(["users", "posts", "_storage"]).map(IdOf),
    _literals.map(Literal),
)
_keys: st.SearchStrategy[Validator] = st.one_of(
    st.just(StringType()),
    st.just(IdOf("users")),
    st.sampled_from([UnionOf(()), UnionOf((IdOf("posts"),)), UnionOf((StringType(), IdOf("posts")))]),
)


def _deeper(inner: st.SearchStrategy[Validator]) -> st.SearchStrategy[Validator]:
    fields = st.builds(FieldOf, inner, st.booleans())
    return st.one_of(
        inner.map(ArrayOf),
        st.builds(RecordOf, _keys, inner),
        st.dictionaries(field_names, fields, max_size=4).map(lambda each: ObjectOf(tuple(each.items()))),
        st.lists(inner, max_size=3).map(lambda each: UnionOf(tuple(each))),
    )


validators: st.SearchStrategy[Validator] = st.recursive(_leaves, _deeper, max_leaves=10)
ids = st.builds(encode_id, st.sampled_from([*TABLES, 77]), st.binary(min_size=16, max_size=16))


_fitting: dict[type[Validator], st.SearchStrategy[Any]] = {
    AnyType: values,
    NullType: st.none(),
    NumberType: st.floats(),
    Int64Type: int64s,
    BooleanType: st.booleans(),
    StringType: texts,
    BytesType: st.binary(max_size=5),
}


def fitting(validator: Validator) -> st.SearchStrategy[Any]:
    """Values that a validator accepts."""
    match validator:
        case Literal(value):
            return st.just(value)
        case IdOf(table):
            return st.sampled_from([encode_id(number, bytes(16)) for number, name in TABLES.items() if name == table])
        case ArrayOf(item):
            return st.lists(fitting(item), max_size=3)
        case RecordOf():
            return st.just({})
        case ObjectOf(fields):
            needed = {name: fitting(field.validator) for name, field in fields if not field.optional}
            others = {name: fitting(field.validator) for name, field in fields if field.optional}
            return st.fixed_dictionaries(needed, optional=others)
        case UnionOf(members):
            return st.one_of([fitting(member) for member in members])
        case _:
            return _fitting[type(validator)]


def through_json(tree: Json) -> Any:
    """Send a tree over the wire."""
    return orjson.loads(orjson.dumps(tree))


@given(validators)
def test_any_validator_comes_back_through_validator_json(validator: Validator) -> None:
    tree = through_json(write_validator(validator))

    assert is_validator_json(tree)
    assert read_validator(tree) == validator
    assert read_written(tree) == FieldOf(validator)


@given(validators, st.booleans())
def test_any_validator_comes_back_through_its_short_form(validator: Validator, optional: bool) -> None:  # noqa: FBT001
    field = FieldOf(validator, optional)

    assert read_shorthand(spell_validator(validator)) == validator
    assert read_field(spell_field(field)) == field


@given(validators)
def test_any_validator_is_the_same_key_after_a_pickle_and_can_be_shown(validator: Validator) -> None:
    back = pickle.loads(pickle.dumps(validator))  # noqa: S301 - our own bytes

    assert {validator: True}[back]
    assert display_validator(validator).startswith("v.")


@settings(max_examples=400)
@given(validators, st.one_of(values, ids))
def test_a_value_fits_exactly_when_there_is_no_fault(validator: Validator, value: Value) -> None:
    fault = fault_of(validator, value, TABLES.get)

    assert fits(validator, value, TABLES.get) is (fault is None)


@settings(max_examples=400)
@given(validators.filter(lambda each: "v.union()" not in display_validator(each)), st.data())
def test_values_made_for_a_validator_fit(validator: Validator, data: st.DataObject) -> None:
    assert fault_of(validator, data.draw(fitting(validator)), TABLES.get) is None


_pieces = st.sampled_from(
    [
        *("string", "number", "id", "literal", "array", "record", "union", "users", "v.", "true", "3", "-1.5e3", "3n"),
        *"()[]{}|?:,'\"\\ \n",
        *('"a"', "'b'", "[]", "id(users)", "a:", "a?:", "\\u0041", "\\q", "ö"),
    ]
)
_short = st.one_of(st.text(max_size=40), st.lists(_pieces, max_size=30).map("".join))


def read_or_fault(text: str) -> tuple[Validator | None, InvalidValidatorError | None]:
    """Read a short text, or say what is wrong with it."""
    try:
        return read_shorthand(text), None
    except InvalidValidatorError as error:
        return None, error


@settings(max_examples=1000)
@given(_short)
def test_any_text_is_a_validator_or_refused_at_a_place_in_it(text: str) -> None:
    validator, fault = read_or_fault(text)

    if validator is None:
        assert fault is not None
        assert fault.offset is not None
        assert 0 <= fault.offset <= len(text)
    else:
        assert read_shorthand(spell_validator(validator)) == validator
        assert read_validator(write_validator(validator)) == validator


@given(st.sampled_from(["(", "[", "[]", "{a:", "array(", "string|", "'", '"', "\\", " ", "?", "9", "union(("]))
def test_any_text_is_read_quickly_and_without_running_out_of_stack(piece: str) -> None:
    for text in (piece * (4000 // len(piece)), "string" + piece * (3990 // len(piece)), f"literal({piece * 1000}n)"):
        assert any(read_or_fault(text))


def _written(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(["type", "value", "keys", "values", "tableName", "fieldType", "optional", "a", "a?", "$"])
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4))


_kinds = st.sampled_from([*("string", "any", "object", "union", "record", "array", "literal", "id", "map"), "number?"])
written_trees = st.one_of(json_trees, st.recursive(st.one_of(_kinds, st.none(), st.booleans()), _written, max_leaves=8))


@settings(max_examples=400)
@given(written_trees)
def test_any_tree_is_a_validator_or_refused_at_a_place_in_it(tree: Any) -> None:
    for read in (read_validator, read_written, read_written_validator):
        node = tree
        try:
            read(tree)
        except InvalidValidatorError as error:
            for step in error.steps:
                node = node[step]
