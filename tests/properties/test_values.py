"""Values, ids and durations: whatever they are, they come back as they went."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emulator.model.constant import Constant
from emulator.model.rule import Result
from emulator.model.scenario import Scenario
from emulator.scenario.link import Linker
from emulator.scenario.parse import parse
from emulator.scenario.source import Source
from emulator.values.convex import Int64, InvalidValueError, Value, is_same
from emulator.values.display import display, inspect, javascript_json, javascript_number, spell
from emulator.values.durations import MAX_DURATION, MILLISECOND, InvalidDurationError, format_duration, parse_duration
from emulator.values.formats import Format, Json, decode, encode
from emulator.values.ids import InvalidIdError, decode_id, encode_id
from emulator.values.paths import InvalidPathError, parse_path
from tests.support.values import identical, json_trees, values

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ids = st.builds(encode_id, st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16))


def through_json(tree: Json) -> Any:
    """Send a tree over the wire."""
    return orjson.loads(orjson.dumps(tree))


def linked(text: str) -> tuple[Scenario | None, list[str]]:
    """Read a scenario file as the emulator does."""
    tree, problems = parse(Source("a.yaml", text))
    scenario = None
    if tree is not None:
        scenario, more = Linker().link("a", tree, None)
        problems += more
    return scenario, [each.message for each in problems]


@given(values)
def test_any_value_comes_back_through_encoded_json(value: Value) -> None:
    assert identical(decode(through_json(encode(value, Format.ENCODED))), value)


@given(values)
def test_any_value_comes_back_through_export_json(value: Value) -> None:
    assert identical(decode(through_json(encode(value, Format.EXPORT)), Format.EXPORT), value)


@given(values)
def test_clean_json_is_json_without_wrappers_and_encodes_to_itself(value: Value) -> None:
    clean = encode(value, Format.CLEAN)
    text = json.dumps(clean, allow_nan=False)

    for wrapper in ("$integer", "$float", "$bytes"):
        assert f'{{"{wrapper}":' not in text
    assert identical(encode(decode(clean, Format.CLEAN), Format.CLEAN), clean)


@given(values)
def test_every_whole_float_is_written_with_a_point(value: Value) -> None:
    def check(tree: Json) -> None:
        assert type(tree) is not int
        for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
            check(each)

    check(through_json(encode(value, Format.ENCODED)))
    check(through_json(encode(value, Format.CLEAN)))


@settings(max_examples=400)
@given(json_trees, st.sampled_from(Format))
def test_any_json_is_a_value_or_refused_with_a_reason(tree: Json, form: Format) -> None:
    try:
        value = decode(tree, form)
    except InvalidValueError:
        return
    assert identical(decode(encode(value, Format.ENCODED)), value)


@given(values, values)
def test_sameness_is_that_of_the_encoded_form_but_for_the_sign_of_zero(one: Value, other: Value) -> None:
    def form(value: Value) -> str:
        zero = '{"$float": "AAAAAAAAAIA="}'
        return json.dumps(encode(value, Format.ENCODED), sort_keys=True).replace(zero, "0.0")

    assert is_same(one, one)
    assert is_same(one, other) == (form(one) == form(other))
    assert is_same(one, decode(through_json(encode(one, Format.ENCODED))))


@given(values)
def test_a_spelled_value_is_read_back_by_the_scenario_reader_as_the_same_result(value: Value) -> None:
    scenario, problems = linked(f"functions:\n  a:b:\n    result: {spell(value)}\n")

    assert problems == []
    assert scenario is not None
    (rule,) = scenario.functions["a:b"].script.rules
    assert isinstance(rule.outcome, Result)
    assert isinstance(rule.outcome.value, Constant)
    assert identical(rule.outcome.value.value, value)


@given(values)
def test_every_value_can_be_shown(value: Value) -> None:
    assert display(value)
    assert inspect(value)
    json.loads(javascript_json(value))


@settings(max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_as_javascript_does_is_the_same_number(number: float) -> None:
    assert identical(float(javascript_number(number)), number)


@given(st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16))
def test_any_id_comes_back(number: int, internal: bytes) -> None:
    assert decode_id(encode_id(number, internal)) == (number, internal)


@settings(max_examples=400)
@given(ids, st.data())
def test_one_changed_character_makes_no_id_or_another(text: str, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.one_of(st.sampled_from(ALPHABET), st.characters(codec="utf-8")))
    assume(character != text[index])

    changed = text[:index] + character + text[index + 1 :]

    try:
        decoded = decode_id(changed)
    except InvalidIdError:
        return
    assert decoded != decode_id(text)


@settings(max_examples=400)
@given(st.one_of(st.text(), st.text(ALPHABET, min_size=28, max_size=40)))
def test_any_text_is_an_id_or_refused(text: str) -> None:
    try:
        number, internal = decode_id(text)
    except InvalidIdError:
        return
    assert encode_id(number, internal) == text


@given(st.text("abz_/.:-jsé $", max_size=20))
def test_any_text_is_a_path_whose_spellings_all_mean_it_or_refused(text: str) -> None:
    try:
        path = parse_path(text)
    except InvalidPathError:
        return
    assert {parse_path(each) for each in path.spellings} == {path}
    assert parse_path(path.public) == path


@given(st.integers(0, MAX_DURATION // MILLISECOND))
def test_any_duration_to_the_millisecond_comes_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds * MILLISECOND)) == milliseconds * MILLISECOND


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=50), st.text("0123456789.dhms", max_size=50)))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        nanoseconds = parse_duration(text)
    except InvalidDurationError:
        return
    assert 0 <= nanoseconds <= MAX_DURATION
    assert text.isascii()


@given(st.integers(-(2**70), 2**70))
def test_an_int64_is_a_64_bit_integer_or_refused(number: int) -> None:
    if -(2**63) <= number < 2**63:
        assert identical(decode(through_json(encode(Int64(number), Format.ENCODED))), Int64(number))
    else:
        try:
            Int64(number)
        except InvalidValueError:
            return
        raise AssertionError(f"{number} was taken")
