"""Values as people read them: in error texts, on a console, in messages, in scenario files."""

from __future__ import annotations

import math

import pytest

from emulator.values.convex import Int64, Value
from emulator.values.display import display, inspect, javascript_json, spell

# value, display (error texts), inspect (console.log), javascript_json (a ConvexError's message), spell (scenario file)
TABLE: dict[str, tuple[Value, str, str, str, str]] = {
    "null": (None, "null", "null", "null", "null"),
    "true": (True, "true", "true", "true", "true"),
    "false": (False, "false", "false", "false", "false"),
    "whole float": (3.0, "3.0", "3", "3", "3"),
    "fraction": (0.5, "0.5", "0.5", "0.5", "0.5"),
    "negative": (-12.25, "-12.25", "-12.25", "-12.25", "-12.25"),
    "zero": (0.0, "0.0", "0", "0", "0"),
    "-0": (-0.0, "-0.0", "-0", "0", "-0.0"),
    "nan": (math.nan, "NaN", "NaN", "null", ".nan"),
    "infinity": (math.inf, "inf", "Infinity", "null", ".inf"),
    "-infinity": (-math.inf, "-inf", "-Infinity", "null", "-.inf"),
    "1e20": (1e20, "1e20", "100000000000000000000", "100000000000000000000", "100000000000000000000"),
    "1e21": (1e21, "1e21", "1e+21", "1e+21", "1e+21"),
    "-1.5e300": (-1.5e300, "-1.5e300", "-1.5e+300", "-1.5e+300", "-1.5e+300"),
    "1e-6": (1e-6, "1e-6", "0.000001", "0.000001", "0.000001"),
    "1e-7": (1e-7, "1e-7", "1e-7", "1e-7", "1e-7"),
    "1.25e-7": (1.25e-7, "1.25e-7", "1.25e-7", "1.25e-7", "1.25e-7"),
    "smallest": (5e-324, "5e-324", "5e-324", "5e-324", "5e-324"),
    "0.0001": (0.0001, "0.0001", "0.0001", "0.0001", "0.0001"),
    "0.00005": (0.00005, "5e-5", "0.00005", "0.00005", "0.00005"),
    "0.001": (0.001, "0.001", "0.001", "0.001", "0.001"),
    "1e15": (1e15, "1000000000000000.0", "1000000000000000", "1000000000000000", "1000000000000000"),
    "1e16": (1e16, "1e16", "10000000000000000", "10000000000000000", "10000000000000000"),
    "a third": (1 / 3, "0.3333333333333333", "0.3333333333333333", "0.3333333333333333", "0.3333333333333333"),
    "123.456": (123.456, "123.456", "123.456", "123.456", "123.456"),
    "100": (100.0, "100.0", "100", "100", "100"),
    "int64": (Int64(42), "42", "42n", '"42n"', "{$int64: 42}"),
    "int64 min": (
        Int64(-(2**63)),
        "-9223372036854775808",
        "-9223372036854775808n",
        '"-9223372036854775808n"',
        "{$int64: -9223372036854775808}",
    ),
    "bytes": (
        b"\x01\x02\x03",
        'b"AQID"',
        "ArrayBuffer { [Uint8Contents]: <01 02 03>, byteLength: 3 }",
        "{}",
        '{$bytes: "AQID"}',
    ),
    "text": ("tea", '"tea"', "'tea'", '"tea"', '"tea"'),
    "empty text": ("", '""', "''", '""', '""'),
    "korean": ("안녕", '"안녕"', "'안녕'", '"안녕"', '"안녕"'),
    "apostrophe": ("it's", '"it\'s"', '"it\'s"', '"it\'s"', '"it\'s"'),
    "quote": ('say "x"', '"say \\"x\\""', "'say \"x\"'", '"say \\"x\\""', '"say \\"x\\""'),
    "both quotes": ("'\"", '"\'\\""', "`'\"`", '"\'\\""', '"\'\\""'),
    "all quotes": ("'\"`", '"\'\\"`"', "'\\'\"`'", '"\'\\"`"', '"\'\\"`"'),
    "break": ("a\nb\tc\\", '"a\\nb\\tc\\\\"', "'a\\nb\\tc\\\\'", '"a\\nb\\tc\\\\"', '"a\\nb\\tc\\\\"'),
    "looks like a number": ("12", '"12"', "'12'", '"12"', '"12"'),
    "array": ([1.0, "a"], '[1.0, "a"]', "[ 1, 'a' ]", '[1,"a"]', '[1, "a"]'),
    "empty array": ([], "[]", "[]", "[]", "[]"),
    "object": ({"b": 1.0, "a": "x"}, '{a: "x", b: 1.0}', "{ b: 1, a: 'x' }", '{"b":1,"a":"x"}', '{b: 1, a: "x"}'),
    "empty object": ({}, "{}", "{}", "{}", "{}"),
    "nested": (
        {"a": [{"n": Int64(1)}, []]},
        "{a: [{n: 1}, []]}",
        "{ a: [ { n: 1n }, [] ] }",
        '{"a":[{"n":"1n"},[]]}',
        "{a: [{n: {$int64: 1}}, []]}",
    ),
    "odd keys": (
        {"a-b": 1.0, "1": 2.0, "": 3.0, "true": 4.0},
        "{: 3.0, 1: 2.0, a-b: 1.0, true: 4.0}",
        "{ 'a-b': 1, '1': 2, '': 3, true: 4 }",
        '{"a-b":1,"1":2,"":3,"true":4}',
        '{"a-b": 1, "1": 2, "": 3, "true": 4}',
    ),
}

rows = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)


@rows
def test_error_texts_show_values_as_the_service_does(row: tuple[Value, str, str, str, str]) -> None:
    assert display(row[0]) == row[1]


@rows
def test_log_lines_show_values_as_a_console_does(row: tuple[Value, str, str, str, str]) -> None:
    assert inspect(row[0]) == row[2]


@rows
def test_messages_of_convex_errors_show_data_as_javascript_does(row: tuple[Value, str, str, str, str]) -> None:
    assert javascript_json(row[0]) == row[3]


@rows
def test_scenario_files_spell_values_on_one_line(row: tuple[Value, str, str, str, str]) -> None:
    assert spell(row[0]) == row[4]


def test_the_example_of_the_contract_is_shown_as_there() -> None:
    assert display({"likes": Int64(3), "body": "x", "at": 1.0}) == '{at: 1.0, body: "x", likes: 3}'
    assert f"{inspect('hi')} {inspect({'a': 1.0})}" == "'hi' { a: 1 }"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("${x}", '"$${x}"'),
        ("$${x}", '"$$${x}"'),
        ({"a": ["costs ${price}"]}, '{a: ["costs $${price}"]}'),
        ("$5", '"$5"'),
    ],
    ids=str,
)
def test_scenario_files_spell_what_looks_like_an_expression_as_a_text(value: Value, text: str) -> None:
    assert spell(value) == text


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85", "\x9f", "\u2028", "\ufffe"])
def test_scenario_files_spell_characters_that_yaml_does_not_take_as_escapes(character: str) -> None:
    text = spell(f"a{character}b")

    assert character not in text
    assert text.isprintable()
