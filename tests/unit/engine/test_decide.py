"""What a call gets when no rule is to be chosen: wrong kinds, hidden functions, refused arguments, components."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.call import ANONYMOUS, Admin, Call, Caller, User
from emulator.engine.plan import Finish, Rejected, Returned, Threw, Unmatched, Unscripted, Wait, WrongType
from emulator.model.function import FunctionType
from emulator.model.rule import Failure, Thrown
from emulator.runtime.emulator import Emulator
from tests.support.engine import ACTION, MUTATION, QUERY, call, emulator_of, ending_of, value_of

SCENARIO = """
functions:
  messages:list: {type: query, result: listed}
  messages:send: {type: mutation, result: sent}
  any:thing: {result: done}
  _system/frontend/tables:list: {result: [secret]}
  errors:app: {error: {message: No, name: TypeError}, logs: [{warn: low}, one], delay: 5ms}
  errors:data: {error: {data: {code: NO_TEA}}}
  errors:down: {failure: {status: 503, code: X, message: Y}}
  orders:place: {rules: [{when: {args: {a: 1}}, result: 1}]}
"""


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return emulator_of(tmp_path, SCENARIO)


@pytest.mark.parametrize("kind", [QUERY, MUTATION, ACTION, None])
def test_a_function_without_a_type_answers_every_kind_of_call(emulator: Emulator, kind: FunctionType | None) -> None:
    assert value_of(call(emulator, "any:thing", kind=kind)) == "done"


@pytest.mark.parametrize("asked", [MUTATION, ACTION])
def test_a_query_called_as_another_kind_is_the_wrong_type(emulator: Emulator, asked: FunctionType) -> None:
    entry = call(emulator, "messages:list", kind=asked)
    ending = ending_of(entry)

    assert isinstance(ending, WrongType)
    assert (ending.function.path.public, ending.asked) == ("messages:list", asked)
    assert entry.decision.rule is None
    assert entry.explanation is not None
    assert entry.explanation.endswith(f"is a query, called as {asked.value.lower()}")


@pytest.mark.parametrize("kind", [QUERY, None])
def test_a_query_called_as_such_or_as_any_kind_answers(emulator: Emulator, kind: FunctionType | None) -> None:
    assert value_of(call(emulator, "messages:list", kind=kind)) == "listed"


@pytest.mark.parametrize("caller", [ANONYMOUS, User({"subject": "a"})], ids=repr)
def test_system_functions_do_not_exist_for_others_than_admins(emulator: Emulator, caller: Caller) -> None:
    ending = ending_of(call(emulator, "_system/frontend/tables:list", caller=caller))

    assert isinstance(ending, Unscripted)
    assert ending.operation == "_system/frontend/tables:list"


@pytest.mark.parametrize("caller", [Admin(), Admin(User({"subject": "a"}))], ids=repr)
def test_system_functions_answer_admins(emulator: Emulator, caller: Caller) -> None:
    assert value_of(call(emulator, "_system/frontend/tables:list", caller=caller)) == ["secret"]


def test_what_a_mounted_component_has_is_not_scripted(emulator: Emulator) -> None:
    ending = ending_of(emulator.handle(Call("messages:list", None, {}, Admin(), component="emailer")))

    assert isinstance(ending, Unscripted)
    assert (ending.operation, ending.component, ending.public) == ("messages:list", "emailer", False)


def test_refused_arguments_are_refused_before_any_rule_is_looked_at(emulator: Emulator) -> None:
    entry = emulator.handle(Call("any:thing", QUERY, {}, fault="no object"))

    assert ending_of(entry) == Rejected("no object")
    assert entry.explanation is None


def test_refused_arguments_of_an_unscripted_function_are_no_matter(emulator: Emulator) -> None:
    ending = ending_of(emulator.handle(Call("no:such", QUERY, {}, fault="no object")))

    assert isinstance(ending, Unscripted)


def test_a_rule_is_laid_out_as_waiting_and_finishing(emulator: Emulator) -> None:
    entry = call(emulator, "errors:app")
    ending = Threw("No", name="TypeError")

    assert entry.decision.plan == (Wait(5_000_000), Finish(ending, ("[WARN] 'low'", "[LOG] 'one'")))
    assert entry.decision.changes == ()
    assert entry.decision.rule is not None
    assert entry.decision.rule.outcome == Thrown("No", name="TypeError")


def test_every_outcome_ends_a_plan(emulator: Emulator) -> None:
    result, data, failure = (ending_of(call(emulator, name)) for name in ("any:thing", "errors:data", "errors:down"))

    assert isinstance(result, Returned)
    assert isinstance(data, Threw)
    assert data.data is not None
    assert (data.name, data.message, data.data.value) == ("ConvexError", '{"code":"NO_TEA"}', {"code": "NO_TEA"})
    assert failure == Failure(503, "X", "Y")


def test_a_call_that_no_rule_wants_is_unmatched(emulator: Emulator) -> None:
    entry = call(emulator, "orders:place", {"a": 2.0})
    ending = ending_of(entry)

    assert isinstance(ending, Unmatched)
    assert ending.function.path.public == "orders:place"
    assert entry.decision.rule is None
    assert entry.decision.changes == ()
