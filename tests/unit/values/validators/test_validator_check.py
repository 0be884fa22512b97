"""Values held against validators: what fits, and the service's sentence about what does not (contract convex §5.2)."""

from __future__ import annotations

import time

import pytest

from emulator.values.convex import Int64, Value
from emulator.values.ids import encode_id
from emulator.values.validators.check import fault_of, fits
from emulator.values.validators.shorthand import read_shorthand
from emulator.values.validators.types import PAGINATION_OPTIONS, IdOf, StringType

TABLES = {10001: "users", 10002: "posts", 5: "_storage"}
USER, POST, FILE, NOBODY = (encode_id(number, bytes(16)) for number in (10001, 10002, 5, 10003))

VALUES: dict[str, Value] = {
    "null": None,
    "true": True,
    "number": 1.0,
    "int64": Int64(1),
    "string": "a",
    "bytes": b"a",
    "array": [],
    "object": {},
}


def fault(short: str, value: Value) -> str | None:
    """What is wrong with a value; makes sure that `fits` says the same."""
    validator = read_shorthand(short)
    text = fault_of(validator, value, TABLES.get)
    assert fits(validator, value, TABLES.get) is (text is None)
    return text


@pytest.mark.parametrize(
    ("short", "fitting"),
    [
        ("any", set(VALUES)),
        ("null", {"null"}),
        ("number", {"number"}),
        ("int64", {"int64"}),
        ("boolean", {"true"}),
        ("string", {"string"}),
        ("bytes", {"bytes"}),
        ("literal(1)", {"number"}),
        ("literal(1n)", {"int64"}),
        ("literal(true)", {"true"}),
        ('"a"', {"string"}),
        ("any[]", {"array"}),
        ("{}", {"object"}),
        ("record(string, any)", {"object"}),
        ("id(users)", set()),
        ("union()", set()),
        ("string | null", {"string", "null"}),
        ("union(string)", {"string"}),
    ],
)
def test_a_validator_accepts_the_values_of_its_type_and_no_others(short: str, fitting: set[str]) -> None:
    assert {name for name, value in VALUES.items() if fault(short, value) is None} == fitting


@pytest.mark.parametrize(
    ("short", "value"),
    [
        ("{a: string, b: string?}", {"a": "x"}),
        ("{a: string, b: string?}", {"b": "y", "a": "x"}),
        ("{a: string?}", {}),
        ("{a: {b: number[]}[]}", {"a": [{"b": [1.0, 2.0]}, {"b": []}]}),
        ("record(id(users), number | null)", {USER: None}),
        ("id(_storage)", FILE),
        ("id(posts) | id(users)", USER),
        ('{kind: "a", x: string} | {kind: "b", y: number}', {"kind": "b", "y": 1.0}),
    ],
)
def test_values_of_the_right_form_fit(short: str, value: Value) -> None:
    assert fault(short, value) is None


WRONG = "Value does not match validator.\n"
MISSING = (
    "Object is missing the required field `{0}`. "
    "Consider wrapping the field validator in `v.optional(...)` if this is expected.\n"
)
EXTRA = "Object contains extra field `{0}` that is not in the validator.\n"
OTHER_TABLE = 'from {0}, which does not match the table name in validator `v.id("posts")`.'
FAULTS: dict[str, tuple[str, Value, str]] = {
    "missing field": (
        "{body: string, to: string}",
        {"body": "x"},
        MISSING.format("to") + '\nObject: {body: "x"}\nValidator: v.object({body: v.string(), to: v.string()})',
    ),
    "missing field, nested": (
        "{a: {b: string}[]}",
        {"a": [{"b": "x"}, {}]},
        MISSING.format("b") + "Path: .a[1]\nObject: {}\nValidator: v.object({b: v.string()})",
    ),
    "extra field": (
        "{body: string}",
        {"x": 1.0, "body": "x"},
        EXTRA.format("x") + '\nObject: {body: "x", x: 1.0}\nValidator: v.object({body: v.string()})',
    ),
    "extra field, nested": (
        "{a: {}}",
        {"a": {"z": None, "y": None}},
        EXTRA.format("y") + "Path: .a\nObject: {y: null, z: null}\nValidator: v.object({})",
    ),
    "wrong type": (
        "{to: string}",
        {"to": 1.0},
        WRONG + "Path: .to\nValue: 1.0\nValidator: v.string()",
    ),
    "wrong type at the top": ("{to: string}", [], WRONG + "\nValue: []\nValidator: v.object({to: v.string()})"),
    "wrong type of an optional field": (
        "{to: string?}",
        {"to": None},
        WRONG + "Path: .to\nValue: null\nValidator: v.string()",
    ),
    "wrong type, deep": (
        "{a: {b: number}[]}",
        {"a": [{"b": 1.0}, {"b": 2.0}, {"b": Int64(3)}]},
        WRONG + "Path: .a[2].b\nValue: 3\nValidator: v.float64()",
    ),
    "literal": ('{kind: "b"}', {"kind": "a"}, '`"a"` does not match literal validator `v.literal("b")`.Path: .kind'),
    "literal at the top": ("literal(1)", Int64(1), "`1` does not match literal validator `v.literal(1.0)`."),
    "literal of another type": ("literal(true)", {}, "`{}` does not match literal validator `v.literal(true)`."),
    "the sign of a zero": ("literal(0)", -0.0, "`-0.0` does not match literal validator `v.literal(0.0)`."),
    "id of another table": (
        "{author: id(posts)}",
        {"author": USER},
        f'Found ID "{USER}" {OTHER_TABLE.format("table `users`")}Path: .author',
    ),
    "id of a system table": (
        "id(posts)",
        FILE,
        f'Found ID "{FILE}" {OTHER_TABLE.format("a system table")}',
    ),
    "id of no table": ("id(posts)", NOBODY, WRONG + f'\nValue: "{NOBODY}"\nValidator: v.id("posts")'),
    "no id": ("{a: id(posts)}", {"a": "me"}, WRONG + 'Path: .a\nValue: "me"\nValidator: v.id("posts")'),
    "not even a text": ("id(posts)", 1.0, WRONG + '\nValue: 1.0\nValidator: v.id("posts")'),
    "union": (
        "{a: string | {b: string}}",
        {"a": {"b": 1.0}},
        WRONG + "Path: .a\nValue: {b: 1.0}\nValidator: v.union(v.string(), v.object({b: v.string()}))",
    ),
    "union of one, which is looked into": (
        "union({b: string})",
        {"b": 1.0},
        WRONG + "Path: .b\nValue: 1.0\nValidator: v.string()",
    ),
    "union of none": ("union()", None, WRONG + "\nValue: null\nValidator: v.union()"),
    "union of literals": (
        '"a" | "b"',
        "c",
        WRONG + '\nValue: "c"\nValidator: v.union(v.literal("a"), v.literal("b"))',
    ),
    "key of a record": (
        "{r: record(id(posts), any)}",
        {"r": {"me": 1.0}},
        WRONG + 'Path: .r.keys()\nValue: "me"\nValidator: v.id("posts")',
    ),
    "value of a record": (
        "record(string, {n: number})",
        {"b": {"n": "x"}, "a": {"n": 1.0}},
        WRONG + 'Path: .values().n\nValue: "x"\nValidator: v.float64()',
    ),
    "no record": ("record(string, any)", [], WRONG + "\nValue: []\nValidator: v.record(v.string(), v.any())"),
}


@pytest.mark.parametrize("row", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_in_the_words_of_the_service(row: tuple[str, Value, str]) -> None:
    short, value, text = row

    assert fault(short, value) == text


@pytest.mark.parametrize(
    ("short", "value", "beginning"),
    [
        ("{b: string, a: string}", {"b": 1.0, "a": 1.0}, WRONG + "Path: .a"),
        ("{b: string, a: string}", {"b": 1.0}, "Object is missing the required field `a`"),
        ("{b: string, a: string}", {"a": 1.0}, WRONG + "Path: .a"),
        ("{b: string, a: string?}", {"b": 1.0, "0": 1.0}, WRONG + "Path: .b"),
        ("{a: string}", {"z": 1.0, "0": 1.0}, "Object is missing the required field `a`"),
        ("{a: string}", {"a": "x", "z": 1.0, "0": 1.0}, "Object contains extra field `0`"),
        ("string[]", ["x", 1.0, 2.0], WRONG + "Path: [1]"),
        ("record(id(users), string)", {USER: 1.0, "z": 1.0}, WRONG + "Path: .values()"),
        ("record(id(users), string)", {"a": 1.0, USER: 1.0}, WRONG + "Path: .keys()"),
    ],
)
def test_the_first_fault_is_told_in_the_order_of_the_service(short: str, value: Value, beginning: str) -> None:
    assert str(fault(short, value)).startswith(beginning)


@pytest.mark.parametrize(
    "options",
    [
        {"numItems": 5.0, "cursor": None},
        {"numItems": 5.0, "cursor": "c", "endCursor": None, "id": -1.0},
        {"numItems": 5.0, "cursor": "c", "endCursor": "d", "maximumRowsRead": 1.0, "maximumBytesRead": 2.0},
    ],
)
def test_pagination_options_of_every_client_fit(options: Value) -> None:
    assert fits(PAGINATION_OPTIONS, options, TABLES.get)


def test_a_text_of_megabytes_is_no_id_and_that_is_known_at_once() -> None:
    begin = time.perf_counter()

    assert not fits(IdOf("users"), "j" * 5_000_000, TABLES.get)
    assert time.perf_counter() - begin < 1


def test_strings_fit_that_look_like_ids() -> None:
    assert fits(StringType(), USER, TABLES.get)
