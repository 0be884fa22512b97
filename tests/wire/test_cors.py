"""Cross-origin headers: any origin may call the API, and nothing is said for HTTP actions (contract convex §1.5)."""

from __future__ import annotations

import pytest

from tests.support.functions import Answer, query, send
from tests.support.raw import exchange, request_bytes
from tests.support.serving import Served

ORIGIN = {"Origin": "http://localhost:5173"}
VARY = "origin, access-control-request-method, access-control-request-headers"
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "POST"}
ROUTES = ["/api/query", "/api/mutation", "/api/run/a/b", "/api/query_ts", "/version", "/", "/instance_name", "/echo"]


def check_cors(answer: Answer, origin: str | None = ORIGIN["Origin"]) -> None:
    assert answer.headers.getall("Access-Control-Allow-Origin", []) == ([] if origin is None else [origin])
    assert answer.headers.getall("Access-Control-Allow-Credentials") == ["true"]
    assert answer.headers.getall("Vary") == [VARY]


@pytest.mark.parametrize("origin", ["http://localhost:5173", "https://app.example", "null", "chrome-extension://abc"])
async def test_the_origin_is_mirrored(served: Served, origin: str) -> None:
    answer = await query(served, "jobs/nightly", headers={"Origin": origin})

    assert answer.value == "nightly"
    check_cors(answer, origin)
    assert "Access-Control-Allow-Methods" not in answer.headers


async def test_without_an_origin_none_is_allowed(served: Served) -> None:
    check_cors(await query(served, "jobs/nightly"), None)


@pytest.mark.parametrize(
    ("path", "by", "body", "status"),
    [
        ("/api/query", "POST", "{", 400),
        ("/api/query", "POST", '{"path":"errors:data","args":{}}', 200),
        ("/api/query", "POST", '{"path":"no:such","args":{}}', 200),
        ("/api/query", "POST", '{"path":"jobs/nightly","args":{},"format":"xml"}', 400),
        ("/api/function", "POST", "{}", 403),
        ("/api/run/x", "POST", '{"args":{}}', 400),
        ("/api/query", "GET", None, 400),
        ("/api/query", "PUT", None, 405),
        ("/api/nothing", "POST", "{}", 404),
        ("/version", "GET", None, 200),
        ("/", "GET", None, 200),
        ("/instance_name", "GET", None, 200),
        ("/instance_version", "GET", None, 200),
        ("/echo", "POST", "hi", 200),
    ],
)
async def test_every_answer_may_be_read_by_the_browser(
    served: Served, path: str, by: str, body: str | None, status: int
) -> None:
    answer = await send(served, path, body, ORIGIN, by=by)

    assert answer.status == status
    check_cors(answer)


async def test_a_bad_token_may_be_read_by_the_browser(served: Served) -> None:
    answer = await query(served, "jobs/nightly", headers={**ORIGIN, "Authorization": "Bearer nonsense"})

    assert answer.status == 401
    check_cors(answer)


@pytest.mark.parametrize("path", ROUTES)
async def test_a_preflight_is_answered_with_everything_a_browser_asks(served: Served, path: str) -> None:
    headers = {**PREFLIGHT, "Access-Control-Request-Headers": "content-type,convex-client,authorization"}

    answer = await send(served, path, None, headers, by="OPTIONS")

    assert (answer.status, answer.body) == (200, b"")
    check_cors(answer)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET,POST,OPTIONS,PATCH,DELETE,PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type,convex-client,authorization"
    assert answer.headers["Access-Control-Max-Age"] == "86400"


async def test_a_preflight_without_headers_allows_none(served: Served) -> None:
    answer = await send(served, "/api/query", None, PREFLIGHT, by="OPTIONS")

    assert answer.status == 200
    assert "Access-Control-Allow-Headers" not in answer.headers


async def test_a_preflight_runs_nothing_and_needs_no_token(served: Served) -> None:
    headers = {**PREFLIGHT, "Authorization": "Bearer nonsense", "Convex-Client": "npm-1.48.0"}

    assert (await send(served, "/api/query", None, headers, by="OPTIONS")).status == 200
    assert len(served.emulator.journal) == 0


@pytest.mark.parametrize("by", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/http/hello", "/http/", "/http/api/query"])
async def test_http_actions_say_nothing_about_origins(served: Served, by: str, path: str) -> None:
    headers = PREFLIGHT if by == "OPTIONS" else ORIGIN

    answer = await send(served, path, None, headers, by=by)

    assert answer.status == 404
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert "Vary" not in answer.headers


async def test_an_origin_of_odd_bytes_breaks_nothing(served: Served) -> None:
    body = b'{"path":"jobs/nightly","args":{}}'

    for origin in (b"http://\xff\xfe", "http://münchen.example".encode(), b"http://a\tb"):
        answer = await exchange(served.url, request_bytes("POST", "/api/query", body, {"Origin": origin}))
        assert (answer.status, answer.json["value"]) == (200, "nightly")
