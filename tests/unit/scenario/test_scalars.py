from __future__ import annotations

import math

import pytest

from emulator.scenario.parse import parse
from emulator.scenario.scalars import Scalar, resolve
from emulator.scenario.source import Source
from emulator.scenario.tree import Tree


def read(text: str) -> Tree:
    """Return what `x:` holds in a file of that one key."""
    tree, problems = parse(Source("x.yaml", f"x: {text}\n"))
    assert not problems
    assert tree is not None
    return tree["x"]


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Yes", "no", "NO", "on", "Off", "y", "n"),
        *("12:30", "1:2:3", "190:20:30", "2024-02-08", "2024-02-08T12:00:00Z"),
        *("1_000", "0b101", "0o8", "0xG", "0x", "0o", "+0x1F", "-0o17", "1e", "e3", ".", "+", "--1", "1.2.3", ".e3"),
        *("tRUE", "nULL", "nil", "None", ".Nan", ".iNF", "+.nan", "nan", "inf", "=", "<<", "a#b"),
        *("٣", "¹", "½"),
    ],
)
def test_words_that_only_look_special_are_texts(text: str) -> None:
    assert resolve(text) == text
    assert read(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(each, True) for each in ("true", "True", "TRUE")],
        *[(each, False) for each in ("false", "False", "FALSE")],
        *[(each, None) for each in ("", "~", "null", "Null", "NULL")],
    ],
)
def test_the_words_of_the_core_schema_mean_what_they_say(text: str, value: Scalar) -> None:
    assert resolve(text) is value
    assert read(text) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("42", 42),
        ("-7", -7),
        ("+7", 7),
        ("010", 10),
        ("-010", -10),
        ("0x1F", 31),
        ("0xff", 255),
        ("0o17", 15),
        ("9" * 400, 10**400 - 1),
    ],
)
def test_whole_numbers_are_read_by_yaml_1_2(text: str, value: int) -> None:
    assert type(resolve(text)) is int
    assert resolve(text) == value
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("-1.5e-3", -0.0015),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("+1.25", 1.25),
        ("0.0", 0.0),
        (".inf", math.inf),
        ("+.Inf", math.inf),
        ("-.INF", -math.inf),
    ],
)
def test_numbers_with_a_point_or_an_exponent_are_floats(text: str, value: float) -> None:
    assert type(resolve(text)) is float
    assert resolve(text) == value
    assert read(text) == value


def test_minus_zero_keeps_its_sign() -> None:
    assert math.copysign(1, read("-0.0")) == -1  # type: ignore[arg-type]  # a float


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number_is_a_float(text: str) -> None:
    value = read(text)
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("word", ["true", "null", "~", "42", "010", "1e3", ".nan", "", "0x1F"])
@pytest.mark.parametrize("form", ["'{}'", '"{}"', "!!str {}", "! {}", "!!str '{}'"])
def test_quotes_and_the_text_tag_make_anything_a_text(word: str, form: str) -> None:
    assert read(form.format(word)) == word


@pytest.mark.parametrize(("text", "value"), [("|\n  12\n", "12\n"), (">-\n  a\n  b\n", "a b")])
def test_block_scalars_are_texts(text: str, value: str) -> None:
    assert read(text) == value


@pytest.mark.parametrize(("text", "value"), [("!!int 12", 12), ("!!float 3", 3.0), ("!!float 3.5", 3.5)])
def test_tags_of_the_core_schema_that_agree_with_the_value_are_taken(text: str, value: float) -> None:
    assert (type(read(text)), read(text)) == (type(value), value)


@pytest.mark.parametrize("text", ["!!bool true", "!!null ~", "!!null"])
def test_tags_of_words_are_taken_as_well(text: str) -> None:
    assert read(text) in (True, None)


@pytest.mark.parametrize("key", ["1", "010", "true", "~", "null", "1.5", ".nan", "yes", "12:30", "2024-02-08"])
def test_keys_stay_the_texts_they_are(key: str) -> None:
    tree, problems = parse(Source("x.yaml", f"{key}: 1\n"))
    assert not problems
    assert tree is not None
    assert list(tree) == [key]


def test_a_line_of_digits_beyond_all_numbers_costs_no_time_to_read() -> None:
    assert resolve("9" * 100_000) == 10**400
