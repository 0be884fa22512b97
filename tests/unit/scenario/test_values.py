"""How Convex values and patterns are written in scenario files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from emulator.model.pattern import Equals, Fields, Items
from emulator.scenario.problem import Problem
from emulator.values.convex import Int64, Value, is_same
from tests.support.scenarios import load_files, load_text


def read(folder: Path, text: str) -> Value:
    return load_text(folder, f"vars:\n  x: {text}\n").vars["x"]


def problems_of(folder: Path, text: str) -> tuple[Problem, ...]:
    return load_files(folder, {"default.yaml": f"vars:\n  x: {text}\n"}).problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42.0),
        ("-0", 0.0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("0x1F", 31.0),
        ("010", 10.0),
        ("9007199254740992", 2.0**53),
        ("9007199254740994", 2.0**53 + 2),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        (".nan", math.nan),
        ("true", True),
        ("null", None),
        ("~", None),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("'42'", "42"),
        ("안녕", "안녕"),
        ("[]", []),
        ("{}", {}),
        ("[1, [true, {a: null}]]", [1.0, [True, {"a": None}]]),
        ("{$int64: 42}", Int64(42)),
        ("{$int64: -9223372036854775808}", Int64(-(2**63))),
        ("{$int64: 9223372036854775807}", Int64(2**63 - 1)),
        ("{$int64: 0x10}", Int64(16)),
        ("{$bytes: AQID}", b"\x01\x02\x03"),
        ("{$bytes: ''}", b""),
        ("{$bytes: +/8=}", b"\xfb\xff"),
        ("[{$int64: 1}, {a: {$bytes: AQ==}}]", [Int64(1), {"a": b"\x01"}]),
        ("{a b: 1, a-b: 2, 1: 3, _id: 4, a$: 5}", {"a b": 1.0, "a-b": 2.0, "1": 3.0, "_id": 4.0, "a$": 5.0}),
    ],
)
def test_a_value_is_read_as_convex_holds_it(text: str, value: Value, tmp_path: Path) -> None:
    assert is_same(read(tmp_path, text), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$${a}", "${a}"),
        ("a $${b} c $${d}", "a ${b} c ${d}"),
        ("$$${a}", "$${a}"),
        ("costs $5 or {5}", "costs $5 or {5}"),
        ("$", "$"),
        ("$$", "$$"),
        ("$ {a}", "$ {a}"),
        ("[x, '$${a}', {b: '$${c}'}]", ["x", "${a}", {"b": "${c}"}]),
    ],
)
def test_a_doubled_dollar_writes_the_sign_of_an_expression(text: str, value: Value, tmp_path: Path) -> None:
    assert read(tmp_path, text) == value


@pytest.mark.parametrize(
    ("text", "column"),
    [("${a}", 15), ("x ${", 15), ("$${a} ${b}", 21), ("[1, {a: '${b}'}]", 24), ("${len(args.x) + lenn(args)}", 29)],
)
def test_an_expression_that_is_none_is_told_where_it_is_wrong(text: str, column: int, tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"default.yaml": f"functions:\n  a:b:\n    result: {text}\n"})

    assert [(each.slug, each.place.line, each.place.column) for each in loaded.problems] == [
        ("bad-expression", 3, column)
    ]


@pytest.mark.parametrize("length", [8192, 8193])
def test_a_list_has_as_many_items_as_convex_takes(length: int, tmp_path: Path) -> None:
    found = problems_of(tmp_path, f"[{'1,' * length}]")
    assert [each.message for each in found] == ["Array length is too long (8193 > maximum length 8192)"][
        : length - 8192
    ]


@pytest.mark.parametrize("count", [1024, 1025])
def test_a_mapping_has_as_many_fields_as_convex_takes(count: int, tmp_path: Path) -> None:
    found = problems_of(tmp_path, f"{{{','.join(f'a{number}: 1' for number in range(count))}}}")
    assert [each.slug for each in found] == ["bad-value"] * (count - 1024)
    assert all("1025 > maximum number 1024" in each.message for each in found)


@pytest.mark.parametrize("depth", [64, 65])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_values_nest_as_deep_as_convex_takes(opening: str, closing: str, depth: int, tmp_path: Path) -> None:
    found = problems_of(tmp_path, f"{opening * depth}1{closing * depth}")
    assert [each.message for each in found] == ["Value is too nested (maximum nesting 64)"][: depth - 64]


@pytest.mark.parametrize("length", [1024, 1025])
def test_field_names_are_as_long_as_convex_takes(length: int, tmp_path: Path) -> None:
    found = problems_of(tmp_path, f"\n    ? {'a' * length}\n    : 1")
    assert [each.slug for each in found] == ["bad-value"] * (length - 1024)


def test_every_bad_value_is_told_at_its_place(tmp_path: Path) -> None:
    found = problems_of(tmp_path, "[1, {$int64: x}, {a: {$bytes: '*'}, 이: {$x: 1}}]")
    assert [(each.slug, each.place.line, each.place.column) for each in found] == [
        ("bad-value", 2, 19),
        ("bad-value", 2, 36),
        ("bad-value", 2, 42),
        ("bad-value", 2, 46),
    ]


def test_a_whole_number_that_a_float64_cannot_hold_exactly_is_told(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "9007199254740993")


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 401, "9" * 400 + ".0"])
def test_a_number_beyond_float64_is_told_however_it_is_written(text: str, tmp_path: Path) -> None:
    assert [each.slug for each in problems_of(tmp_path, text)] == ["bad-value"]


def test_a_merge_key_in_a_value_is_a_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "{<<: {a: 1}, b: 2}")


def test_a_quoted_merge_sign_is_a_field_like_any_other(tmp_path: Path) -> None:
    assert read(tmp_path, '{"<<": 1}') == {"<<": 1.0}


def condition(folder: Path, args: str) -> object:
    scenario = load_text(folder, f"functions: {{a:b: {{when: {{args: {args}}}, result: 1}}}}")
    when = scenario.functions["a:b"].script.rules[0].when
    return when and when.args


def test_patterns_compare_mappings_by_part_and_everything_else_wholly(tmp_path: Path) -> None:
    assert condition(tmp_path, "{a: 1, b: [x, {c: null}], d: {$int64: 2}, e: {$bytes: AQ==}}") == Fields(
        (
            ("a", Equals(1.0)),
            ("b", Items((Equals("x"), Fields((("c", Equals(None)),))))),
            ("d", Equals(Int64(2))),
            ("e", Equals(b"\x01")),
        )
    )


def test_a_pattern_of_no_args_asks_nothing(tmp_path: Path) -> None:
    assert condition(tmp_path, "{}") is None


@pytest.mark.parametrize(
    ("operator", "slug"),
    [
        ("$rgex: y", "unknown-operator"),
        ("$integer: y", "unknown-operator"),
        ("$in: y", "wrong-type"),
        ("$any: {}", "wrong-type"),
        ("$gt: [1]", "wrong-type"),
        ("$exists: 1", "wrong-type"),
        ("$regex: 1", "wrong-type"),
        ("$regex: '('", "bad-regex"),
        ("$type: text", "unknown-choice"),
        ("$eq: 1, b: 2", "outcome-conflict"),
    ],
)
def test_an_operator_that_makes_no_sense_is_told(operator: str, slug: str, tmp_path: Path) -> None:
    text = f"functions: {{a:b: {{when: {{args: {{x: {{{operator}}}}}}}, result: 1}}}}"
    assert [each.slug for each in load_files(tmp_path, {"default.yaml": text}).problems] == [slug]
