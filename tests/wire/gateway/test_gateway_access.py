"""Who may come in with what in which header (openclaw §1.2)."""

from __future__ import annotations

import pytest

from tests.wire.gateway.conftest import Serve

PROTECTED = """
gateway:
  auth:
    password: your_password
    tokens:
      reading: {scopes: [read]}
      writing: {scopes: [read, write]}
      writes-only: {scopes: [write]}
      ruling: {scopes: [admin]}
      plain: {}
  chat: {reply: hello}
  channels: {slack: {}}
  nodes: {a: {}, b: {}}
  cron: {daily: {schedule: 0 9 * * *}}
  sessions: {"agent:main:api:dm:x": {}, "agent:main:api:dm:y": {}}
"""
CHALLENGE = 'Bearer realm="openclaw"'

READS = ["/api/sessions", "/api/sessions/agent:main:api:dm:x/history", "/api/channels", "/api/agents"]
READS += ["/api/agents/main/status", "/api/nodes", "/api/config", "/api/cron", "/api/auth/session"]
WRITES = [
    ("POST", "/api/chat", '{"message": "hi"}'),
    ("DELETE", "/api/sessions/agent:main:api:dm:x", None),
    ("POST", "/api/channels/slack/reconnect", None),
    ("POST", "/api/nodes/pair", None),
    ("DELETE", "/api/nodes/a", None),
    ("POST", "/api/cron/daily/run", None),
]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def test_the_documented_example_is_let_in(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.get("/api/channels", bearer("your_password"))).status == 200


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), bearer("your_passwor"), bearer("your_password2")])
async def test_without_the_right_secret_nothing_is_done(serve: Serve, headers: dict[str, str]) -> None:
    gateway = await serve(PROTECTED)

    for method, path in [*[("GET", each) for each in READS], *[each[:2] for each in WRITES]]:
        answer = await gateway.send(method, path, None, headers)
        assert answer.refusal == (401, "AUTH_REQUIRED")
        assert answer.headers["WWW-Authenticate"] == CHALLENGE


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Basic eW91cl9wYXNzd29yZA==",
        "your_password",
        "Bearer: your_password",
        'Bearer "your_password"',
        "Bearer YOUR_PASSWORD",
        "Bearer your_password x",
        "",
    ],
)
async def test_a_header_that_is_no_bearer_of_a_secret_is_refused(serve: Serve, header: str) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.get("/api/nodes", {"Authorization": header})).refusal == (401, "AUTH_REQUIRED")


@pytest.mark.parametrize("header", ["bearer your_password", "BEARER your_password", "Bearer   your_password"])
async def test_the_scheme_is_read_in_any_case(serve: Serve, header: str) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.get("/api/nodes", {"Authorization": header})).status == 200


async def test_health_and_pages_need_no_secret_and_mind_no_wrong_one(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.get("/health")).status == 200
    assert (await gateway.get("/health", bearer("wrong"))).status == 200
    assert (await gateway.get("/login")).status == 200


async def test_a_gateway_without_secrets_lets_everybody_in(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {reply: hello}}")

    assert (await gateway.chat()).ok["response"] == "hello"
    assert (await gateway.chat(headers=bearer("anything"))).ok["response"] == "hello"
    assert (await gateway.patch({"a": 1})).status == 200


@pytest.mark.parametrize("path", READS)
async def test_reading_takes_the_scope_read(serve: Serve, path: str) -> None:
    gateway = await serve(PROTECTED)

    for token in ("reading", "plain", "ruling", "your_password"):
        assert (await gateway.get(path, bearer(token))).status == 200
    refused = await gateway.get(path, bearer("writes-only"))
    assert refused.refusal == (403, "FORBIDDEN")
    assert refused.error["details"] == {"requiredScopes": ["read"]}


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_changing_takes_the_scope_write(serve: Serve, method: str, path: str, body: str | None) -> None:
    gateway = await serve(PROTECTED)

    refused = await gateway.send(method, path, body, bearer("reading"))
    allowed = await gateway.send(method, path, body, bearer("writing"))

    assert refused.refusal == (403, "FORBIDDEN")
    assert refused.error["details"] == {"requiredScopes": ["write"]}
    assert allowed.status == 200


@pytest.mark.parametrize("token", ["writes-only", "ruling"])
async def test_write_and_admin_may_write(serve: Serve, token: str) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.chat(headers=bearer(token))).status == 200


async def test_the_config_is_changed_by_admins_only(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    refused = await gateway.patch({"a": 1}, bearer("writing"))
    assert refused.refusal == (403, "FORBIDDEN")
    assert refused.error["details"] == {"requiredScopes": ["admin"]}
    assert (await gateway.patch({"a": 1}, bearer("ruling"))).status == 200
    assert (await gateway.patch({"a": 1}, bearer("your_password"))).status == 200


async def test_a_gateway_with_tokens_only_wants_one_of_them(serve: Serve) -> None:
    gateway = await serve("gateway: {auth: {tokens: {t0k: {}}}}")

    assert (await gateway.get("/api/nodes")).status == 401
    assert (await gateway.get("/api/nodes", bearer("t0k"))).status == 200
    assert (await gateway.get("/api/config", bearer("t0k"))).ok["config"]["gateway"]["auth"] == {"mode": "token"}


async def test_a_secret_in_the_query_is_good_for_streams_only(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.get("/api/nodes?token=your_password")).status == 401
    assert (await gateway.send("HEAD", "/api/chat/stream?session=x&token=your_password")).status == 200
    assert (await gateway.send("HEAD", "/api/chat/stream?session=x&token=wrong")).status == 401
    assert (await gateway.get("/ws?token=your_password")).status == 426
    assert (await gateway.get("/ws?token=wrong")).status == 401


async def test_the_header_decides_alone(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.get("/ws?token=your_password", bearer("wrong"))).status == 401
    assert (await gateway.get("/ws?token=wrong", bearer("your_password"))).status == 426


async def test_a_secret_that_is_not_ascii_is_compared_by_its_bytes(serve: Serve) -> None:
    gateway = await serve('gateway: {auth: {password: "비밀번호"}}')

    assert (await gateway.get("/api/nodes", bearer("비밀번호"))).status == 200
    assert (await gateway.get("/api/nodes", bearer("비밀번흐"))).status == 401
