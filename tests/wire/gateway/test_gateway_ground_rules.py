"""What holds for every request: the order of checks, the envelope, headers, paths and bodies (openclaw §1.1)."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.wire.gateway.conftest import Serve

EVERYTHING = """
gateway:
  auth: {password: secret, tokens: {reader: {scopes: [read]}, writer: {scopes: [read, write]}}}
  chat: {reply: "echo ${message}"}
  sessions:
    agent:main:telegram:dm:123: {messages: [{role: user, content: hi}]}
    "agent:main:discord:group:guild/channel": {messages: [{role: user, content: slash}]}
    "agent:coder:whatsapp:group:1203630@g.us": {messages: [{role: user, content: at}]}
    "agent:main:api:dm:회의실": {messages: [{role: user, content: korean}]}
    "agent:main:api:dm:a:b:100%": {messages: [{role: user, content: colons}]}
  channels: {slack: {}}
  nodes: {node-7: {}}
  cron: {daily: {schedule: 0 9 * * *}}
"""
OPEN = EVERYTHING.replace("auth:", "version: open\n  cors: {}\n  #")
ALL = {"Authorization": "Bearer secret"}
READER = {"Authorization": "Bearer reader"}
KEY = "agent:main:telegram:dm:123"

METHODS = {
    "/health": "GET, HEAD",
    "/api/chat": "POST",
    "/api/chat/stream": "GET, HEAD",
    "/api/sessions": "GET, HEAD",
    f"/api/sessions/{KEY}/history": "GET, HEAD",
    f"/api/sessions/{KEY}": "DELETE",
    "/api/channels": "GET, HEAD",
    "/api/channels/slack/reconnect": "POST",
    "/api/agents": "GET, HEAD",
    "/api/agents/main/status": "GET, HEAD",
    "/api/nodes": "GET, HEAD",
    "/api/nodes/pair": "POST",
    "/api/nodes/pair/redeem": "POST",
    "/api/nodes/node-7": "DELETE",
    "/api/config": "GET, HEAD, PATCH",
    "/api/cron": "GET, HEAD",
    "/api/cron/daily/run": "POST",
    "/ws": "GET, HEAD",
    "/api/auth/login": "POST",
    "/api/auth/logout": "POST",
    "/api/auth/session": "GET, HEAD",
    "/login": "GET, HEAD, POST",
    "/": "GET, HEAD",
    "/chat": "GET, HEAD",
}
READABLE = [
    path for path in METHODS if "GET" in METHODS[path] and path.startswith(("/api/", "/health")) and path[-1] != "m"
]


async def test_another_method_is_refused_with_those_that_are_allowed(serve: Serve) -> None:
    gateway = await serve(EVERYTHING)

    for path, methods in METHODS.items():
        answer = await gateway.send("PUT", path, None, ALL)
        assert answer.refusal == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["Allow"] == methods


async def test_head_is_answered_as_get_is_without_the_body(serve: Serve) -> None:
    gateway = await serve(EVERYTHING)

    for path in READABLE:
        get, head = await gateway.get(path, ALL), await gateway.send("HEAD", path, None, ALL)
        assert (get.status, head.status, head.body) == (200, 200, b"")
        for name in ("Content-Type", "Cache-Control", "Content-Length"):
            assert head.headers[name] == get.headers[name]


async def test_one_slash_at_the_end_is_tolerated_and_two_are_not(serve: Serve) -> None:
    gateway = await serve(EVERYTHING)

    for path in READABLE:
        assert (await gateway.get(f"{path}/", ALL)).body == (await gateway.get(path, ALL)).body
        assert (await gateway.get(f"{path}//", ALL)).refusal == (404, "NOT_FOUND")


async def test_an_unknown_path_is_told_to_callers_that_are_known_only(serve: Serve) -> None:
    gateway = await serve(EVERYTHING)

    assert (await gateway.get("/api/nothing")).refusal == (401, "AUTH_REQUIRED")
    assert (await gateway.get("/api/nothing", ALL)).refusal == (404, "NOT_FOUND")
    assert (await gateway.get("/nothing")).refusal == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "refusal"),
    [
        ("PUT", "/api/chat", {}, "{", (401, "AUTH_REQUIRED")),
        ("PUT", "/api/config", READER, "{", (405, "METHOD_NOT_ALLOWED")),
        ("POST", "/api/chat", READER, "{", (403, "FORBIDDEN")),
        ("POST", "/api/chat", ALL, "{", (400, "INVALID_REQUEST")),
        ("POST", "/api/chat", ALL, '{"message": "", "agent": "nobody"}', (400, "INVALID_REQUEST")),
        ("POST", "/api/chat", ALL, '{"message": "hi", "agent": "nobody"}', (404, "NOT_FOUND")),
        ("GET", "/api/sessions/nothing/history?limit=x", ALL, None, (400, "INVALID_REQUEST")),
        ("GET", "/api/sessions/nothing/history", ALL, None, (404, "NOT_FOUND")),
        ("DELETE", "/api/sessions/nothing", READER, None, (403, "FORBIDDEN")),
        ("PATCH", "/api/config", READER, "{", (403, "FORBIDDEN")),
        ("PATCH", "/api/config", {"Authorization": "Bearer writer"}, "{", (403, "FORBIDDEN")),
        ("DELETE", "/api/nodes/%FF", READER, None, (403, "FORBIDDEN")),
        ("DELETE", "/api/nodes/%FF", ALL, None, (400, "INVALID_REQUEST")),
        ("GET", "/api/nodes/pair/redeem", {}, None, (401, "AUTH_REQUIRED")),
        ("POST", "/api/nodes/pair/redeem", {}, "{", (400, "INVALID_REQUEST")),
    ],
)
async def test_checks_come_in_their_order(
    serve: Serve, method: str, path: str, headers: dict[str, str], body: str | None, refusal: tuple[int, str]
) -> None:
    gateway = await serve(EVERYTHING)

    assert (await gateway.send(method, path, body, headers)).refusal == refusal


async def test_a_body_that_is_no_json_object_is_refused(serve: Serve) -> None:
    gateway = await serve(OPEN)

    for body in ["", "{", "[]", '"x"', "1", "null", "\ufeff{}", '{"message": "hi"} x', '{"a": NaN}']:
        assert (await gateway.send("POST", "/api/chat", body)).issues == [""]
        assert (await gateway.send("PATCH", "/api/config", body)).issues == [""]


async def test_a_body_is_read_as_json_whatever_its_type(serve: Serve) -> None:
    gateway = await serve(OPEN)

    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "nonsense", ""):
        answer = await gateway.send("POST", "/api/chat", '{"message": "hi"}', {"Content-Type": kind})
        assert answer.ok["response"] == "echo hi"


async def test_a_body_where_none_is_wanted_is_ignored(serve: Serve) -> None:
    gateway = await serve(OPEN)

    assert (await gateway.send("GET", "/api/agents", "{")).status == 200
    assert (await gateway.send("POST", "/api/channels/slack/reconnect", "{")).status == 200
    assert (await gateway.send("POST", "/api/cron/daily/run", "[]")).status == 200
    assert (await gateway.send("DELETE", "/api/nodes/node-7", "{")).status == 200


async def test_unknown_members_and_parameters_are_ignored(serve: Serve) -> None:
    gateway = await serve(OPEN)

    assert (await gateway.chat("hi", stream=True, tools=[1])).status == 200
    assert (await gateway.get("/api/sessions?utf8=1&_=2")).status == 200


async def test_a_body_of_one_mebibyte_is_read_and_a_longer_one_is_not(serve: Serve) -> None:
    gateway = await serve(OPEN)
    fill = json.dumps({"message": "hi", "fill": ""})
    room = 1024 * 1024 - len(fill)

    fits = await gateway.send("POST", "/api/chat", json.dumps({"message": "hi", "fill": "x" * room}))
    longer = await gateway.send("POST", "/api/chat", json.dumps({"message": "hi", "fill": "x" * (room + 1)}))

    assert fits.status == 200
    assert longer.refusal == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("agent:main:telegram:dm:123", "hi"),
        ("agent%3Amain%3Atelegram%3Adm%3A123", "hi"),
        ("agent%3amain:telegram:dm:%31%32%33", "hi"),
        ("agent:main:discord:group:guild%2Fchannel", "slash"),
        ("agent:main:discord:group:guild%2fchannel", "slash"),
        ("agent:coder:whatsapp:group:1203630@g.us", "at"),
        ("agent:coder:whatsapp:group:1203630%40g.us", "at"),
        (f"agent:main:api:dm:{quote('회의실')}", "korean"),
        ("agent:main:api:dm:a:b:100%25", "colons"),
    ],
)
async def test_a_session_key_is_decoded_once(serve: Serve, key: str, said: str) -> None:
    gateway = await serve(OPEN)

    assert await gateway.said(key) == [("user", said)]
    assert (await gateway.send("DELETE", f"/api/sessions/{key}")).ok["deleted"] is True


@pytest.mark.parametrize(
    "key",
    [
        "agent:main:discord:group:guild/channel",
        "agent%253Amain%253Atelegram%253Adm%253A123",
        "agent:main:api:dm:a:b:100%2525",
        "AGENT:main:telegram:dm:123",
        "123",
        "..",
    ],
)
async def test_a_key_that_is_none_when_decoded_once_is_not_found(serve: Serve, key: str) -> None:
    gateway = await serve(OPEN)

    assert (await gateway.get(f"/api/sessions/{key}/history")).refusal == (404, "NOT_FOUND")


@pytest.mark.parametrize("key", ["%", "%4", "%zz", "%ff", "%ED%A0%80"])
async def test_a_key_that_cannot_be_decoded_is_refused(serve: Serve, key: str) -> None:
    gateway = await serve(OPEN)

    assert (await gateway.get(f"/api/sessions/{key}/history")).issues == ["key"]


async def test_answers_are_json_that_is_not_to_be_stored(serve: Serve) -> None:
    gateway = await serve(OPEN)

    answer = await gateway.chat("안녕 👋")

    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.body)["response"] == "echo 안녕 👋"
    assert (await gateway.get("/api/nothing")).headers["Cache-Control"] == "no-store"


async def test_what_is_missing_stands_in_the_message_and_its_places_in_the_details(serve: Serve) -> None:
    gateway = await serve(OPEN)

    error = (await gateway.post("/api/chat", {})).error

    assert error == {
        "code": "INVALID_REQUEST",
        "message": "message: expected a non-empty string",
        "details": {"issues": [{"path": "message", "message": "expected a non-empty string"}]},
    }
