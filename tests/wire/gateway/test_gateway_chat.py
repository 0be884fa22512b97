"""POST /api/chat: what is asked, whom it goes to, and what is left of it (openclaw §1.5, §1.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clocks import WatchedClock
from tests.wire.gateway.conftest import Serve

ECHO = """
gateway:
  agents: {main: {}, coder: {}}
  chat: {reply: "echo ${message}"}
"""


async def test_the_documented_example_is_answered_in_its_three_members(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {reply: 안녕하세요! 무엇을 도와드릴까요?, tokens: 150}}")

    answer = await gateway.chat("안녕하세요", "custom-session-id", agent="main")

    assert answer.ok == {
        "response": "안녕하세요! 무엇을 도와드릴까요?",
        "sessionKey": "agent:main:api:dm:custom-session-id",
        "tokensUsed": 150,
    }
    assert answer.headers["X-Run-Id"].startswith("run_")


@pytest.mark.parametrize(
    ("session", "more", "key"),
    [
        (None, {}, "agent:main:api:dm:default"),
        (None, {"agent": "coder"}, "agent:coder:api:dm:default"),
        ("x", {}, "agent:main:api:dm:x"),
        ("x", {"agent": "coder"}, "agent:coder:api:dm:x"),
        ("a:b c@d/e", {}, "agent:main:api:dm:a:b c@d/e"),
        ("회의실 👩‍👩‍👧", {}, "agent:main:api:dm:회의실 👩‍👩‍👧"),
        ("x" * 256, {}, "agent:main:api:dm:" + "x" * 256),
        ("agents", {}, "agent:main:api:dm:agents"),
        ("agent:main:telegram:dm:123", {}, "agent:main:telegram:dm:123"),
        ("agent:main:telegram:dm:123", {"agent": "main"}, "agent:main:telegram:dm:123"),
        ("agent:coder:whatsapp:group:1203630@g.us", {}, "agent:coder:whatsapp:group:1203630@g.us"),
        ("agent:main:main", {}, "agent:main:main"),
    ],
)
async def test_a_session_id_becomes_a_key_and_a_key_stays_one(
    serve: Serve, session: str | None, more: dict[str, Any], key: str
) -> None:
    gateway = await serve(ECHO)

    assert (await gateway.chat("hi", session, **more)).ok["sessionKey"] == key
    assert [each["key"] for each in await gateway.rows("sessions")] == [key]


async def test_null_is_the_same_as_nothing(serve: Serve) -> None:
    gateway = await serve(ECHO)

    answer = await gateway.post("/api/chat", {"message": "hi", "session": None, "agent": None})

    assert answer.ok["sessionKey"] == "agent:main:api:dm:default"


@pytest.mark.parametrize(
    ("body", "issues"),
    [
        ({}, ["message"]),
        ({"message": None}, ["message"]),
        ({"message": ""}, ["message"]),
        ({"message": " \n\t\u3000"}, ["message"]),
        ({"message": 1}, ["message"]),
        ({"message": ["hi"]}, ["message"]),
        ({"message": "x" * 100_001}, ["message"]),
        ({"message": "hi", "session": ""}, ["session"]),
        ({"message": "hi", "session": 7}, ["session"]),
        ({"message": "hi", "session": "x" * 257}, ["session"]),
        ({"message": "hi", "session": "a\nb"}, ["session"]),
        ({"message": "hi", "session": "a\u0000"}, ["session"]),
        ({"message": "hi", "session": "a\u0085"}, ["session"]),
        ({"message": "hi", "session": "agent:main:x"}, ["session"]),
        ({"message": "hi", "session": "agent:main:telegram:room:1"}, ["session"]),
        ({"message": "hi", "session": "agent:main:telegram:dm:"}, ["session"]),
        ({"message": "hi", "session": "agent:main:telegram:dm:1", "agent": "coder"}, ["agent"]),
        ({"message": "hi", "agent": 1}, ["agent"]),
        ({"message": 1, "session": 2, "agent": 3}, ["message", "session", "agent"]),
    ],
    ids=lambda each: repr(each)[:60],
)
async def test_what_is_wrong_with_a_message_is_told(serve: Serve, body: dict[str, object], issues: list[str]) -> None:
    gateway = await serve(ECHO)

    assert (await gateway.post("/api/chat", body)).issues == issues
    assert await gateway.rows("sessions") == []


async def test_a_message_of_100_000_characters_is_taken(serve: Serve) -> None:
    gateway = await serve(ECHO)

    answer = await gateway.send("POST", "/api/chat", f'{{"message": "{"👋" * 100_000}"}}')

    assert answer.ok["response"] == "echo " + "👋" * 100_000


@pytest.mark.parametrize(
    "more",
    [{"agent": "nobody"}, {"agent": "no body"}, {"session": "agent:nobody:telegram:dm:1"}, {"agent": "Main"}],
    ids=str,
)
async def test_an_agent_that_is_not_there_is_not_found(serve: Serve, more: dict[str, Any]) -> None:
    gateway = await serve(ECHO)

    assert (await gateway.chat("hi", **more)).refusal == (404, "NOT_FOUND")
    assert await gateway.rows("sessions") == []


async def test_main_is_there_beside_the_agents_of_the_scenario(serve: Serve) -> None:
    gateway = await serve("gateway: {agents: {coder: {}}, chat: {reply: hi}}")

    assert [each["id"] for each in await gateway.rows("agents")] == ["main", "coder"]
    assert (await gateway.chat()).ok["sessionKey"] == "agent:main:api:dm:default"


async def test_a_turn_leaves_two_messages_and_moves_the_session(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(ECHO)

    await gateway.chat("one", "x")
    await clock.pass_milliseconds(61_000)
    await gateway.chat("two", "x")

    assert await gateway.rows("sessions") == [
        {"key": "agent:main:api:dm:x", "lastActive": "2023-11-14T22:14:21Z", "messageCount": 4}
    ]
    assert (await gateway.get("/api/sessions/agent:main:api:dm:x/history")).ok == {
        "sessionKey": "agent:main:api:dm:x",
        "messages": [
            {"id": "m1", "role": "user", "content": "one", "timestamp": "2023-11-14T22:13:20Z"},
            {"id": "m2", "role": "assistant", "content": "echo one", "timestamp": "2023-11-14T22:13:20Z"},
            {"id": "m3", "role": "user", "content": "two", "timestamp": "2023-11-14T22:14:21Z"},
            {"id": "m4", "role": "assistant", "content": "echo two", "timestamp": "2023-11-14T22:14:21Z"},
        ],
        "hasMore": False,
    }


async def test_a_turn_goes_on_in_a_session_of_the_scenario(serve: Serve) -> None:
    gateway = await serve("""
        gateway:
          sessions: {"agent:main:telegram:dm:123": {messages: [{role: system, content: rules}]}}
          chat: {reply: hello}
    """)

    await gateway.chat("hi", "agent:main:telegram:dm:123")

    assert await gateway.said("agent:main:telegram:dm:123") == [
        ("system", "rules"),
        ("user", "hi"),
        ("assistant", "hello"),
    ]
    assert (await gateway.rows("sessions"))[0]["messageCount"] == 2


async def test_runs_have_ids_of_their_own_and_the_same_ones_again(serve: Serve) -> None:
    gateway, again = await serve(ECHO), await serve(ECHO)

    ids = [(await gateway.chat()).headers["X-Run-Id"] for _ in range(3)]

    assert len(set(ids)) == 3
    assert [(await again.chat()).headers["X-Run-Id"] for _ in range(3)] == ids


async def test_the_rule_that_answered_is_told_in_headers(serve: Serve) -> None:
    gateway = await serve(ECHO)

    answer = await gateway.chat()

    assert answer.headers["X-Emulator-Rule"].endswith("default.yaml:4:3")
    assert (answer.headers["X-Emulator-Call"], answer.headers["X-Emulator-Revision"]) == ("1", "1")
    assert "X-Emulator-Miss" not in answer.headers


async def test_a_chat_that_is_not_scripted_says_how_to_script_it(serve: Serve) -> None:
    gateway = await serve("gateway: {}")

    answer = await gateway.chat("hi", "x")

    assert answer.refusal == (500, "INTERNAL")
    assert "gateway: chat: reply:" in answer.error["message"]
    assert "X-Emulator-Miss" in answer.headers
    assert await gateway.said("agent:main:api:dm:x") == [("user", "hi")]


async def test_a_message_that_no_rule_answers_is_explained(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {rules: [{when: {message: ping}, reply: pong}]}}")

    answer = await gateway.chat("pong")

    assert answer.refusal == (500, "INTERNAL")
    assert "ping" in answer.error["message"]
    assert "pong" in answer.headers["X-Emulator-Miss"]
    assert (await gateway.chat("ping")).ok["response"] == "pong"


async def test_a_reply_that_cannot_be_computed_is_explained(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {reply: '${message.nothing}'}}")

    answer = await gateway.chat()

    assert answer.refusal == (500, "INTERNAL")
    assert "nothing" in answer.error["message"]
