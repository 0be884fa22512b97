"""Validators as error texts write them (contract convex §5.2)."""

from __future__ import annotations

import math

import pytest

from emulator.values.convex import Int64
from emulator.values.validators.display import display_validator
from emulator.values.validators.shorthand import read_shorthand
from emulator.values.validators.types import Literal


@pytest.mark.parametrize(
    ("short", "text"),
    [
        ("any", "v.any()"),
        ("null", "v.null()"),
        ("number", "v.float64()"),
        ("bigint", "v.int64()"),
        ("boolean", "v.boolean()"),
        ("string", "v.string()"),
        ("bytes", "v.bytes()"),
        ("id(t)", 'v.id("t")'),
        ('"a"', 'v.literal("a")'),
        (r'"say \"x\""', r'v.literal("say \"x\"")'),
        ("literal(1)", "v.literal(1.0)"),
        ("literal(true)", "v.literal(true)"),
        ("literal(3n)", "v.literal(<bigint>)"),
        ("string[]", "v.array(v.string())"),
        ("record(string, number)", "v.record(v.string(), v.float64())"),
        ("string | null", "v.union(v.string(), v.null())"),
        ("union()", "v.union()"),
        ("{}", "v.object({})"),
        ("{body: string, to: string?}", "v.object({body: v.string(), to: v.optional(v.string())})"),
        ("{to: string, body: string}", "v.object({body: v.string(), to: v.string()})"),
        ("{b: {d: any, c: any?}[]}", "v.object({b: v.array(v.object({c: v.optional(v.any()), d: v.any()}))})"),
    ],
)
def test_error_texts_show_validators_as_the_service_does(short: str, text: str) -> None:
    assert display_validator(read_shorthand(short)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(Int64(3), "<bigint>"), (math.nan, "<number>"), (math.inf, "<number>"), (-0.0, "-0.0"), (False, "false")],
)
def test_literals_that_json_cannot_hold_are_shown_by_their_type(value: Int64 | float, text: str) -> None:
    assert display_validator(Literal(value)) == f"v.literal({text})"
