"""curl against the command itself, as the public documentation uses it and as developers do."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.clients.chat import ADMIN_KEY, frame
from tests.support.process import EmulatorProcess

DOCUMENTED_ORIGIN = "https://acoustic-panther-728.convex.cloud"
DOCUMENTED_QUERY = r"""
curl https://acoustic-panther-728.convex.cloud/api/query \
   -d '{"path": "messages:list", "args": {}, "format": "json"}' \
   -H "Content-Type: application/json"
"""
DOCUMENTED_RUN = r"""
curl https://acoustic-panther-728.convex.cloud/api/run/messages/list \
   -d '{"args": {}, "format": "json"}' \
   -H "Content-Type: application/json"
"""
TEA = {"author": "민지", "body": "안녕하세요!", "likes": "3", "score": 3.0}
JSON_TYPE = ("-H", "Content-Type: application/json")
VARY = "origin, access-control-request-method, access-control-request-headers"


@dataclass(frozen=True)
class Answer:
    """What curl got; the names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


def curl(url: str, *options: str) -> Answer:
    """Run curl without its settings file, with `--include`, and take its output apart."""
    command = ["curl", "--disable", "--silent", "--show-error", "--include", *options, url]
    output = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
    head, _, body = output.partition("\r\n\r\n")
    status, *rows = head.split("\r\n")
    pairs = (row.partition(": ") for row in rows)
    return Answer(int(status.split(" ")[1]), {name.lower(): value for name, _, value in pairs}, body)


def post(emulator: EmulatorProcess, path: str, body: dict[str, Any], *options: str) -> Answer:
    return curl(emulator.url + path, "-d", json.dumps(body), *JSON_TYPE, *options)


@pytest.mark.parametrize("command", [DOCUMENTED_QUERY, DOCUMENTED_RUN])
def test_the_documented_commands_are_answered(emulator: EmulatorProcess, command: str) -> None:
    here = command.replace(DOCUMENTED_ORIGIN, emulator.url)
    run = subprocess.run(["sh", "-c", here], capture_output=True, text=True, check=True, timeout=60)
    answer = json.loads(run.stdout)
    assert (answer["status"], answer["value"]) == ("success", [])


def test_an_answer_is_json_with_its_length_and_a_date(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "/api/query", {"path": "messages:list", "args": {}})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["date"].endswith(" GMT")


def test_an_answer_without_log_lines_has_an_empty_list_of_them(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "/api/query", {"path": "messages:list", "args": {}})

    assert answer.body == '{"status":"success","value":[],"logLines":[]}'


@pytest.mark.parametrize("asked", [{}, {"format": "json"}])
@pytest.mark.parametrize("path", ["/api/query", "/api/run/messages/list"])
def test_an_int64_is_a_plain_text_unless_another_format_is_asked_for(
    emulator: EmulatorProcess, path: str, asked: dict[str, str]
) -> None:
    body = {"path": "messages:list", "args": {"channel": "tea"}, **asked}
    assert post(emulator, path, body).json["value"] == [TEA]


def test_whole_floats_are_written_with_their_point(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "/api/query", {"path": "messages:list", "args": {"channel": "tea"}})
    assert '"score":3.0' in answer.body


def test_the_format_json_writes_special_values_plainly(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "/api/query", {"path": "values:all", "args": {}})
    value = answer.json["value"]
    names = ("nan", "infinite", "infinitely_negative", "smallest", "bytes")
    assert [value[name] for name in names] == ["NaN", "Infinity", "-Infinity", "-9223372036854775808", "AQID"]
    assert '"negative_zero":-0.0' in answer.body


def test_the_encoded_format_wraps_special_values(emulator: EmulatorProcess) -> None:
    body = {"path": "values:all", "args": {}, "format": "convex_encoded_json"}
    value = post(emulator, "/api/query", body).json["value"]
    assert [value[name] for name in ("nan", "infinite", "negative_zero", "answer", "smallest", "bytes")] == [
        {"$float": "AAAAAAAA+H8="},
        {"$float": "AAAAAAAA8H8="},
        {"$float": "AAAAAAAAAIA="},
        {"$integer": "KgAAAAAAAAA="},
        {"$integer": "AAAAAAAAAIA="},
        {"$bytes": "AQID"},
    ]


def test_an_unknown_format_is_refused(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "/api/query", {"path": "messages:list", "args": {}, "format": "xml"})
    assert answer.status == 400
    assert answer.json == {"code": "BadFormat", "message": "format param must be one of [`json`]. Got xml"}


@pytest.mark.parametrize("args", [{"body": "Hello"}, [{"body": "Hello"}]])
def test_a_mutation_gets_its_result(emulator: EmulatorProcess, args: Any) -> None:
    answer = post(emulator, "/api/mutation", {"path": "messages:send", "args": args})
    assert answer.json["value"] == "j579y71vbnz8m826r79ybxr834n3q5kb"


@pytest.mark.parametrize("path", ["/api/action", "/api/run/ai/replies/generate"])
def test_an_action_gets_its_result(emulator: EmulatorProcess, path: str) -> None:
    answer = post(emulator, path, {"path": "ai/replies:generate", "args": {}})
    assert answer.json["value"] == {"text": "무엇을 도와드릴까요?", "score": 0.5}


def test_log_lines_come_with_the_answer(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "/api/run/logs/mutation", {"args": {}})
    assert answer.json == {"status": "success", "value": None, "logLines": ["[INFO] 'saved'"]}


def test_a_failed_function_is_answered_with_status_200_and_the_request_id_given(emulator: EmulatorProcess) -> None:
    request_id = ("-H", "Convex-Request-Id: 5f0a9c1de27b4488")
    answer = post(emulator, "/api/query", {"path": "errors:developer", "args": {}}, *request_id)
    assert answer.status == 200
    text = f"Uncaught Error: out of tea{frame('errors:developer')}"
    assert answer.json == {
        "status": "error",
        "errorMessage": f"[Request ID: 5f0a9c1de27b4488] Server Error\n{text}\n",
        "logLines": ["[WARN] 'low stock'"],
    }


def test_the_data_of_a_convex_error_is_in_the_format_asked_for(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "/api/query", {"path": "errors:application", "args": {}})
    assert answer.json["errorData"] == {"bytes": "AQID", "code": "NO_TEA", "left": "3", "price": 1.5}


def test_a_missing_function_is_worded_by_the_endpoint_that_misses_it(emulator: EmulatorProcess) -> None:
    missing = post(emulator, "/api/query", {"path": "messages:lst", "args": {}})
    assert "Could not find public function for 'messages:lst'.\n" in missing.json["errorMessage"]
    missing = post(emulator, "/api/run/messages/lst", {"args": {}})
    text = "Could not find function for 'messages:lst'. Did you forget to run `npx convex dev`?\n"
    assert text in missing.json["errorMessage"]


def test_the_default_content_type_of_curl_is_refused(emulator: EmulatorProcess) -> None:
    answer = curl(f"{emulator.url}/api/query", "-d", '{"path": "messages:list", "args": {}, "format": "json"}')
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    message = "Expected request with `Content-Type: application/json`"
    assert answer.json == {"code": "BadJsonBody", "message": message}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", r"Failed to parse the request body as JSON: .+ at line 1 column \d+"),
        ('{"path":', r"Failed to parse the request body as JSON: .+ at line 1 column \d+"),
        ('{"args":{}}', r"Failed to deserialize the JSON body into the target type: missing field `path` at line 1 .+"),
        ('{"path":"messages:list"}', r"Failed to deserialize .+: missing field `args` at line 1 column 24"),
        ('{"path":1,"args":{}}', r"Failed to deserialize .+: path: invalid type: integer `1`, expected a string at .+"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(emulator: EmulatorProcess, body: str, message: str) -> None:
    answer = curl(f"{emulator.url}/api/query", "-d", body, *JSON_TYPE)
    assert (answer.status, answer.json["code"]) == (400, "BadJsonBody")
    assert re.fullmatch(message, answer.json["message"])


def test_a_path_without_a_module_is_refused_by_run(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "/api/run/messages", {"args": {}})
    message = "Path or function name not provided in path, e.g. /api/run/messages/list"
    assert (answer.status, answer.json) == (400, {"code": "MissingIdentifier", "message": message})


def test_a_bearer_token_gives_the_caller_an_identity(emulator: EmulatorProcess) -> None:
    me = {"path": "users:me", "args": {}}
    answer = post(emulator, "/api/query", me, "-H", "Authorization: Bearer token-of-ada")
    assert answer.json["value"] == "Ada by her token"
    answer = post(emulator, "/api/query", me, "-H", "Authorization: bearer token-of-minji")
    assert answer.json["value"] == "Minji by her token"


def test_an_admin_key_opens_the_endpoint_for_any_kind_of_function(emulator: EmulatorProcess) -> None:
    send = {"path": "messages:send", "args": {"body": "Hello"}}
    assert post(emulator, "/api/function", send).status == 403
    answer = post(emulator, "/api/function", send, "-H", f"Authorization: Convex {ADMIN_KEY}")
    assert answer.json["value"] == "j579y71vbnz8m826r79ybxr834n3q5kb"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Basic YWRhOnRlYQ==", "InvalidAdminKey"),
        ("Bearer", "InvalidHeaderFailure"),
        ("Bearers", "InvalidAdminKey"),
        (f"Convex {ADMIN_KEY}:no-base64", "HeaderParseFailure"),
    ],
)
def test_a_malformed_authorization_header_is_refused(emulator: EmulatorProcess, header: str, code: str) -> None:
    answer = post(emulator, "/api/query", {"path": "messages:list", "args": {}}, "-H", f"Authorization: {header}")
    assert (answer.status, answer.json["code"]) == (400, code)


def test_a_query_may_be_asked_by_its_url(emulator: EmulatorProcess) -> None:
    args = quote('{"channel": "tea"}')
    answer = curl(f"{emulator.url}/api/query?path=messages:list&args={args}")
    assert answer.json["value"] == [TEA]


def test_head_gets_the_headers_of_get_without_its_body(emulator: EmulatorProcess) -> None:
    url = f"{emulator.url}/api/query?path=messages:list&args=%7B%7D"
    head, get = curl(url, "--head"), curl(url)
    assert (head.status, head.body) == (200, "")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["HEAD", "GET", "PUT"])
def test_a_method_that_a_route_lacks_is_refused(emulator: EmulatorProcess, method: str) -> None:
    options = ("--head",) if method == "HEAD" else ("-X", method)
    answer = curl(f"{emulator.url}/api/mutation", *options)
    assert (answer.status, answer.headers["allow"], answer.body) == (405, "POST", "")


def test_an_unknown_route_is_not_found(emulator: EmulatorProcess) -> None:
    answer = curl(f"{emulator.url}/api/nothing", "-d", "{}", *JSON_TYPE)
    assert (answer.status, answer.body) == (404, "")


@pytest.mark.parametrize(
    "path", ["/api/query", "/api/mutation", "/api/action", "/api/function", "/api/run/messages/list"]
)
def test_a_preflight_is_answered_for_any_origin(emulator: EmulatorProcess, path: str) -> None:
    answer = curl(
        emulator.url + path,
        *("-X", "OPTIONS", "-H", "Origin: https://tea.example", "-H", "Access-Control-Request-Method: POST"),
        *("-H", "Access-Control-Request-Headers: content-type,convex-client,authorization"),
    )
    assert (answer.status, answer.body) == (200, "")
    cors = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
    assert cors == {
        "access-control-allow-origin": "https://tea.example",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET,POST,OPTIONS,PATCH,DELETE,PUT",
        "access-control-allow-headers": "content-type,convex-client,authorization",
        "access-control-max-age": "86400",
    }
    assert answer.headers["vary"] == VARY


@pytest.mark.parametrize("path", ["messages:list", "errors:overloaded", "errors:developer"])
def test_the_origin_of_a_page_is_mirrored_whatever_the_answer(emulator: EmulatorProcess, path: str) -> None:
    answer = post(emulator, "/api/query", {"path": path, "args": {}}, "-H", "Origin: https://tea.example")
    assert answer.headers["access-control-allow-origin"] == "https://tea.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == VARY


def test_a_large_body_is_asked_for_so_that_curl_need_not_wait(emulator: EmulatorProcess, tmp_path: Path) -> None:
    body = {"path": "messages:list", "args": {"body": "x" * 2_000_000}}
    (tmp_path / "body.json").write_text(json.dumps(body), encoding="utf-8")
    options = ("--data-binary", f"@{tmp_path / 'body.json'}", *JSON_TYPE, "-H", "Expect: 100-continue")
    answer = curl(f"{emulator.url}/api/query", *options, "--expect100-timeout", "300", "--max-time", "10")
    assert answer.status == 100
    assert answer.body.startswith("HTTP/1.1 200 OK\r\n")


def test_one_connection_carries_many_requests(emulator: EmulatorProcess) -> None:
    url = f"{emulator.url}/api/query?path=messages:list&args=%7B%7D"
    command = ["curl", "--disable", "--silent", "--show-error", "--write-out", "%{http_code} %{num_connects}\n"]
    twice = ["--output", os.devnull, url] * 2
    run = subprocess.run([*command, *twice], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.splitlines() == ["200 1", "200 0"]
