"""Expressions: what they give, what they refuse, and what they cannot reach."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.expressions.compile import TextError, compile_tree, evaluate, read_text
from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError, ExpressionError
from emulator.expressions.functions import TABLE
from emulator.values.convex import Int64

NOON = 1_707_393_600_000_000_000
VALUES: dict[str, Any] = {
    "args": {"name": "Ada", "list": [3.0, 1.0, 2.0], "rows": [{"n": 2.0}, {"n": 1.0}], "gone": None, "big": Int64(2)},
    "call": 3,
}


def located(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: located(each) for key, each in tree.items()}
    if isinstance(tree, list):
        return [located(each) for each in tree]
    return read_text(tree, None) if isinstance(tree, str) else tree


def result(tree: Any, stream: str = "s") -> Any:
    return evaluate(compile_tree(located(tree), VALUES), VALUES, Context(stream, NOON))


def value(expression: str, stream: str = "s") -> Any:
    return result(f"${{{expression}}}", stream)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("7 // 2 + 7 % 4 - 2 ** 3", -2.0),
        ("'a' + 'b' * 2", "abb"),
        ("[1] + [2]", [1.0, 2.0]),
        ("args.big + 1", Int64(3)),
        ("args.big * 1.5", 3.0),
        ("args.name", "Ada"),
        ("args['name'][0]", "A"),
        ("args.list[-1]", 2.0),
        ("args.list[1:]", [1.0, 2.0]),
        ("args.nothing", None),
        ("args.nothing ?? 'none'", "none"),
        ("args.gone ?? 'none'", "none"),
        ("args.a.b.c ?? args.x ?? 5", 5.0),
        ("args.list[9] ?? 0", 0.0),
        ("'??' + '}'", "??}"),
        ("1 < 2 < 3 and not args.gone", True),
        ("1 == true", False),
        ("args.gone is None or args.gone == null", True),
        ("'d' in args.name and 4 not in args.list and 'list' in args", True),
        ("'many' if len(args.list) > 2 else 'few'", "many"),
        ("[x * 2 for x in args.list if x > 1]", [6.0, 4.0]),
        ("[a + b for a in [1, 2] for b in [10]]", [11.0, 12.0]),
        ("[(x ?? 0) for x in [null, 1]]", [0.0, 1.0]),
        ("{row.n: 1 for row in []}", {}),
        ("{'a': args.name, 'b': [call]}", {"a": "Ada", "b": [3.0]}),
        ("sum(x for x in args.list)", 6.0),
    ],
)
def test_an_expression_has_the_value_that_python_gives_it(expression: str, expected: Any) -> None:
    assert value(expression) == expected
    assert type(value(expression)) is type(expected)


def test_a_text_keeps_what_is_around_its_expressions() -> None:
    assert result("$${x} ${args.name}: ${args.list}, ${call / 2}, ${args.gone}, ${true}") == (
        "${x} Ada: [3, 1, 2], 1.5, null, true"
    )


def test_a_tree_is_computed_as_a_whole_and_keeps_its_constants() -> None:
    tree = {"a": ["${args.name}", 1.0, {"b": "${call}"}], "c": {"d": [None, True]}}

    assert result(tree) == {"a": ["Ada", 1.0, {"b": 3.0}], "c": {"d": [None, True]}}


@pytest.mark.parametrize(
    ("expression", "message", "offset"),
    [
        ("nam", "there is no name 'nam'", 2),
        ("1 + lenn(args)", "there is no function lenn", 6),
        ("args.name.upper()", "there is no function args.name.upper", 2),
        ("len()", "len: missing a required argument: 'value'", 2),
        ("1 +", "not an expression: invalid syntax", None),
        ("", "the expression is empty", None),
        ("lambda: 1", "this is not part of expressions", 2),
        ("f'{args}'", "this is not part of expressions", 2),
        ("(x := 1)", "this is not part of expressions", None),
        ("[*args.list]", "this is not part of expressions", None),
        ("len(*args.list)", "arguments cannot be unpacked", 2),
        ("{**args}", "mappings cannot be unpacked", 2),
        ("args.list[::2]", "a slice has no step here", None),
        ("b'x'", "b'x' is no value", 2),
        ("len", "there is no name 'len'", 2),
        ("1 is 2", "is and is not compare with None only", 2),
        ("[x for x, y in []]", "a comprehension goes over one name", None),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(expression: str, message: str, offset: int | None) -> None:
    with pytest.raises(TextError) as caught:
        value(expression)

    assert str(caught.value) == message
    assert offset is None or caught.value.offset == offset


def test_an_expression_that_is_not_closed_is_told_where_it_opens() -> None:
    with pytest.raises(ExpressionError) as caught:
        read_text("a ${len('}')", None)

    assert (str(caught.value), caught.value.offset) == ("the expression is not closed", 2)


ESCAPES = [
    "().__class__.__bases__[0].__subclasses__()",
    "args.__class__",
    "args.name.__class__.__mro__",
    "__import__('os').system('true')",
    "eval('1')",
    "open('/etc/passwd')",
    "(lambda: 0).__globals__",
    "[x.__class__ for x in args.list]",
    "[__builtins__ for __builtins__ in [1]]",
    "__function_len__",
    "__context__",
    "args.name.format(args)",
    "'{0.__class__}'.format(args)",
    "getattr(args, 'x')",
    "type(args).__name__",
    "globals()",
    "(yield)",
    "await args",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_no_attribute_of_any_object_can_be_reached(expression: str) -> None:
    with pytest.raises((ExpressionError, EvaluationError)):
        value(expression)


def test_a_key_that_looks_like_an_attribute_is_a_key() -> None:
    assert value("args['__class__']") is None


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "'a' * 10**9",
        "[0] * 10**9",
        "range(10**9)",
        "[0 for a in range(1000) for b in range(1000)]",
        "[[x for x in range(1000)] for y in range(1000)]",
        "10**300 * 10**300 * 10**300 * 10**300 * 10**300",
        "join(['aaaaaaaaaa'] * 10000, 'b' * 1000)",
        "replace('a' * 100000, 'a', 'b' * 100)",
    ],
)
def test_what_would_take_too_long_or_grow_too_large_is_refused(expression: str) -> None:
    with pytest.raises(EvaluationError, match=r"more than|at most|too large"):
        value(expression)


def test_an_expression_nested_too_deep_is_refused() -> None:
    with pytest.raises(ExpressionError):
        value("(" * 500 + "1" + ")" * 500)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 / 0", "division by zero"),
        ("args.name + 1", "a text + a number makes no sense; put them side by side in a text instead"),
        ("args.name < 1", "a text and a number have no order"),
        ("args.gone.x", "cannot read .x of null"),
        ("args.list[9]", "index 9 is outside a list of length 3"),
        ("args.list[0.5]", "an index must be a whole number, not a number"),
        ("len(1)", "a number has no length"),
        ("upper(args)", "a mapping is no text"),
        ("int64(2.5)", "an Int64 must be a whole number, not a number"),
        ("ago('5')", "'5' is not a duration such as 250ms, 3s or 1m30s"),
    ],
)
def test_an_expression_without_a_value_says_why(expression: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(expression)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[upper('a'), lower('B'), title('ab cd'), trim(' x ')]", ["A", "b", "Ab Cd", "x"]),
        ("split('a,b', ',')", ["a", "b"]),
        ("join(args.list, '-')", "3-1-2"),
        ("replace('aba', 'a', 'c')", "cbc"),
        ("[starts_with('abc', 'a'), ends_with('abc', 'c'), matches('abc', '^b')]", [True, True, False]),
        ("[abs(-1), round(2.567, 2), floor(1.5), ceil(1.5)]", [1.0, 2.57, 1.0, 2.0]),
        ("[min(args.list), max(1, 2), sum(args.list)]", [1.0, 2.0, 6.0]),
        ("range(2, 8, 3)", [2.0, 5.0]),
        ("[sorted(args.list), reversed([1, 2])]", [[1.0, 2.0, 3.0], [2.0, 1.0]]),
        ("sorted(args.rows, by='n')", [{"n": 1.0}, {"n": 2.0}]),
        ("[unique([1, 1, 2]), first([]), last([1, 2])]", [[1.0, 2.0], None, 2.0]),
        ("[keys({'a': 1}), values({'a': 1}), merge({'a': 1}, {'a': 2})]", [["a"], [1.0], {"a": 2.0}]),
        ("[all([1, 0]), any([1, 0])]", [False, True]),
        ("[type(1), type(args.big), type('x'), type(null)]", ["number", "int64", "string", "null"]),
        ("[json({'a': 1}), parse_json('{\"a\": [1]}')]", ['{"a": 1}', {"a": [1.0]}]),
        ("[base64('abc'), bytes('YWJj')]", ["YWJj", b"abc"]),
        (
            "[iso(), iso(ago('1m')), iso(later('1h'))]",
            [f"2024-02-08T{t}Z" for t in ("12:00:00", "11:59:00", "13:00:00")],
        ),
        ("[ms('1m30s'), date('2024-02-08T12:00:00Z')]", [90_000.0, NOON / 1_000_000]),
        ("format_date(0, '%d.%m.%Y')", "01.01.1970"),
        ("[number('1.5'), int64('7'), text(1.0)]", [1.5, Int64(7), "1"]),
    ],
)
def test_functions_do_what_their_page_says(expression: str, expected: Any) -> None:
    assert value(expression) == expected


def test_draws_follow_from_their_stream_alone() -> None:
    drawn = "[uuid(), pick([1, 2, 3, 4, 5]), shuffle([1, 2, 3, 4]), random.int(1, 1000), random.float(), random.bool()]"

    assert value(drawn, "one") == value(drawn, "one")
    assert value(drawn, "one") != value(drawn, "two")
    assert value("uuid()", "one") == "bffe034a-4811-4ed2-9ffa-7e34f3fb0ddb"


def test_every_function_has_a_sentence_for_the_reference() -> None:
    assert [name for name, entry in TABLE.items() if not (entry.call.__doc__ or "").startswith("Return ")] == []
