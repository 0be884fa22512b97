"""Operators in conditions: what they match, and what they say when they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.engine.plan import Returned, Unmatched
from emulator.values.convex import Int64
from tests.support.engine import call, emulator_of, ending_of

CASES: list[tuple[str, list[Any], list[Any]]] = [
    ("{$eq: 1}", [1.0], [Int64(1), True, "1"]),
    ("{$ne: 1}", [2.0, "1", None], [1.0]),
    ("{$gt: 3, $lt: 10}", [4.0, Int64(9)], [3.0, 10.0, "4", None]),
    ("{$gte: 3, $lte: 4}", [3.0, 4.0], [2.9, 4.1]),
    ("{$gte: b}", ["b", "c"], ["a", 1.0]),
    ("{$in: [1, x]}", [1.0, "x"], [2.0, None]),
    ("{$nin: [1, x]}", [2.0, None], [1.0, "x"]),
    ('{$regex: "(?i)^he.*o$"}', ["Hello"], ["xhello", 1.0]),
    ("{$contains: 안녕}", ["아 안녕!", ["안녕"]], ["hi", ["hi"], 1.0]),
    ("{$contains: {a: 1}}", [[{"a": 1.0, "b": 2.0}]], [[{"b": 1.0}], {"a": 1.0}]),
    ("{$exists: true}", [1.0, None], []),
    ("{$type: number}", [1.0], [Int64(1), "1"]),
    ("{$type: int64}", [Int64(1)], [1.0]),
    ("{$any: [{$lt: 1}, {$gt: 5}]}", [0.0, 6.0], [3.0]),
    ("{$all: [{$contains: a}, {$contains: b}]}", ["xaybz"], ["a", "b"]),
    ("{$not: {$regex: x}}", ["a", 1.0], ["x"]),
    ("{y: {$gt: 1}}", [{"y": 2.0, "z": 1.0}], [{"y": 1.0}, {}, 2.0]),
]


def answers(folder: Path, condition: str, args: dict[str, Any]) -> bool:
    text = f"functions: {{a:b: {{when: {{args: {{x: {condition}}}}}, result: yes}}}}"
    return isinstance(ending_of(call(emulator_of(folder, text), "a:b", args)), Returned)


@pytest.mark.parametrize(("condition", "matching", "other"), CASES, ids=[each[0] for each in CASES])
def test_an_operator_matches_what_it_says(
    tmp_path: Path, condition: str, matching: list[Any], other: list[Any]
) -> None:
    assert [answers(tmp_path, condition, {"x": each}) for each in matching] == [True] * len(matching)
    assert [answers(tmp_path, condition, {"x": each}) for each in other] == [False] * len(other)


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ("{$exists: false}", True),
        ("{$exists: true}", False),
        ("{$not: {$eq: 1}}", True),
        ("{$ne: 1}", True),
        ("1", False),
    ],
)
def test_a_field_that_is_not_there_is_nothing(tmp_path: Path, condition: str, *, matches: bool) -> None:
    assert answers(tmp_path, condition, {}) is matches


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("{$gt: 3, $lt: 10}", "args.x: expected more than 3.0, got 2.0"),
        ("{$in: [1, 3]}", "args.x: expected one of 1.0, 3.0, got 2.0"),
        ("{$regex: ^a}", "args.x: expected a text matching /^a/, got 2.0"),
        ("{$contains: {a: 1}}", "args.x: expected something containing an object with a, got 2.0"),
        ("{$exists: false}", "args.x: expected nothing, got 2.0"),
        ("{$type: string}", "args.x: expected a value of type string, got 2.0"),
        ("{$any: [1, {$gte: 5}]}", "args.x: expected 1.0 or at least 5.0, got 2.0"),
        ("{$not: {$all: [{$gt: 1}, {$lte: 2}]}}", "args.x: expected not more than 1.0 and at most 2.0, got 2.0"),
    ],
)
def test_a_mismatch_says_in_words_what_was_wanted(tmp_path: Path, condition: str, words: str) -> None:
    text = f"functions: {{a:b: {{when: {{args: {{x: {condition}}}}}, result: yes}}}}"
    ending = ending_of(call(emulator_of(tmp_path, text), "a:b", {"x": 2.0}))

    assert isinstance(ending, Unmatched)
    assert [str(each) for each in ending.misses[0].mismatches] == [words]
