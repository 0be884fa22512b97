"""Pages of other origins, where the scenario lets them in (openclaw §1.1)."""

from __future__ import annotations

from tests.wire.gateway.conftest import Serve

OPENED = """
gateway:
  auth: {password: secret}
  cors: {origins: ["https://app.example", "http://localhost:5173"]}
  chat: {reply: hello}
"""
PAGE = {"Origin": "https://app.example"}
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization, x-mine"}


async def test_without_origins_in_the_config_nothing_is_said_of_them(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {reply: hello}}")

    answer = await gateway.chat(headers=PAGE)
    preflight = await gateway.send("OPTIONS", "/api/chat", None, {**PAGE, **PREFLIGHT})

    assert answer.status == 200
    assert not [each for each in answer.headers if each.startswith("Access-Control")]
    assert preflight.refusal == (405, "METHOD_NOT_ALLOWED")


async def test_an_allowed_origin_is_echoed_on_answers_and_errors(serve: Serve) -> None:
    gateway = await serve(OPENED)

    for path, headers, status in (
        ("/api/nodes", {"Authorization": "Bearer secret"}, 200),
        ("/api/nodes", {}, 401),
        ("/api/nothing", {"Authorization": "Bearer secret"}, 404),
        ("/health", {}, 200),
    ):
        answer = await gateway.get(path, {**PAGE, **headers})
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Vary"] == "Origin"


async def test_pages_may_read_the_headers_of_limits_and_runs(serve: Serve) -> None:
    gateway = await serve(OPENED)

    answer = await gateway.get("/health", PAGE)

    exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed >= {"X-Run-Id", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}


async def test_another_origin_is_not_echoed(serve: Serve) -> None:
    gateway = await serve(OPENED)

    answer = await gateway.get("/health", {"Origin": "https://evil.example"})

    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_preflight_is_answered_without_a_secret(serve: Serve) -> None:
    gateway = await serve(OPENED)

    answer = await gateway.send("OPTIONS", "/api/config", None, {**PAGE, **PREFLIGHT})

    assert (answer.status, answer.body) == (204, b"")
    assert "Content-Length" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, x-mine"
    methods = set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert methods >= {"GET", "POST", "PATCH", "DELETE"}


async def test_what_is_no_preflight_is_a_method_that_is_not_there(serve: Serve) -> None:
    gateway = await serve(OPENED)

    foreign = await gateway.send("OPTIONS", "/api/chat", None, {"Origin": "https://evil.example", **PREFLIGHT})
    plain = await gateway.send("OPTIONS", "/api/chat", None, {**PAGE, "Authorization": "Bearer secret"})

    assert foreign.refusal == (401, "AUTH_REQUIRED")
    assert plain.refusal == (405, "METHOD_NOT_ALLOWED")
