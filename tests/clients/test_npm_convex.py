"""npm `convex`, unmodified, against the command itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.clients.chat import FILE, after_head, frame
from tests.clients.scripts import asking, run_script, save
from tests.support.process import EmulatorProcess, emulator_process

FORMAT = "convex_encoded_json"
LETTERS = {"query": "Q", "mutation": "M", "action": "A", "any": "?"}

Seen: TypeAlias = Callable[[str], Any]


@pytest.fixture(scope="module")
def seen(emulator: EmulatorProcess) -> Seen:
    """Run a script, once however many tests look at it, and return what it saw."""
    reports: dict[str, Any] = {}

    def look(name: str) -> Any:
        if name not in reports:
            reports[name] = run_script(name, emulator.url)
        return reports[name]

    return look


def body_of(failure: dict[str, Any]) -> Any:
    """Return the error answer that the client made its message of."""
    assert failure["isConvexError"] is False
    return json.loads(failure["message"])


def lines(kind: str, path: str, *printed: tuple[str, str]) -> list[dict[str, str]]:
    """Return what the client prints for log lines, each a level and a text."""
    return [
        {"method": "log", "prefix": f"%c[CONVEX {LETTERS[kind]}({path})] [{level}]", "text": text}
        for level, text in printed
    ]


def test_a_query_gets_its_result(seen: Seen) -> None:
    tea = {"author": "민지", "body": "안녕하세요!", "likes": {"int64": "3"}, "score": 3}
    assert seen("functions")["query"] == [tea]


def test_a_query_without_arguments_gets_its_result(seen: Seen) -> None:
    assert seen("functions")["withoutArgs"] == []


def test_a_mutation_gets_its_result(seen: Seen) -> None:
    assert seen("functions")["mutation"] == "j579y71vbnz8m826r79ybxr834n3q5kb"


def test_an_action_gets_its_result(seen: Seen) -> None:
    assert seen("functions")["action"] == {"text": "무엇을 도와드릴까요?", "score": 0.5}


def test_a_generated_reference_names_the_same_function_as_its_path(seen: Seen) -> None:
    assert seen("functions")["byReference"] == seen("functions")["action"]


def test_a_path_with_the_file_name_names_the_same_function(seen: Seen) -> None:
    assert seen("functions")["byFileName"] == seen("functions")["withoutArgs"]


def test_queued_mutations_are_answered_in_their_order_and_the_last_outcome_stays(seen: Seen) -> None:
    assert seen("functions")["queued"] == ["first", "second", "third"]
    assert seen("functions")["unqueued"] == "third"


def test_many_queries_at_once_are_all_answered(seen: Seen) -> None:
    assert seen("functions")["atOnce"] == [[]] * 40


def test_consistent_queries_ask_for_one_timestamp_and_query_at_it(seen: Seen) -> None:
    first, second, third = seen("functions")["requests"]
    assert first == {"path": "/api/query_ts", "headers": ["Content-Type", "Convex-Client"], "body": None}
    ts = second["body"]["ts"]
    assert re.fullmatch(r"[A-Za-z0-9+/]{11}=", ts)
    assert second["path"] == third["path"] == "/api/query_at_ts"
    assert second["body"] == {"path": "users:me", "format": FORMAT, "args": [{}], "ts": ts}
    assert third["body"] == {"path": "messages:list", "format": FORMAT, "args": [{"channel": "tea"}], "ts": ts}


def test_consistent_queries_get_their_results_and_carry_the_token(seen: Seen) -> None:
    assert seen("functions")["consistent"] == ["Ada by her token", seen("functions")["query"]]


def test_every_type_of_value_arrives_at_the_client(seen: Seen) -> None:
    assert seen("values")["received"] == {
        "nothing": None,
        "truth": True,
        "whole": 3,
        "half": 1.5,
        "huge": 1e300,
        "nan": {"float64": "NaN"},
        "infinite": {"float64": "Infinity"},
        "infinitely_negative": {"float64": "-Infinity"},
        "negative_zero": {"float64": "-0"},
        "answer": {"int64": "42"},
        "largest": {"int64": "9223372036854775807"},
        "smallest": {"int64": "-9223372036854775808"},
        "text": '차 ☕ "quoted"',
        "bytes": {"bytes": [1, 2, 3]},
        "no_bytes": {"bytes": []},
        "list": [1, "a", [{"int64": "1"}], {}],
        "nested": {"deep": {"deeper": [{"bytes": [255]}, None]}},
    }


def test_every_type_of_value_arrives_at_the_function(seen: Seen) -> None:
    kinds = seen("values")["kinds"]
    assert kinds == {name: name for name in kinds}
    assert len(kinds) == 12


def test_a_negative_zero_arrives_at_the_function(seen: Seen) -> None:
    assert "got -0.0" in seen("values")["negativeZero"]["message"]


def test_a_client_without_a_token_is_nobody(seen: Seen) -> None:
    assert seen("auth")["anonymous"] == "nobody"


def test_a_token_selects_the_rule_for_its_identity_in_every_kind_of_function(seen: Seen) -> None:
    assert seen("auth")["ada"] == ["Ada by her token"] * 3
    assert seen("auth")["minji"] == "Minji by her token"
    assert seen("auth")["fromTheStart"] == "Ada by her token"


def test_a_wrong_token_fails_the_request_with_the_answers_body_as_message(seen: Seen) -> None:
    message = (
        "Could not parse JWT payload. Check that the token is a valid JWT format with three base64-encoded parts "
        "separated by dots."
    )
    assert body_of(seen("auth")["nonsense"]) == {"code": "InvalidAuthHeader", "message": message}


def test_a_well_formed_token_of_nobody_known_fails_the_request(seen: Seen) -> None:
    message = "Could not verify OIDC token claim. Check that the token signature is valid and the token hasn't expired."
    assert body_of(seen("auth")["foreign"]) == {"code": "Unauthenticated", "message": message}


def test_a_cleared_token_is_not_sent_again(seen: Seen) -> None:
    assert seen("auth")["cleared"] == "nobody"
    assert seen("auth")["clearedAdmin"] == "nobody"


def test_an_admin_who_acts_as_nobody_has_no_identity(seen: Seen) -> None:
    assert seen("auth")["admin"] == "nobody"


def test_an_admin_runs_any_kind_of_function_through_one_endpoint(seen: Seen) -> None:
    assert seen("auth")["functions"] == ["j579y71vbnz8m826r79ybxr834n3q5kb", seen("functions")["action"]]


@pytest.mark.parametrize("caller", ["functionAsNobody", "functionAsUser"])
def test_the_endpoint_for_any_kind_of_function_refuses_who_is_no_admin(seen: Seen, caller: str) -> None:
    body = body_of(seen("auth")[caller])
    assert body["code"] == "BadDeployKey"
    assert body["message"].startswith("The provided deploy key was invalid for this deployment. Double check that ")


def test_a_function_of_a_component_that_is_not_mounted_is_not_found(seen: Seen) -> None:
    failure = seen("auth")["inComponent"]
    missing = "Could not find function for 'users:me' in 'emailer'. Did you forget to run `npx convex dev`?"
    assert after_head(failure["message"]) == missing


def test_an_admin_acts_as_the_identity_given_with_the_key(seen: Seen) -> None:
    assert seen("auth")["actingAs"] == ["지훈 by the claims"] * 2
    assert seen("auth")["prefixed"] == "지훈 by the claims"


def test_a_wrong_admin_key_fails_the_request(seen: Seen) -> None:
    message = "The provided admin key was invalid for this instance"
    assert body_of(seen("auth")["wrongKey"]) == {"code": "BadAdminKey", "message": message}


@pytest.mark.parametrize("kind", ["query", "mutation", "action"])
def test_a_thrown_convex_error_carries_its_data_decoded(seen: Seen, kind: str) -> None:
    failure = seen("errors")["application"][kind]
    assert failure["isConvexError"] is True
    assert failure["data"] == {"bytes": {"bytes": [1, 2, 3]}, "code": "NO_TEA", "left": {"int64": "3"}, "price": 1.5}


def test_a_convex_error_is_worded_as_the_package_itself_words_its_data(seen: Seen) -> None:
    message = seen("errors")["application"]["query"]["message"]
    assert after_head(message) == f"Uncaught ConvexError: {seen('errors')['thrownHere']}{frame('errors:application')}"


def test_a_convex_error_may_have_words_of_its_own(seen: Seen) -> None:
    failure = seen("errors")["worded"]
    assert failure["data"] == {"code": "NO_TEA"}
    assert after_head(failure["message"]) == f"Uncaught ConvexError: The tea is out{frame('errors:worded')}"


@pytest.mark.parametrize(("name", "data", "text"), [("text", "out of tea", "out of tea"), ("nothing", None, "null")])
def test_the_data_of_a_convex_error_need_not_be_an_object(seen: Seen, name: str, data: Any, text: str) -> None:
    failure = seen("errors")[name]
    assert failure["isConvexError"] is True
    assert failure["data"] == data
    assert after_head(failure["message"]) == f"Uncaught ConvexError: {text}{frame(f'errors:{name}')}"


@pytest.mark.parametrize(
    ("name", "text"),
    [("developer", "Uncaught Error: out of tea"), ("named", "Uncaught TypeError: tea is not a function")],
)
def test_a_thrown_error_has_its_name_its_words_and_a_frame_that_names_the_rule(
    seen: Seen, name: str, text: str
) -> None:
    failure = seen("errors")[name]
    assert failure["isConvexError"] is False
    assert after_head(failure["message"]) == text + frame(f"errors:{name}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("missing", "Could not find public function for 'messages:lst'."),
        ("internal", "Could not find public function for '_system/cli/tables'."),
        ("wrongType", "Trying to execute messages.js:list as Mutation, but it is defined as Query."),
    ],
)
def test_a_call_that_no_function_can_answer_is_an_error_that_says_why(seen: Seen, name: str, text: str) -> None:
    failure = seen("errors")[name]
    assert failure["isConvexError"] is False
    assert after_head(failure["message"]) == text


def test_a_failure_of_the_infrastructure_is_an_error_with_the_answers_body_as_message(seen: Seen) -> None:
    message = (
        "Too many concurrent requests in a short period of time. "
        "Spread out your requests out over time or throttle them to avoid errors."
    )
    assert body_of(seen("errors")["overloaded"]) == {"code": "ExecuteFullError", "message": message}
    assert body_of(seen("errors")["limited"]) == {"code": "TooManyConcurrentRequests", "message": "Slow down"}


def test_a_path_that_names_no_function_fails_the_request(seen: Seen) -> None:
    assert body_of(seen("errors")["badPath"]) == {
        "code": "BadConvexFunctionIdentifier",
        "message": "messages.ts:list is not a valid path to a Convex function. "
        "Module path (messages.ts) has an extension that isn't 'js'.",
    }


def test_a_body_over_the_limit_fails_the_request_and_not_the_next(seen: Seen) -> None:
    message = "Failed to buffer the request body: length limit exceeded"
    assert body_of(seen("errors")["tooLarge"]) == {"code": "BadJsonBody", "message": message}
    assert seen("errors")["afterwards"] == []


def test_the_client_prints_log_lines_of_every_level(seen: Seen) -> None:
    assert seen("logs")["query"] == lines(
        "query",
        "logs:all",
        ("LOG", "'listing messages'"),
        ("LOG", "'two arguments' { n: 1, big: 2n, list: [ 'a', null ] }"),
        ("DEBUG", "'안녕'"),
        ("INFO", '"it\'s"'),
        ("WARN", "'low stock' 2 true"),
        ("ERROR", "'gone'"),
    )


def test_the_client_prints_the_log_lines_of_every_kind_of_function(seen: Seen) -> None:
    assert seen("logs")["mutation"] == lines("mutation", "logs:mutation", ("INFO", "'saved'"))
    assert seen("logs")["action"] == lines("action", "logs:action", ("INFO", "'fetched'"))
    assert seen("logs")["any"] == lines("any", "logs:mutation", ("INFO", "'saved'"))


def test_the_client_prints_the_log_lines_of_a_failed_function(seen: Seen) -> None:
    assert seen("logs")["failed"] == lines("query", "errors:developer", ("WARN", "'low stock'"))


def test_the_client_prints_nothing_without_log_lines_or_with_its_logger_off(seen: Seen) -> None:
    assert seen("logs")["none"] == []
    assert seen("logs")["silent"] == []


def test_saving_the_file_changes_the_next_answer_of_a_running_client(tmp_path: Path) -> None:
    save(tmp_path, FILE, "functions: {'messages:list': {result: [one]}}")
    with emulator_process(tmp_path, FILE) as emulator, asking(emulator) as ask:
        assert ask() == {"value": ["one"]}
        save(tmp_path, FILE, "functions: {'messages:list': {error: {data: two}}}")
        emulator.wait_for_log("revision 2 in force")
        assert ask()["data"] == "two"
        save(tmp_path, FILE, "functions: {'messages:list': {results: [three]}}")
        emulator.wait_for_log("revision 2 stays in force")
        assert ask()["data"] == "two"
        save(tmp_path, FILE, "functions: {'messages:send': {result: four}}")
        emulator.wait_for_log("revision 3 in force")
        assert "Could not find public function for 'messages:list'." in ask()["message"]
