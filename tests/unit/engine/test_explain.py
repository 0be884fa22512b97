"""What is said when nothing answers: the nearest names and rules, what differs, and a rule to paste."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.call import ANONYMOUS, Admin, Call, Caller, User
from emulator.engine.explain import rule_to_paste
from emulator.engine.patterns import Mismatch
from emulator.engine.plan import Unmatched, Unscripted
from emulator.model.function import FunctionType
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Int64, Value
from tests.support.engine import ACTION, MUTATION, QUERY, call, emulator_of, ending_of, value_of
from tests.support.scenarios import load_text

RULES = """
identities: {ada: {token: t1}}
functions:
  messages:send:
    rules:
      - {when: {args: {a: 1, b: 2, c: 3}}, result: three}
      - {when: {args: {a: 1}}, result: one}
      - {when: {args: {a: 1, b: 2}}, result: two}
      - {when: {args: {b: 2}}, result: another one}
      - {when: {identity: ada, args: {a: 1, b: 2, c: 4}}, result: four}
"""


def unmatched(emulator: Emulator, args: dict[str, Value], caller: Caller = ANONYMOUS) -> Unmatched:
    ending = ending_of(call(emulator, "messages:send", args, caller=caller))
    assert isinstance(ending, Unmatched)
    return ending


def mismatches(folder: Path, when: str, args: dict[str, Value], caller: Caller = ANONYMOUS) -> list[str]:
    text = f"identities: {{ada: {{token: t}}}}\nfunctions: {{messages:send: {{when: {when}, result: 1}}}}"
    (miss,) = unmatched(emulator_of(folder, text), args, caller).misses
    return [str(each) for each in miss.mismatches]


def test_misses_are_ranked_by_their_differences_and_then_as_in_the_file(tmp_path: Path) -> None:
    misses = unmatched(emulator_of(tmp_path, RULES), {"x": 1.0}).misses

    assert [len(each.mismatches) for each in misses] == [1, 1, 2]
    assert [each.rule.place.line for each in misses] == [7, 9, 8]


def test_the_nearest_rule_is_named_with_its_place_and_every_difference(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, RULES)

    explanation = call(emulator, "messages:send", {"a": 2.0, "b": 3.0}).explanation

    assert explanation is not None
    assert explanation.startswith("no rule of messages:send matches; nearest: ")
    assert explanation.endswith("default.yaml:7:9, where args.a: expected 1.0, got 2.0")


def test_a_mismatch_prints_place_expectation_and_what_came() -> None:
    assert str(Mismatch("args.a[2].b", "1.0", "nothing")) == "args.a[2].b: expected 1.0, got nothing"


@pytest.mark.parametrize(
    ("wanted", "args", "expected"),
    [
        ("{a: x}", {"a": "y"}, ['args.a: expected "x", got "y"']),
        ("{a: x}", {}, ['args.a: expected "x", got nothing']),
        ("{a: {b: [1, {c: x}]}}", {"a": {"b": [1.0, {"c": 2.0}]}}, ['args.a.b[1].c: expected "x", got 2.0']),
        ("{a: [1, 2]}", {"a": [1.0]}, ["args.a: expected an array of 2, got [1.0]"]),
        ("{a: [1, 2]}", {"a": "x"}, ['args.a: expected an array of 2, got "x"']),
        ("{a: [1]}", {}, ["args.a: expected an array of 1, got nothing"]),
        ("{a: {b: 1}}", {"a": [1.0]}, ["args.a: expected an object with b, got [1.0]"]),
        ("{a: {b: 1, c: 2}}", {}, ["args.a: expected an object with b, c, got nothing"]),
        ("{a: {}}", {}, ["args.a: expected an object, got nothing"]),
        ("{a: {$int64: 1}}", {"a": 1.0}, ["args.a: expected 1, got 1.0"]),
        ("{a: 1}", {"a": True}, ["args.a: expected 1.0, got true"]),
        ("{a: .nan}", {"a": None}, ["args.a: expected NaN, got null"]),
        ("{a: {$bytes: AQID}}", {"a": b""}, ['args.a: expected b"AQID", got b""']),
        ("{a: 1, b: 2}", {"a": 2.0, "b": 1.0}, ["args.a: expected 1.0, got 2.0", "args.b: expected 2.0, got 1.0"]),
    ],
)
def test_every_difference_in_arguments_is_named(
    tmp_path: Path, wanted: str, args: dict[str, Value], expected: list[str]
) -> None:
    assert mismatches(tmp_path, f"{{args: {wanted}}}", args) == expected


@pytest.mark.parametrize(
    ("wanted", "caller", "expected"),
    [
        ("ada", ANONYMOUS, "identity: expected ada, got nobody (no Authorization header)"),
        ("ada", User({}, "bob"), "identity: expected ada, got bob"),
        ("ada", User({"subject": "x"}), "identity: expected ada, got a user the scenario does not name"),
        ("{name: Ada}", User({"name": "Bob"}), 'identity.name: expected "Ada", got "Bob"'),
        ("{name: Ada}", Admin(User({})), 'identity.name: expected "Ada", got nothing'),
        ("{name: Ada}", ANONYMOUS, "identity: expected an object with name, got null"),
        ("null", User({"name": "Bob"}), 'identity: expected null, got {name: "Bob"}'),
    ],
    ids=repr,
)
def test_every_difference_in_identity_is_named(tmp_path: Path, wanted: str, caller: Caller, expected: str) -> None:
    assert mismatches(tmp_path, f"{{identity: {wanted}}}", {}, caller) == [expected]


def test_a_long_value_is_cut_in_explanations(tmp_path: Path) -> None:
    (text,) = mismatches(tmp_path, "{args: {a: x}}", {"a": "y" * 10_000})

    assert text.endswith("yyy…")
    assert len(text) < 200


NAMES = """
functions:
  messages:list: {result: 1}
  messages:send: {result: 2}
  users/profile:list: {result: 3}
  _system/secret:list: {result: 4}
"""


def unscripted(folder: Path, operation: str) -> tuple[list[str], str]:
    entry = call(emulator_of(folder, NAMES), operation)
    ending = ending_of(entry)
    assert isinstance(ending, Unscripted)
    return [each.path.public for each in ending.nearest], entry.explanation or ""


def test_a_misspelt_name_is_answered_with_the_nearest_and_its_place(tmp_path: Path) -> None:
    nearest, explanation = unscripted(tmp_path, "messages:lst")

    assert nearest[0] == "messages:list"
    assert explanation.startswith("messages:lst is not scripted; nearest: messages:list (")
    assert "default.yaml:3:3)" in explanation


def test_without_a_similar_name_the_same_export_elsewhere_is_near(tmp_path: Path) -> None:
    nearest, _ = unscripted(tmp_path, "entirely/other/things/somewhere/else:send")

    assert nearest == ["messages:send"]


def test_a_name_unlike_any_other_is_said_to_be_so(tmp_path: Path) -> None:
    nearest, explanation = unscripted(tmp_path, "zzz:qqq")

    assert nearest == []
    assert explanation == "zzz:qqq is not scripted, and nothing scripted looks like it"


def test_a_hidden_function_is_not_said_to_be_unscripted_and_its_own_nearest(tmp_path: Path) -> None:
    _, explanation = unscripted(tmp_path, "_system/secret:list")

    assert explanation
    assert not explanation.startswith("_system/secret:list is not scripted; nearest: _system/secret:list ")


def test_a_function_of_a_component_is_not_said_to_be_unscripted_and_its_own_nearest(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, NAMES)

    explanation = emulator.handle(Call("messages:list", None, {}, Admin(), component="emailer")).explanation

    assert explanation
    assert "emailer" in explanation
    assert "nearest: messages:list " not in explanation


PASTED: list[dict[str, Any]] = [
    {},
    {"channel": "general"},
    {"n": 1.0, "i": Int64(-3), "b": b"\x01", "t": True, "z": None, "x": math.nan, "y": -math.inf, "m": -0.0},
    {"a": [1.0, ["x", {}], []], "o": {"p": {"q": "r"}}},
    {"text": 'it\'s "quoted": # no comment, [no list] {no map}\n\ttab'},
    {"price": "${total} and $${total}"},
    {"control": "\x7f\x85\u2028\x00"},
    {"a-b": 1.0, "": 2.0, "true": 3.0, "12": 4.0, "~": 5.0, "a: b": 6.0, "#": 7.0},
    {"looks": "true", "like": "12", "other": "null", "things": "1e3", "date": "2024-01-01"},
    {"greeting": "안녕하세요"},
    {"long": "x" * 5_000},
    {"big": 1e21, "small": 1e-7, "huge": 1.7976931348623157e308, "exact": 2.0**60},
]


@pytest.mark.parametrize("kind", [QUERY, MUTATION, ACTION, None])
@pytest.mark.parametrize("args", PASTED, ids=lambda args: str(args)[:40])
def test_a_pasted_rule_answers_the_call_it_was_made_for(
    tmp_path: Path, args: dict[str, Value], kind: FunctionType | None
) -> None:
    missed = Call("some/deep.dir/module_1:fn", kind, args)

    emulator = Emulator(load_text(tmp_path, rule_to_paste(missed)), emulator_of(tmp_path, "{}").clock)

    assert value_of(emulator.handle(missed)) is None


def test_a_pasted_rule_is_for_these_arguments_and_this_kind_only() -> None:
    text = rule_to_paste(Call("messages:send", MUTATION, {"body": "hi", "n": Int64(3)}))

    assert text.splitlines() == [
        "functions:",
        "  messages:send:",
        "    type: mutation",
        '    when: {args: {body: "hi", n: {$int64: 3}}}',
        "    result: null",
    ]


@pytest.mark.parametrize("operation", ["jobs/nightly", "null", "12", "true:x", "a.b/c:d", "_system/x:y"])
def test_a_pasted_rule_names_any_function(tmp_path: Path, operation: str) -> None:
    missed = Call(operation, QUERY, {"a": 1.0}, Admin())

    emulator = Emulator(load_text(tmp_path, rule_to_paste(missed)), emulator_of(tmp_path, "{}").clock)

    assert value_of(emulator.handle(missed)) is None
