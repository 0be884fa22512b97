"""How a scenario answers messages: rules, replies, failures, delays (openclaw §1.5)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.support.clocks import WatchedClock
from tests.support.gateway import Gateway
from tests.wire.gateway.conftest import Serve


async def responses(gateway: Gateway, *messages: str, **more: Any) -> list[str]:
    return [(await gateway.chat(each, **more)).ok["response"] for each in messages]


async def test_rules_are_asked_in_order_for_the_message(serve: Serve) -> None:
    gateway = await serve("""
        gateway:
          chat:
            rules:
              - {when: {message: ping}, reply: pong}
              - {when: {message: {$contains: 날씨}}, reply: 맑습니다}
              - {when: {message: {$regex: "^[0-9]+$"}}, reply: number}
              - {reply: else}
    """)

    assert await responses(gateway, "ping", "오늘 날씨 어때?", "42", "pings") == ["pong", "맑습니다", "number", "else"]


async def test_rules_ask_for_session_agent_and_channel(serve: Serve) -> None:
    gateway = await serve("""
        gateway:
          agents: {main: {}, coder: {}}
          chat:
            rules:
              - {when: {agent: coder}, reply: code}
              - {when: {channel: telegram}, reply: telegram}
              - {when: {session: "agent:main:api:dm:vip"}, reply: vip}
              - {reply: else}
    """)

    assert (await gateway.chat("hi", agent="coder")).ok["response"] == "code"
    assert (await gateway.chat("hi", "agent:main:telegram:dm:1")).ok["response"] == "telegram"
    assert await responses(gateway, "hi", session="vip") == ["vip"]
    assert await responses(gateway, "hi", session="vip2") == ["else"]


async def test_rules_ask_for_the_number_of_the_call(serve: Serve) -> None:
    gateway = await serve("""
        gateway:
          chat:
            rules:
              - {when: {call: 1}, reply: first}
              - {when: {call: {every: 3}}, failure: rate_limited}
              - {reply: "${call}"}
    """)

    answers = [await gateway.chat() for _ in range(6)]

    assert [each.status for each in answers] == [200, 200, 429, 200, 200, 429]
    assert [each.ok["response"] for each in answers if each.status == 200] == ["first", "2", "4", "5"]


async def test_rules_ask_for_state_and_headers_and_tests(serve: Serve) -> None:
    gateway = await serve("""
        state: {mode: normal}
        gateway:
          chat:
            rules:
              - {when: {message: down}, do: [{set: {mode: broken}}], reply: ok}
              - {when: {state: {mode: broken}}, failure: internal}
              - {when: {headers: {x-lang: ko}}, reply: 안녕}
              - {when: {if: "${len(message) > 10}"}, reply: long}
              - {reply: short}
    """)

    assert (await gateway.chat("hi", headers={"X-Lang": "ko"})).ok["response"] == "안녕"
    assert await responses(gateway, "hello hello hello", "hi", "down") == ["long", "short", "ok"]
    assert (await gateway.chat("hi")).refusal == (500, "INTERNAL")


async def test_chance_is_the_same_in_every_run(serve: Serve) -> None:
    text = "gateway: {chat: {rules: [{when: {chance: 0.5}, reply: heads}, {reply: tails}]}}"
    gateway, again = await serve(text), await serve(text)

    tossed = await responses(gateway, *["hi"] * 20)

    assert set(tossed) == {"heads", "tails"}
    assert await responses(again, *["hi"] * 20) == tossed


async def test_a_sequence_is_played_to_its_end_and_stays_there(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {sequence: [{reply: one}, {failure: internal}, {reply: last}]}}")

    assert [(await gateway.chat()).status for _ in range(4)] == [200, 500, 200, 200]
    assert await responses(gateway, "hi") == ["last"]


async def test_a_sequence_that_repeats_begins_again(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {sequence: [{reply: one}, {reply: two}], repeat: true}}")

    assert await responses(gateway, *["hi"] * 5) == ["one", "two", "one", "two", "one"]


async def test_a_reply_knows_everything_of_the_call(serve: Serve) -> None:
    gateway = await serve("""
        state: {mode: calm}
        vars: {greeting: 안녕}
        tables: {users: {documents: [{name: Ada}]}}
        gateway:
          chat:
            reply: [
              "${vars.greeting} ${message}|${session}|${agent}|${channel}|",
              "${call}|${state.mode}|${tables.users[0].name}|${call + 1}",
            ]
    """)

    assert await responses(gateway, "hi") == ["안녕 hi|agent:main:api:dm:default|main|api|1|calm|Ada|2"]


async def test_a_list_is_a_reply_in_pieces(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {reply: ['오후 ', '${message} ', 세 시입니다.]}}")

    assert await responses(gateway, "3") == ["오후 3 세 시입니다."]


@pytest.mark.parametrize(
    ("reply", "response"),
    [("''", ""), ("'${1 + 1}'", "2"), ("'${true}'", "true"), ("'  a  '", "  a  "), ("[]", "")],
)
async def test_replies_may_be_odd(serve: Serve, reply: str, response: str) -> None:
    gateway = await serve(f"gateway: {{chat: {{reply: {reply}}}}}")

    assert await responses(gateway, "hi") == [response]


async def test_tokens_are_counted_from_what_was_said_on_both_sides(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {reply: '${message} ${message}'}}")

    short, long = await gateway.chat("hi"), await gateway.chat("x" * 4_000)

    assert (short.ok["tokensUsed"], long.ok["tokensUsed"]) == (3, 3_001)


@pytest.mark.parametrize(("tokens", "used"), [("0", 0), ("87", 87), ("'${len(message)}'", 2), ("2.9", 2)])
async def test_tokens_may_be_given(serve: Serve, tokens: str, used: int) -> None:
    gateway = await serve(f"gateway: {{chat: {{reply: hi, tokens: {tokens}}}}}")

    given = (await gateway.chat("hi")).ok["tokensUsed"]

    assert (given, type(given)) == (used, int)


async def test_tokens_that_are_no_count_are_explained(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {reply: hi, tokens: '${message}'}}")

    answer = await gateway.chat()

    assert answer.refusal == (500, "INTERNAL")
    assert "tokens" in answer.error["message"]


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        ("overloaded", 503, "INTERNAL"),
        ("internal", 500, "INTERNAL"),
        ("unauthorized", 401, "AUTH_REQUIRED"),
        ("forbidden", 403, "FORBIDDEN"),
        ("not_found", 404, "NOT_FOUND"),
        ("rate_limited", 429, "RATE_LIMIT"),
        ("{status: 400}", 400, "INVALID_REQUEST"),
        ("{status: 418}", 418, "INVALID_REQUEST"),
        ("{status: 405}", 405, "METHOD_NOT_ALLOWED"),
        ("{status: 413}", 413, "PAYLOAD_TOO_LARGE"),
        ("{status: 502}", 502, "INTERNAL"),
        ("{status: 529, code: OVERLOADED}", 529, "OVERLOADED"),
        ("{status: 429, code: QUOTA, message: later}", 429, "QUOTA"),
    ],
)
async def test_failures_are_written_in_the_envelope(serve: Serve, failure: str, status: int, code: str) -> None:
    gateway = await serve(f"gateway: {{chat: {{failure: {failure}}}}}")

    answer = await gateway.chat("hi", "x")

    assert answer.refusal == (status, code)
    assert ("message: later" in failure) == (answer.error["message"] == "later")
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert (answer.headers.get("Retry-After"), answer.error.get("details")) == (
        ("1", {"retryAfter": 1}) if status == 429 else (None, None)
    )
    assert "X-Run-Id" in answer.headers
    assert "X-Emulator-Rule" in answer.headers
    assert await gateway.said("agent:main:api:dm:x") == [("user", "hi")]


async def test_a_failure_with_a_sentence_says_it(serve: Serve) -> None:
    gateway = await serve("gateway: {chat: {failure: {status: 500, code: BROKEN, message: 모델이 없습니다}}}")

    assert (await gateway.chat()).error == {"code": "BROKEN", "message": "모델이 없습니다"}


async def test_a_delay_passes_before_the_reply(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("gateway: {chat: {reply: hi, delay: 2s}}")

    async with asyncio.TaskGroup() as group:
        answer = group.create_task(gateway.chat("hello", "x"))
        await gateway.until_busy(1)
        before = await gateway.said("agent:main:api:dm:x")
        await clock.pass_milliseconds(1_999)
        assert (await gateway.agent())["activeRuns"] == 1
        await clock.pass_milliseconds(1)

    assert before == [("user", "hello")]
    assert answer.result().ok["response"] == "hi"
    page = (await gateway.get("/api/sessions/agent:main:api:dm:x/history")).ok
    assert [each["timestamp"][-3:] for each in page["messages"]] == ["20Z", "22Z"]


async def test_the_pieces_of_a_paced_reply_take_their_time(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("gateway: {chat: {reply: [a, b, c], stream: {first: 1s, every: 100ms}}}")

    async with asyncio.TaskGroup() as group:
        answer = group.create_task(gateway.chat())
        await gateway.until_busy(1)
        await clock.pass_milliseconds(1_199)
        assert (await gateway.agent())["activeRuns"] == 1
        await clock.pass_milliseconds(1)

    assert answer.result().ok["response"] == "abc"


async def test_what_a_rule_logs_is_said_at_the_console(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    gateway = await serve("""
        gateway:
          chat:
            do: [{log: "heard ${message}"}]
            logs: [{warn: done}]
            reply: hi
    """)

    await gateway.chat("hello")

    assert [each.getMessage() for each in caplog.records if each.name == "emulator.runtime.chat"] == [
        "[LOG] 'heard hello'",
        "[WARN] 'done'",
    ]
