"""Which rule answers: the first without a difference."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from emulator.engine.call import ANONYMOUS, Admin, Caller, User
from emulator.engine.plan import Unmatched
from emulator.values.convex import Int64, Value
from tests.support.engine import call, emulator_of, ending_of, value_of


def answers(folder: Path, when: str, args: dict[str, Value], caller: Caller = ANONYMOUS) -> bool:
    """Whether a rule with this condition answers this call."""
    emulator = emulator_of(folder, f"functions: {{f:g: {{rules: [{{when: {when}, result: true}}]}}}}")
    ending = ending_of(call(emulator, "f:g", args, caller=caller))
    return not isinstance(ending, Unmatched)


def test_the_first_rule_that_matches_answers(tmp_path: Path) -> None:
    emulator = emulator_of(
        tmp_path,
        """
        functions:
          f:g:
            rules:
              - {when: {args: {a: 1, b: 2}}, result: both}
              - {when: {args: {a: 1}}, result: first}
              - {when: {args: {b: 2}}, result: second}
              - {result: neither}
              - {result: never}
        """,
    )

    assert value_of(call(emulator, "f:g", {"a": 1.0, "b": 2.0})) == "both"
    assert value_of(call(emulator, "f:g", {"a": 1.0, "b": 3.0})) == "first"
    assert value_of(call(emulator, "f:g", {"b": 2.0})) == "second"
    assert value_of(call(emulator, "f:g", {})) == "neither"


@pytest.mark.parametrize(
    ("wanted", "args"),
    [
        ("{}", {"anything": 1.0}),
        ("{a: x}", {"a": "x"}),
        ("{a: x}", {"a": "x", "more": [1.0]}),
        ("{a: {b: {c: 1}}}", {"a": {"b": {"c": 1.0, "d": 2.0}, "e": 3.0}}),
        ("{a: {}}", {"a": {"b": 1.0}}),
        ("{a: []}", {"a": []}),
        ("{a: [1, x]}", {"a": [1.0, "x"]}),
        ("{a: [{b: 1}]}", {"a": [{"b": 1.0, "c": 2.0}]}),
        ("{a: null}", {"a": None}),
        ("{a: true}", {"a": True}),
        ("{a: {$int64: 1}}", {"a": Int64(1)}),
        ("{a: {$bytes: AQID}}", {"a": b"\x01\x02\x03"}),
        ("{a: .nan}", {"a": math.nan}),
        ("{a: -.inf}", {"a": -math.inf}),
        ("{a: [.nan]}", {"a": [math.nan]}),
        ("{a: 0}", {"a": -0.0}),
        ("{a: ''}", {"a": ""}),
    ],
)
def test_a_condition_asks_only_for_what_it_names(tmp_path: Path, wanted: str, args: dict[str, Value]) -> None:
    assert answers(tmp_path, f"{{args: {wanted}}}", args)


@pytest.mark.parametrize(
    ("wanted", "args"),
    [
        ("{a: x}", {}),
        ("{a: x}", {"a": "y"}),
        ("{a: null}", {}),
        ("{a: {b: 1}}", {"a": {"c": 1.0}}),
        ("{a: {b: 1}}", {"a": [1.0]}),
        ("{a: {b: 1}}", {"a": None}),
        ("{a: {}}", {"a": []}),
        ("{a: []}", {"a": {}}),
        ("{a: []}", {"a": [1.0]}),
        ("{a: [1]}", {"a": [1.0, 2.0]}),
        ("{a: [1, 2]}", {"a": [1.0]}),
        ("{a: [1, 2]}", {"a": [2.0, 1.0]}),
        ("{a: [{b: 1}]}", {"a": [{"b": 2.0}]}),
        ("{a: true}", {"a": 1.0}),
        ("{a: 1}", {"a": True}),
        ("{a: false}", {"a": 0.0}),
        ("{a: 1}", {"a": Int64(1)}),
        ("{a: {$int64: 1}}", {"a": 1.0}),
        ("{a: {$int64: 1}}", {"a": True}),
        ("{a: '1'}", {"a": 1.0}),
        ("{a: {$bytes: AQID}}", {"a": "AQID"}),
        ("{a: .nan}", {"a": 0.0}),
        ("{a: 0}", {"a": math.nan}),
    ],
)
def test_a_condition_with_any_difference_does_not_answer(tmp_path: Path, wanted: str, args: dict[str, Value]) -> None:
    assert not answers(tmp_path, f"{{args: {wanted}}}", args)


ADA = User({"subject": "user|1", "name": "Ada", "roles": ["admin"]}, "ada")
STRANGER = User({"subject": "user|9"})


@pytest.mark.parametrize(
    ("wanted", "caller"),
    [
        ("null", ANONYMOUS),
        ("null", Admin()),
        ("{}", ADA),
        ("{name: Ada}", ADA),
        ("{name: Ada}", Admin(ADA)),
        ("{subject: 'user|9'}", STRANGER),
        ("{roles: [admin]}", ADA),
    ],
    ids=repr,
)
def test_a_condition_on_the_identity_asks_for_its_attributes(tmp_path: Path, wanted: str, caller: Caller) -> None:
    assert answers(tmp_path, f"{{identity: {wanted}}}", {}, caller)


@pytest.mark.parametrize(
    ("wanted", "caller"),
    [
        ("null", ADA),
        ("null", Admin(ADA)),
        ("{}", ANONYMOUS),
        ("{}", Admin()),
        ("{name: Ada}", STRANGER),
        ("{name: Ada}", ANONYMOUS),
        ("{name: Ada}", Admin()),
        ("{name: Ada}", Admin(STRANGER)),
        ("{roles: []}", ADA),
    ],
    ids=repr,
)
def test_another_identity_does_not_match(tmp_path: Path, wanted: str, caller: Caller) -> None:
    assert not answers(tmp_path, f"{{identity: {wanted}}}", {}, caller)


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (ADA, "by name"),
        (Admin(ADA), "by name"),
        (STRANGER, "somebody"),
        (User({"name": "ada"}, "bob"), "somebody"),
        (ANONYMOUS, "nobody"),
        (Admin(), "nobody"),
    ],
    ids=repr,
)
def test_a_condition_may_name_an_identity_of_the_scenario(tmp_path: Path, caller: Caller, expected: str) -> None:
    emulator = emulator_of(
        tmp_path,
        """
        identities: {ada: {token: t1}, bob: {token: t2}}
        functions:
          f:g:
            rules:
              - {when: {identity: ada}, result: by name}
              - {when: {identity: null}, result: nobody}
              - {result: somebody}
        """,
    )

    assert value_of(call(emulator, "f:g", caller=caller)) == expected


def test_arguments_and_identity_must_both_match(tmp_path: Path) -> None:
    when = "{args: {a: 1}, identity: {name: Ada}}"

    assert answers(tmp_path, when, {"a": 1.0}, ADA)
    assert not answers(tmp_path, when, {"a": 2.0}, ADA)
    assert not answers(tmp_path, when, {"a": 1.0}, STRANGER)
