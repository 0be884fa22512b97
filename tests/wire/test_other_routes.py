"""Routes around the functions, what is not served, and methods (contract convex §1.2)."""

from __future__ import annotations

import re

import pytest

from tests.support.functions import post, send
from tests.support.raw import exchange, request_bytes
from tests.support.serving import Served

FUNCTION_ROUTES = ["mutation", "action", "query_ts", "query_at_ts", "query_batch", "run/messages/list", "function"]


@pytest.mark.parametrize("path", ["/", "/version", "/instance_version", "/instance_name"])
async def test_health_routes_answer_in_plain_text(served: Served, path: str) -> None:
    answer = await send(served, path, by="GET")

    assert answer.status == 200
    assert answer.body
    assert answer.headers["Content-Type"].startswith("text/plain")


async def test_the_root_says_that_the_deployment_runs(served: Served) -> None:
    assert b"Convex deployment is running" in (await send(served, "/", by="GET")).body


async def test_the_name_of_the_deployment_is_told(served: Served) -> None:
    assert (await send(served, "/instance_name", by="GET")).body == b"demo-otter"


@pytest.mark.parametrize("path", ["/", "/version", "/instance_version", "/instance_name", "/version?x=y"])
async def test_head_is_answered_as_get_without_the_body(served: Served, path: str) -> None:
    whole = await send(served, path, by="GET")
    head = await send(served, path, by="HEAD")

    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Content-Length"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("body", [b"", b"hello", bytes(range(256)), b"\x00" * 100_000, b"{not json"])
@pytest.mark.parametrize("kind", ["application/octet-stream", "text/plain; charset=utf-8", "image/png"])
async def test_echo_gives_back_what_it_gets(served: Served, body: bytes, kind: str) -> None:
    answer = await send(served, "/echo", body, {"Content-Type": kind})

    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["Content-Type"] == kind


async def test_echo_takes_more_than_functions_do(served: Served) -> None:
    body = b"x" * (18 * 1024 * 1024)

    assert (await send(served, "/echo", body)).body == body


async def test_echo_has_a_limit_of_its_own(served: Served) -> None:
    limit = 128 * 1024 * 1024

    answer = await exchange(served.url, request_bytes("POST", "/echo", headers={"Content-Length": str(limit + 1)}))

    message = "Failed to buffer the request body: length limit exceeded"
    assert (answer.status, answer.json) == (400, {"code": "BadJsonBody", "message": message})


async def test_echo_without_a_content_type_gives_bytes(served: Served) -> None:
    request = request_bytes("POST", "/echo", b"\x01\x02").replace(b"Content-Type: application/json\r\n", b"")

    answer = await exchange(served.url, request)

    assert (answer.status, answer.body) == (200, b"\x01\x02")
    assert answer.header("content-type") == "application/octet-stream"


@pytest.mark.parametrize("kind", [b"text/\xff", "텍스트".encode(), b"a\tb", b";;;", b""])
async def test_echo_survives_any_content_type(served: Served, kind: bytes) -> None:
    answer = await exchange(served.url, request_bytes("POST", "/echo", b"abc", {"Content-Type": kind}))

    assert (answer.status, answer.body) == (200, b"abc")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api",
        "/api/",
        "/api/nothing",
        "/api/debug_event",
        "/api/query/",
        "/api/query/x",
        "/api/run",
        "/API/query",
        "/version/",
        "/api/query%2F",
        "//api/query",
        "/api//query",
    ],
)
@pytest.mark.parametrize("by", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
async def test_a_route_that_is_not_there_is_404_with_an_empty_body(served: Served, path: str, by: str) -> None:
    answer = await exchange(served.url, request_bytes(by, path), to=by)

    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("path", FUNCTION_ROUTES)
@pytest.mark.parametrize("by", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
async def test_another_method_is_405_with_an_empty_body_and_what_is_allowed(served: Served, path: str, by: str) -> None:
    answer = await send(served, f"/api/{path}", by=by)

    assert (answer.status, answer.body) == (405, b"")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "by", "allowed"),
    [
        ("/api/query", "PUT", {"POST", "GET", "HEAD"}),
        ("/api/query", "OPTIONS", {"POST", "GET", "HEAD"}),
        ("/version", "POST", {"GET", "HEAD"}),
        ("/", "DELETE", {"GET", "HEAD"}),
        ("/instance_name", "POST", {"GET", "HEAD"}),
        ("/echo", "GET", {"POST"}),
    ],
)
async def test_allow_names_every_method_that_is_served(served: Served, path: str, by: str, allowed: set[str]) -> None:
    answer = await send(served, path, by=by)

    assert (answer.status, answer.body) == (405, b"")
    assert set(re.split(", *", answer.headers["Allow"])) == allowed


async def test_a_query_string_changes_no_route(served: Served) -> None:
    answer = await post(served, "/api/query?x=/api/mutation", {"path": "jobs/nightly", "args": {}})

    assert answer.value == "nightly"


@pytest.mark.parametrize(
    ("target", "value"),
    [("/api/run/messages/send", "sent"), ("/api/mutation", "sent"), ("/api/run/admin/users/list", "users")],
)
async def test_a_target_in_absolute_form_is_the_same_route(served: Served, target: str, value: str) -> None:
    body = b'{"path":"messages:send","args":{}}'

    answer = await exchange(served.url, request_bytes("POST", f"http://emulator{target}", body))

    assert (answer.status, answer.json.get("value")) == (200, value)


async def test_http_actions_are_said_to_be_off(served: Served) -> None:
    answer = await send(served, "/http/hello", "{}")

    assert answer.status == 404
    assert answer.body == b"This Convex deployment does not have HTTP actions enabled."
