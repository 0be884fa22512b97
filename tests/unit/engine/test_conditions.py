"""Conditions on state, call, chance, headers and `if`, and what they say when they do not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.call import Call, User
from emulator.engine.plan import Unmatched
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Value
from tests.support.engine import MUTATION, QUERY, call, emulator_of, ending_of, value_of
from tests.support.tables import change

HEADERS = {"X-Plan": "pro", "authorization": "Bearer secret", "Cookie": "session=secret", "User-Agent": "curl/8"}


def emulator_with(folder: Path, when: str, sections: str = "state: {mode: calm, n: 2}") -> Emulator:
    """Return an emulator whose function `f:g` answers true where the condition holds and false elsewhere."""
    return emulator_of(
        folder,
        f"""
vars: {{limit: 3}}
{sections}
functions:
  f:g: {{rules: [{{when: {when}, result: true}}, {{result: false}}]}}
  f:only: {{rules: [{{when: {when}, result: true}}]}}
  s:set: {{do: [{{set: {{mode: "${{args.mode}}"}}}}]}}
""",
    )


def reasons(emulator: Emulator, asked: Call) -> list[str]:
    ending = ending_of(emulator.handle(asked._replace(operation="f:only")))
    assert isinstance(ending, Unmatched)
    return [str(each) for miss in ending.misses for each in miss.mismatches]


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("{state: {mode: calm}}", True),
        ("{state: {mode: calm, n: 2}}", True),
        ("{state: {mode: wild}}", False),
        ("{state: {n: {$gte: 2}}}", True),
        ("{state: {n: '${args.n}'}}", True),
        ("{state: {n: '${args.n + 1}'}}", False),
        ("{state: {n: '${1 / 0}'}}", False),
        ("{headers: {x-plan: pro}}", True),
        ("{headers: {X-PLAN: pro}}", True),
        ("{headers: {x-plan: free}}", False),
        ("{headers: {x-none: {$exists: false}}}", True),
        ("{headers: {user-agent: {$regex: ^curl/}}}", True),
        ("{headers: {authorization: {$exists: true}}}", False),
        ("{headers: {cookie: {$exists: true}}}", False),
        ("{if: '${args.n == 2}'}", True),
        ("{if: '${args.n > vars.limit}'}", False),
        ("{if: '${state.mode}'}", True),
        ("{if: '${args.none}'}", False),
        ("{if: '${0}'}", False),
        ("{if: \"${''}\"}", False),
        ("{if: '${1 / 0}'}", False),
        ("{if: '${call == 1}'}", True),
        ("{if: \"${request.headers['x-plan'] == 'pro'}\"}", True),
        ("{if: '${identity == null}'}", True),
        ("{chance: 0}", False),
        ("{chance: 1}", True),
        ("{args: {n: '${state.n}'}, state: {mode: calm}, if: '${true}', chance: 1, call: 1}", True),
        ("{args: {n: '${state.n}'}, state: {mode: calm}, if: '${true}', chance: 1, call: 2}", False),
    ],
)
def test_a_condition_holds_when_all_of_its_parts_do(tmp_path: Path, when: str, holds: bool) -> None:  # noqa: FBT001
    emulator = emulator_with(tmp_path, when)
    asked = Call("f:g", QUERY, {"n": 2.0}, headers=HEADERS)

    assert value_of(emulator.handle(asked)) is holds


def test_a_condition_on_the_state_follows_it(tmp_path: Path) -> None:
    emulator = emulator_with(tmp_path, "{state: {mode: wild}}")

    answers = [value_of(call(emulator, "f:g"))]
    for mode in ("wild", "calm"):
        change(emulator, "s:set", {"mode": mode})
        answers.append(value_of(call(emulator, "f:g")))

    assert answers == [False, True, False]


@pytest.mark.parametrize(
    ("number", "calls"),
    [
        ("3", [3]),
        ("{from: 3}", [3, 4, 5, 6, 7]),
        ("{to: 2}", [1, 2]),
        ("{from: 2, to: 4}", [2, 3, 4]),
        ("{every: 3}", [3, 6]),
        ("{every: 2, from: 3, to: 6}", [4, 6]),
        ("{every: 1}", [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_condition_on_the_call_counts_the_calls_of_the_function(
    tmp_path: Path, number: str, calls: list[int]
) -> None:
    emulator = emulator_with(tmp_path, f"{{call: {number}}}")
    call(emulator, "f:only")

    held = [place for place in range(1, 8) if value_of(call(emulator, "f:g", {"n": float(place)}))]

    assert held == calls


def test_a_chance_is_met_about_as_often_as_it_says_and_the_same_way_by_seed(tmp_path: Path) -> None:
    text = "functions: {f:g: {rules: [{when: {chance: 0.3}, result: true}, {result: false}]}}"

    def draws(seed: int, kind: object = MUTATION) -> list[Value]:
        emulator = emulator_of(tmp_path, text, seed=seed)
        kinds = MUTATION if kind is MUTATION else QUERY
        return [value_of(call(emulator, "f:g", {"n": float(n)}, kinds)) for n in range(400)]

    first = draws(1)
    assert 90 < sum(map(bool, first)) < 150
    assert draws(1) == first != draws(2)
    assert 90 < sum(map(bool, draws(1, QUERY))) < 150


def test_a_query_meets_a_chance_by_its_arguments_and_a_mutation_by_its_number(tmp_path: Path) -> None:
    emulator = emulator_of(
        tmp_path, "functions: {f:g: {rules: [{when: {chance: 0.5}, result: true}, {result: false}]}}"
    )

    queries = [[value_of(call(emulator, "f:g", {"n": float(n)})) for n in range(20)] for _ in range(2)]
    mutations = [value_of(call(emulator, "f:g", {}, MUTATION)) for _ in range(40)]

    assert queries[0] == queries[1]
    assert set(map(bool, queries[0])) == set(map(bool, mutations)) == {True, False}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{state: {mode: wild, n: 2}}", ['state.mode: expected "wild", got "calm"']),
        ("{state: {n: {$gt: 5}}}", ["state.n: expected more than 5.0, got 2.0"]),
        ("{state: {n: '${1 / 0}'}}", ["state: expected what an expression says, got no value: division by zero"]),
        ("{call: 5}", ["call: expected 5, got 1"]),
        ("{call: {from: 3}}", ["call: expected from 3, got 1"]),
        ("{call: {every: 5}}", ["call: expected every 5th, got 1"]),
        ("{call: {every: 5, from: 2, to: 9}}", ["call: expected every 5th from 2 to 9, got 1"]),
        ("{call: {from: 2, to: 3}}", ["call: expected from 2 to 3, got 1"]),
        ("{headers: {X-Plan: free}}", ['headers.x-plan: expected "free", got "pro"']),
        ("{headers: {x-none: a}}", ['headers.x-none: expected "a", got nothing']),
        ("{headers: {authorization: Bearer me}}", ['headers.authorization: expected "Bearer me", got nothing']),
        ("{if: '${args.n > 5}'}", ["if: expected something true, got false"]),
        ("{if: '${args.none}'}", ["if: expected something true, got null"]),
        ("{if: '${1 / 0}'}", ["if: expected something true, got no value: division by zero"]),
        (
            "{args: {n: 1}, state: {mode: wild}, call: 2, if: '${0}'}",
            [
                "args.n: expected 1.0, got 2.0",
                'state.mode: expected "wild", got "calm"',
                "call: expected 2, got 1",
                "if: expected something true, got 0.0",
            ],
        ),
    ],
)
def test_what_a_condition_misses_is_said_in_words(tmp_path: Path, when: str, expected: list[str]) -> None:
    asked = Call("f:only", QUERY, {"n": 2.0}, headers=HEADERS)

    assert reasons(emulator_with(tmp_path, when), asked) == expected


def test_a_chance_that_was_missed_says_its_draw(tmp_path: Path) -> None:
    (text,) = reasons(emulator_with(tmp_path, "{chance: 0.000001}"), Call("f:only", QUERY, {}))

    assert text.startswith("chance: expected a draw below 1e-06, got 0.")


def test_no_explanation_shows_a_header_that_authorizes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked = Call("f:only", QUERY, {}, User({}), headers=HEADERS)
    for when in ("{headers: {$not: {}}}", "{headers: {x: {$exists: true}}}", '{if: "${request.headers == 5}"}'):
        entry = emulator_with(tmp_path, when).handle(asked)
        assert entry.explanation
        assert "secret" not in entry.explanation

    assert "secret" not in caplog.text


def test_the_nearest_rule_has_the_fewest_differences(tmp_path: Path) -> None:
    emulator = emulator_of(
        tmp_path,
        """
state: {mode: calm}
functions:
  f:g:
    rules:
      - {when: {args: {a: 1}, state: {mode: wild}}, result: 1}
      - {when: {args: {a: 2}, call: 1}, result: 2}
      - {when: {if: "${args.a > 8}", call: 7}, result: 3}
""",
    )

    explanation = call(emulator, "f:g", {"a": 5.0}).explanation

    assert explanation is not None
    assert "default.yaml:7:9, where args.a: expected 2.0, got 5.0" in explanation


DRAWS = """
functions:
  a:b:
    rules:
      - {when: {args: {n: {$lt: "${random.int(1, 100)}"}}}, result: low}
      - {when: {if: "${random.bool()}"}, result: "heads ${uuid()}"}
      - {result: "tails ${uuid()}"}
  a:c: {result: "${uuid()}", delay: {min: 0ms, max: 1s}}
  a:d: {result: "${uuid()}", delay: {min: 0ms, max: 1s}}
"""


def test_a_rule_more_changes_no_draw_of_another(tmp_path: Path) -> None:
    never = '{when: {args: {x: "${pick([1, 2])}"}, if: "${random.bool(0)}", chance: 0}, result: never}'
    more = DRAWS.replace("    rules:\n", f"    rules:\n      - {never}\n")
    one, other = (emulator_of(tmp_path, text) for text in (DRAWS, more))

    for kind in (QUERY, MUTATION):
        args: list[dict[str, Value]] = [{"n": float(n)} for n in range(0, 100, 5)]
        values = [value_of(call(one, "a:b", each, kind)) for each in args]
        assert [value_of(call(other, "a:b", each, kind)) for each in args] == values
        assert {str(each)[:3] for each in values} >= {"low", "hea"}


def test_equal_rules_of_two_functions_draw_by_themselves(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, DRAWS)

    one, other = call(emulator, "a:c", {}, MUTATION), call(emulator, "a:d", {}, MUTATION)

    assert value_of(one) != value_of(other)
    assert one.decision.plan[0] != other.decision.plan[0]


def test_equal_chances_of_two_functions_are_met_by_themselves(tmp_path: Path) -> None:
    rules = "{rules: [{when: {chance: 0.5}, result: true}, {result: false}]}"
    emulator = emulator_of(tmp_path, f"functions: {{a:b: {rules}, a:c: {rules}}}")

    one, other = ([value_of(call(emulator, name, {}, MUTATION)) for _ in range(30)] for name in ("a:b", "a:c"))

    assert one != other
