"""PyPI `convex`, unmodified, against the command itself: its HTTP client."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from convex import ConvexError, ConvexInt64
from convex.http_client import ConvexExecutionError, ConvexHttpClient

from tests.clients.chat import ADMIN_KEY, after_head, frame, unsigned_jwt
from tests.support.process import EmulatorProcess, emulator_process
from tests.support.scenarios import write_files

KINDS = ("query", "mutation", "action")
SENT: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "int64": ConvexInt64(42),
    "float64": 42,
    "smallest int64": ConvexInt64(-(2**63)),
    "nan": math.nan,
    "infinity": math.inf,
    "negative infinity": -math.inf,
    "string": "42",
    "bytes": b"\x01\x02\x03",
    "array": (1, ConvexInt64(1)),
    "nested object": {"a": {"b": [b"\x01\x02\x03", None, {"c": "안녕"}]}},
}


@pytest.fixture
def client(emulator: EmulatorProcess) -> ConvexHttpClient:
    return ConvexHttpClient(emulator.url)


def call(client: ConvexHttpClient, kind: str, path: str) -> Any:
    function: Callable[[str], Any] = getattr(client, kind)
    return function(path)


def test_a_query_gets_its_result(client: ConvexHttpClient) -> None:
    [message] = client.query("messages:list", {"channel": "tea"})
    assert message == {"author": "민지", "body": "안녕하세요!", "likes": ConvexInt64(3), "score": 3.0}


def test_a_query_without_arguments_gets_its_result(client: ConvexHttpClient) -> None:
    assert client.query("messages:list") == []


def test_a_mutation_gets_its_result(client: ConvexHttpClient) -> None:
    assert client.mutation("messages:send", {"body": "Hello"}) == "j579y71vbnz8m826r79ybxr834n3q5kb"


def test_an_action_gets_its_result(client: ConvexHttpClient) -> None:
    assert client.action("ai/replies:generate", {"prompt": "?"}) == {"text": "무엇을 도와드릴까요?", "score": 0.5}


def test_calls_of_one_client_are_answered_in_their_order(client: ConvexHttpClient) -> None:
    assert [client.mutation("jobs/nightly") for _ in range(4)] == ["first", "second", "third", "third"]


def test_every_type_of_value_arrives_at_the_client(client: ConvexHttpClient) -> None:
    received = client.query("values:all")
    not_a_number, negative_zero = received.pop("nan"), received.pop("negative_zero")
    assert math.isnan(not_a_number)
    assert (negative_zero, math.copysign(1, negative_zero)) == (0, -1)
    assert received == {
        "nothing": None,
        "truth": True,
        "whole": 3.0,
        "half": 1.5,
        "huge": 1e300,
        "infinite": math.inf,
        "infinitely_negative": -math.inf,
        "answer": ConvexInt64(42),
        "largest": ConvexInt64(2**63 - 1),
        "smallest": ConvexInt64(-(2**63)),
        "text": '차 ☕ "quoted"',
        "bytes": b"\x01\x02\x03",
        "no_bytes": b"",
        "list": [1.0, "a", [ConvexInt64(1)], {}],
        "nested": {"deep": {"deeper": [b"\xff", None]}},
    }


def test_whole_numbers_arrive_as_floats(client: ConvexHttpClient) -> None:
    received = client.query("values:all")
    assert [type(received[name]) for name in ("whole", "huge", "answer")] == [float, float, ConvexInt64]


@pytest.mark.parametrize("kind", SENT)
def test_every_type_of_value_arrives_at_the_function(client: ConvexHttpClient, kind: str) -> None:
    assert client.query("values:kind", {"value": SENT[kind]}) == kind


def test_a_negative_zero_arrives_at_the_function(client: ConvexHttpClient) -> None:
    with pytest.raises(ConvexExecutionError, match=r"got -0\.0"):
        client.mutation("messages:send", {"body": -0.0})


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_selects_the_rule_for_its_identity(client: ConvexHttpClient, kind: str) -> None:
    assert call(client, kind, "users:me") == "nobody"
    client.set_auth("token-of-ada")
    assert call(client, kind, "users:me") == "Ada by her token"
    client.set_auth("token-of-minji")
    assert call(client, kind, "users:me") == "Minji by her token"
    client.clear_auth()
    assert call(client, kind, "users:me") == "nobody"


def test_a_wrong_token_fails_the_request(client: ConvexHttpClient) -> None:
    client.set_auth("nonsense")
    with pytest.raises(Exception, match=r"^401 InvalidAuthHeader: Could not parse JWT payload\. ") as raised:
        client.query("messages:list")
    assert type(raised.value) is Exception


def test_a_well_formed_token_of_nobody_known_fails_the_request(client: ConvexHttpClient) -> None:
    client.set_auth(unsigned_jwt({"iss": "https://id.example", "sub": "user|9"}))
    with pytest.raises(Exception, match=r"^401 Unauthenticated: Could not verify OIDC token claim\. "):
        client.query("messages:list")


def test_an_admin_key_is_accepted_for_the_functions_of_users(client: ConvexHttpClient) -> None:
    client.set_admin_auth(ADMIN_KEY)
    assert [call(client, kind, "users:me") for kind in KINDS] == ["nobody"] * 3


def test_a_wrong_admin_key_fails_the_request(client: ConvexHttpClient) -> None:
    client.set_admin_auth("demo-happy-otter-123|wrong")
    message = "401 BadAdminKey: The provided admin key was invalid for this instance"
    with pytest.raises(Exception, match=f"^{re.escape(message)}$"):
        client.query("messages:list")


def test_the_admin_key_of_another_deployment_fails_the_request(client: ConvexHttpClient) -> None:
    client.set_admin_auth("other-badger-1|0123abcd")
    with pytest.raises(Exception, match=r"^403 BadDeployKey: The provided deploy key was invalid for deployment '"):
        client.query("messages:list")


@pytest.mark.parametrize("kind", KINDS)
def test_a_thrown_convex_error_carries_its_data_as_it_travelled(client: ConvexHttpClient, kind: str) -> None:
    with pytest.raises(ConvexError, match=r"^Convex error$") as raised:
        call(client, kind, "errors:application")
    left = {"$integer": "AwAAAAAAAAA="}
    assert raised.value.data == {"bytes": {"$bytes": "AQID"}, "code": "NO_TEA", "left": left, "price": 1.5}


def test_a_thrown_convex_error_with_a_text_is_worded_by_it(client: ConvexHttpClient) -> None:
    with pytest.raises(ConvexError, match=r"^out of tea$") as raised:
        client.query("errors:text")
    assert raised.value.data == "out of tea"


def test_a_thrown_convex_error_may_hold_null(client: ConvexHttpClient) -> None:
    with pytest.raises(ConvexError) as raised:
        client.query("errors:nothing")
    assert raised.value.data is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("errors:developer", "Uncaught Error: out of tea"),
        ("errors:named", "Uncaught TypeError: tea is not a function"),
    ],
)
def test_a_thrown_error_raises_an_execution_error_with_its_words_and_its_frame(
    client: ConvexHttpClient, path: str, text: str
) -> None:
    with pytest.raises(ConvexExecutionError) as raised:
        client.action(path)
    assert after_head(str(raised.value)) == text + frame(path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("messages:lst", "Could not find public function for 'messages:lst'."),
        ("messages:list", "Trying to execute messages.js:list as Mutation, but it is defined as Query."),
    ],
)
def test_a_call_that_no_function_can_answer_raises_an_execution_error_that_says_why(
    client: ConvexHttpClient, path: str, text: str
) -> None:
    with pytest.raises(ConvexExecutionError) as raised:
        client.mutation(path)
    assert after_head(str(raised.value)) == text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("errors:overloaded", "503 ExecuteFullError: Too many concurrent requests in a short period of time. "),
        ("errors:limited", "429 TooManyConcurrentRequests: Slow down"),
        ("messages.ts:list", "400 BadConvexFunctionIdentifier: messages.ts:list is not a valid path to a Convex"),
    ],
)
def test_an_error_answer_raises_its_status_code_and_message(client: ConvexHttpClient, path: str, text: str) -> None:
    with pytest.raises(Exception, match=f"^{re.escape(text)}") as raised:
        client.query(path)
    assert type(raised.value) is Exception


def test_a_body_over_the_limit_fails_the_request_and_not_the_next(client: ConvexHttpClient) -> None:
    text = "400 BadJsonBody: Failed to buffer the request body: length limit exceeded"
    with pytest.raises(Exception, match=f"^{text}$"):
        client.query("messages:list", {"body": "x" * 17 * 1024 * 1024})
    assert client.query("messages:list") == []


def test_an_address_with_a_base_path_gets_an_empty_404(emulator: EmulatorProcess) -> None:
    with pytest.raises(requests.HTTPError) as raised:
        ConvexHttpClient(f"{emulator.url}/nowhere").query("messages:list")
    assert raised.value.response is not None
    assert (raised.value.response.status_code, raised.value.response.content) == (404, b"")


def test_log_lines_are_printed_in_debug_mode(client: ConvexHttpClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.query("logs:all")
    assert capsys.readouterr().out == ""
    client.set_debug(value=True)
    client.query("logs:all")
    assert capsys.readouterr().out.splitlines() == [
        "[LOG] 'listing messages'",
        "[LOG] 'two arguments' { n: 1, big: 2n, list: [ 'a', null ] }",
        "[DEBUG] '안녕'",
        '[INFO] "it\'s"',
        "[WARN] 'low stock' 2 true",
        "[ERROR] 'gone'",
    ]


def test_log_lines_of_a_failed_function_are_printed_too(
    client: ConvexHttpClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.set_debug(value=True)
    with pytest.raises(ConvexExecutionError):
        client.mutation("errors:developer")
    assert capsys.readouterr().out == "[WARN] 'low stock'\n"


def test_an_old_client_is_warned_and_answered(client: ConvexHttpClient) -> None:
    client.headers["Convex-Client"] = "python-0.2.0"
    with pytest.warns(UserWarning, match="^UpgradeRequired: .*0.2.0"):
        assert client.query("messages:list") == []


def test_a_client_that_is_too_old_is_warned_and_refused(client: ConvexHttpClient) -> None:
    client.headers["Convex-Client"] = "python-0.0.2"
    with (
        pytest.warns(UserWarning, match="^Unsupported: .*0.0.2"),
        pytest.raises(Exception, match=r"^400 ClientVersionUnsupported: .*0\.0\.2"),
    ):
        client.query("messages:list")


def test_a_client_that_gives_no_version_is_refused(client: ConvexHttpClient) -> None:
    client.headers["Convex-Client"] = "foo"
    with pytest.raises(Exception, match=r"^400 InvalidClientVersion: Failed to parse client version string: 'foo'\. "):
        client.query("messages:list")


def test_without_listed_identities_the_claims_of_any_token_are_the_identity(tmp_path: Path) -> None:
    rule = "{when: {identity: {tokenIdentifier: 'https://id.example|7', givenName: Ada, team: tea}}, result: Ada}"
    write_files(tmp_path, {"open.yaml": f"functions: {{'users:me': {{rules: [{rule}, {{result: other}}]}}}}"})
    claims = {"iss": "https://id.example", "sub": "7", "given_name": "Ada", "team": "tea"}
    with emulator_process(tmp_path, "open.yaml") as emulator:
        client = ConvexHttpClient(emulator.url)
        client.set_auth(unsigned_jwt(claims))
        assert client.query("users:me") == "Ada"
        client.set_auth(unsigned_jwt({**claims, "sub": "8"}))
        assert client.query("users:me") == "other"
        client.set_auth(unsigned_jwt({"sub": "7"}))
        with pytest.raises(Exception, match=r"^401 InvalidAuthHeader: Missing issuer claim \('iss'\) in JWT payload\."):
            client.query("users:me")


def test_in_production_texts_and_log_lines_are_hidden_but_not_the_data_of_convex_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    functions = "{'tea:pour': {error: out of tea, logs: [low]}, 'tea:ask': {error: {data: {code: NO_TEA}}}}"
    write_files(tmp_path, {"prod.yaml": f"deployment: {{type: prod}}\nfunctions: {functions}"})
    with emulator_process(tmp_path, "prod.yaml") as emulator:
        client = ConvexHttpClient(emulator.url)
        client.set_debug(value=True)
        with pytest.raises(ConvexExecutionError, match=r"^\[Request ID: [0-9a-f]{16}\] Server Error$"):
            client.query("tea:pour")
        assert capsys.readouterr().out == ""
        with pytest.raises(ConvexError) as raised:
            client.query("tea:ask")
        assert raised.value.data == {"code": "NO_TEA"}
        client.set_admin_auth(emulator.facts["admin_key"])
        with pytest.raises(
            ConvexExecutionError, match=r"Uncaught Error: out of tea\n    at handler \(prod\.yaml:2:\d+\)\n$"
        ):
            client.query("tea:pour")
        assert capsys.readouterr().out == "[LOG] 'low'\n"
