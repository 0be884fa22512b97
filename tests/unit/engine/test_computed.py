"""Rules that compute: what calls get, how draws behave, and what is said when an expression has no value."""

from __future__ import annotations

from pathlib import Path

from emulator.engine.call import User
from emulator.engine.plan import Finish, Threw, Uncomputable
from tests.support.engine import MUTATION, QUERY, call, emulator_of, ending_of, value_of
from tests.support.scenarios import load_text

TEXT = """
vars: {greeting: 안녕}
functions:
  a:hello:
    result: {text: "${vars.greeting} ${args.name ?? 'you'}", at: "${iso()}", who: "${identity.name ?? null}"}
    logs: ["hello ${args.name}", {warn: [low, "${call}"]}]
  a:throw: {error: {message: "no ${args.n}", data: {n: "${args.n}"}}}
  a:id: {result: "${uuid()}"}
  a:divide: {result: ["${1 / args.n}"]}
"""


def test_results_and_log_lines_are_computed(tmp_path: Path) -> None:
    entry = call(emulator_of(tmp_path, TEXT), "a:hello", {"name": "Ada"}, caller=User({"name": "Minji"}))

    assert value_of(entry) == {"text": "안녕 Ada", "at": "1970-01-01T00:00:00Z", "who": "Minji"}
    last = entry.decision.plan[-1]
    assert isinstance(last, Finish)
    assert last.logs == ("[LOG] 'hello Ada'", "[WARN] 'low' 1")


def test_errors_are_computed(tmp_path: Path) -> None:
    ending = ending_of(call(emulator_of(tmp_path, TEXT), "a:throw", {"n": 2.0}))

    assert isinstance(ending, Threw)
    assert ending.data is not None
    assert (ending.message, ending.data.value, ending.name) == ("no 2", {"n": 2.0}, "ConvexError")


def test_a_query_draws_by_its_arguments_and_a_mutation_by_its_calls(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    queries = [value_of(call(emulator, "a:id", {"x": x}, QUERY)) for x in (1.0, 1.0, 2.0)]
    mutations = [value_of(call(emulator, "a:id", {}, MUTATION)) for _ in range(3)]

    assert queries[0] == queries[1] != queries[2]
    assert len({str(each) for each in mutations}) == 3
    again = emulator_of(tmp_path, TEXT)
    assert [value_of(call(again, "a:id", {}, MUTATION)) for _ in range(3)] == mutations


def test_another_seed_draws_otherwise_and_another_rule_changes_nothing(tmp_path: Path) -> None:
    first = value_of(call(emulator_of(tmp_path, TEXT), "a:id"))
    rules = 'a:id: {rules: [{when: {args: {z: 1}}, result: 0}, {result: "${uuid()}"}]}'
    ruled = TEXT.replace('a:id: {result: "${uuid()}"}', rules)

    assert value_of(call(emulator_of(tmp_path, TEXT, seed=7), "a:id")) != first
    assert value_of(call(emulator_of(tmp_path, ruled), "a:id")) == first


def test_an_expression_without_a_value_ends_in_an_error_that_names_its_place(tmp_path: Path) -> None:
    entry = call(emulator_of(tmp_path, TEXT), "a:divide", {"n": 0.0})
    ending = ending_of(entry)

    assert isinstance(ending, Uncomputable)
    assert (ending.reason, ending.place.line) == ("division by zero", 9)
    assert entry.explanation is not None
    assert entry.explanation == f"the scenario at {ending.place} fails: division by zero"


def test_the_same_expressions_are_the_same_function_wherever_they_stand(tmp_path: Path) -> None:
    scenario = load_text(tmp_path, TEXT)
    moved = load_text(tmp_path, f"# a comment\n{TEXT}")

    assert scenario.functions == moved.functions
    assert scenario.functions["a:id"] != load_text(tmp_path, TEXT.replace("uuid()", "uuid() + ''")).functions["a:id"]
