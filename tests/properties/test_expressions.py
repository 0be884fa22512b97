"""Any expression ends: it is refused at load, or has a Convex value, or says why it has none, within its budget."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emulator.expressions.budget import MAX_STEPS
from emulator.expressions.compile import TextError, compile_tree, evaluate, read_text
from emulator.expressions.context import Context
from emulator.expressions.errors import BudgetError, EvaluationError, ExpressionError
from emulator.values.convex import Int64, InvalidValueError, Value, is_identical
from emulator.values.formats import Format, decode, encode
from tests.support.expressions import BOUND, VALUES, expressions, garbage, sound

NOON = 1_707_393_600_000_000_000


def assert_convex(value: Any) -> None:
    """A value has none but Convex's own types, and is the same after it has travelled."""
    assert type(value) in {type(None), bool, Int64, float, str, bytes, list, dict}
    for each in value.values() if type(value) is dict else value if type(value) is list else ():
        assert_convex(each)
    if type(value) is str:
        value.encode()
    assert is_identical(decode(encode(value, Format.ENCODED)), value)


def outcome(written: str, stream: str = "s") -> Value | type[Exception]:
    """Return the value of a text, or the kind of error it ends with; anything else is a fault of ours."""
    try:
        text = read_text(written, None)
        if isinstance(text, str):
            return text
        compiled = compile_tree(text, VALUES)
    except ExpressionError as error:
        return ExpressionError if str(error) and 0 <= error.offset <= len(written) else AssertionError
    context = Context(stream, NOON)
    try:
        value: Value = evaluate(compiled, VALUES, context)
    except (EvaluationError, InvalidValueError) as error:
        return EvaluationError if str(error) else AssertionError
    assert 0 <= context.budget.left <= MAX_STEPS
    assert_convex(value)
    return value


@given(expressions)
@settings(max_examples=500)
def test_any_expression_is_refused_or_has_a_value_or_says_why_not(expression: str) -> None:
    assert outcome(f"${{{expression}}}") is not AssertionError
    assert outcome(f"before ${{{expression}}} after") is not AssertionError


@given(st.one_of(garbage, st.text(max_size=30)))
@settings(max_examples=300)
def test_any_text_is_refused_or_read(text: str) -> None:
    assert outcome(text) is not AssertionError
    assert outcome(f"${{{text}") is not AssertionError


@given(sound)
@settings(max_examples=200)
def test_the_same_expression_has_the_same_value_again(expression: str) -> None:
    first, again = outcome(f"${{{expression}}}"), outcome(f"${{{expression}}}")

    if isinstance(first, type) or isinstance(again, type):
        assert first is again
    else:
        assert is_identical(first, again)


@given(sound)
@settings(max_examples=150)
def test_evaluating_changes_none_of_the_values_it_reads(expression: str) -> None:
    before = repr(VALUES)

    assume(outcome(f"${{{expression}}}") is not ExpressionError)

    assert repr(VALUES) == before


TOO_MUCH = [
    "[[[[0] * 8000] * 8000] * 8000]",
    "text([[[0] * 8000] * 8000])",
    "json([[[0] * 3000] * 3000] * 3000)",
    "[['a' * 900000] * 8000] * 8000",
    "[[[0] * 9000] * 9000] == [[[0] * 9000] * 9000]",
    "[[0] * 9000] * 9000 < [[0] * 9000] * 9000",
    "[[0] * 9000] * 9000 in [[[0] * 9000] * 9000]",
    "[{'a': x, 'b': x} for x in [[[1] * 8000] * 8000]]",
    "[upper('a' * 1000000) for x in range(5000)]",
    "[len('a' * 1000000) for x in range(50000)]",
    "[('a' * 500000)[1:] for x in range(5000)]",
    "['b' in 'a' * 1000000 for x in range(5000)]",
    "[args.name in [x] * 100000 for x in range(50000)]",
    "[replace('a' * 900000, 'b', 'c') for x in range(5000)]",
    "[matches('a', 'b' + text(x)) for x in range(50000)]",
    "[merge(args, {}) for x in range(99999) for y in range(99999)]",
]


@pytest.mark.parametrize("expression", TOO_MUCH)
def test_much_work_on_little_is_refused_before_it_is_done(expression: str) -> None:
    compiled = compile_tree(read_text(f"${{{expression}}}", None), VALUES)

    with pytest.raises((BudgetError, InvalidValueError)):
        evaluate(compiled, VALUES, Context("s", NOON))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("round(5, -1000000000000)", 0.0),
        ("round(5.5, 1000000000000)", 5.5),
        ("[y for x in [[1, 2], [3]] for y in x]", [1.0, 2.0, 3.0]),
        ("[[x for x in x] for x in [[1], [2]]]", [[1.0], [2.0]]),
        ("[[y for x in [1] for y in y] for y in [[7]]]", [[7.0]]),
        ("[call for call in [1]] + [call]", [1.0, 3.0]),
        ("[upper(upper) for upper in ['a']]", ["A"]),
        ("{x: y for x in ['a'] for y in [1]}", {"a": 1.0}),
        ("{args.name: 1}", {"Ada": 1.0}),
        ("[len('a' * 100000) for x in range(100)][0]", 100000.0),
        ("sum([len(text(x)) for x in range(10000)])", 38890.0),
    ],
)
def test_what_is_within_bounds_has_its_value(expression: str, value: Value) -> None:
    assert outcome(f"${{{expression}}}") == value


@pytest.mark.parametrize(
    "expression",
    [
        *("{[]: 1}", "{{}: 1}", "{1: 1}", "{null: 1}", "{x: 1 for x in [[]]}", "{'\\ud800': 1}", "{'$a': 1}"),
        *("'\\ud800'", "base64('\\ud800')", "format_date(0, '\\ud800')", "['\\ud800']", "{'a': '\\ud800'}"),
        *("parse_json('\"\\\\ud800\"')", "parse_json('[' * 5000)", "range(8193)", "sorted([{}, {}], by={})"),
    ],
)
def test_what_no_value_can_be_says_why(expression: str) -> None:
    assert outcome(f"${{{expression}}}") is EvaluationError


@pytest.mark.parametrize(
    "expression",
    [
        *("+".join(["1"] * 1900), "-" * 3900 + "1", "not " * 900 + "1", "args" + ".a" * 1900, "(" * 1900 + ")" * 1900),
        *("1<" * 1900 + "1", "[" * 150 + "]" * 150, " ?? ".join(["call"] * 400), "1 if 1 else " * 300 + "1"),
        *("[x for x in " * 60 + "[]" + "]" * 60, "\x00", "a" * 4001, "'" * 3999, "\\" * 3999, "?" * 3999),
    ],
)
def test_what_is_nested_deeply_never_ends_in_an_exception_of_ours(expression: str) -> None:
    assert outcome(f"${{{expression}}}") is not AssertionError
    assert outcome(f"${{{BOUND.format(expression)}}}") is not AssertionError


def test_an_error_of_load_tells_its_text() -> None:
    with pytest.raises(TextError) as caught:
        compile_tree(read_text("a ${ [x for y in [1] for z in [x]] }", None), VALUES)

    assert (str(caught.value), caught.value.offset) == ("there is no name 'x'", 31)
