"""Whatever anybody sends to a gateway, the answer is one of its own, nothing is a bug, and no run is stuck."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fuzzing import Sent, answers, check_log, shared, visible, write_json
from tests.support.gateway import JSON, Gateway, serving_gateway
from tests.support.raw import RawAnswer
from tests.support.scenarios import load_text
from tests.support.values import json_trees

SCENARIO = """
vars: {greeting: 안녕}
state: {mode: normal}
tables: {log: {}}
functions: {log:list: {type: query, query: {table: log}}}
gateway:
  auth: {password: secret, tokens: {reader: {scopes: [read]}, writer: {scopes: [read, write]}}}
  cors: {origins: ["https://app.example"]}
  agents: {main: {}, coder: {model: x}, broken: {status: error, error: no}}
  sessions:
    agent:main:telegram:dm:123: {messages: [{role: user, content: hi}, {role: tool, content: x}]}
    agent:main:main: {}
  channels:
    slack: {reconnect: {takes: 1ms}}
    line: {status: disconnected, error: gone, reconnect: {takes: 0ms, error: again}}
    off: {status: disabled}
  nodes: {phone: {capabilities: [camera]}}
  pairing: {code: ABCD1234}
  config: {x: {list: [1, {y: 2}], token: t}, channels: {line: {enabled: true}}}
  cron:
    daily: {schedule: 0 9 * * *, prompt: hi}
    slow: {schedule: "* * * * *", single_instance: true, run: {takes: 1ms, reply: done}}
    bad: {schedule: 0 0 30 2 *, enabled: false, run: {result: error}}
  chat:
    rules:
      - {when: {message: fail}, failure: {status: 418, code: TEAPOT}}
      - {when: {message: overloaded}, failure: overloaded}
      - {when: {message: compute}, reply: "${message.nothing}"}
      - {when: {message: pieces}, reply: [a, " ", "${message}"], delay: 1ms, stream: {every: 0ms}}
      - {when: {headers: {x-miss: "1"}, message: {$regex: "^$"}}, reply: never}
      - when: {message: {$regex: "^[a-m]"}}
        do:
          - {insert: {into: log, document: {said: "${message}"}}}
          - {channel: {id: slack, status: disconnected, error: "${message}"}}
          - {append: {session: "${session}", message: {role: system, content: "${call}"}}}
        reply: "${vars.greeting} ${message}"
      - {when: {if: "${len(message) < 50}"}, reply: "${message}", tokens: "${len(message)}"}
"""
IDS = ("slack", "line", "off", "main", "coder", "broken", "phone", "node-1", "daily", "slow", "bad", "pair", "nothing")
KEYS = ("agent:main:telegram:dm:123", "agent:main:main", "agent:main:api:dm:x", "agent%3Amain%3Amain", "agent:x:y:dm:z")
FIXED = (
    *("/health", "/", "/chat", "/login", "/ws", "/api", "/api/", "/api/chat", "/api/sessions", "/api/channels"),
    *("/api/agents", "/api/nodes", "/api/nodes/pair", "/api/nodes/pair/redeem", "/api/config", "/api/cron"),
    *("/api/auth/login", "/api/auth/logout", "/api/auth/session", "/api/nothing", "/favicon.ico"),
)
BELOW = ("channels/{}/reconnect", "agents/{}/status", "nodes/{}", "cron/{}/run", "sessions/{}/history", "sessions/{}")
METHODS = ("GET", "POST", "PATCH", "DELETE", "HEAD", "PUT", "OPTIONS", "PROPFIND")

quoted = st.one_of(st.text(max_size=10), st.sampled_from(KEYS)).map(lambda text: quote(text, safe="", errors="replace"))
segments = st.one_of(
    st.sampled_from(IDS), st.sampled_from(KEYS), quoted, st.sampled_from(["%", "%ff", "%00", "", ".."])
)
paths = st.one_of(
    st.sampled_from(FIXED),
    st.builds(lambda pattern, name: f"/api/{pattern.format(name)}", st.sampled_from(BELOW), segments),
    st.sampled_from(FIXED).map(lambda path: f"{path}/"),
    visible.map(lambda text: f"/api/{text}").filter(lambda path: not path.startswith("/api/chat/stream")),
)
parameters = st.one_of(
    st.builds(
        lambda name, value: f"{name}={value}",
        st.sampled_from(["limit", "offset", "before", "agent", "channel", "key", "flat", "wait", "token", "next"]),
        st.one_of(st.sampled_from(["1", "0", "-1", "1001", "m1", "main", "x.list.1.y", "%F0%9F", "secret"]), quoted),
    ),
    visible.map(lambda text: text.replace("#", "")),
)
queries = st.lists(parameters, max_size=3).map(lambda each: f"?{'&'.join(each)}" if each else "")
texts = st.one_of(st.sampled_from(["hi", "fail", "overloaded", "compute", "pieces", "x" * 60]), st.text(max_size=20))
sessions = st.one_of(st.none(), st.sampled_from([*KEYS, "x", "y"]), st.text(max_size=8))
chats = st.fixed_dictionaries(
    {"message": texts}, optional={"session": sessions, "agent": st.sampled_from(["main", "coder", "nobody", None, ""])}
)
dotted = st.one_of(
    st.sampled_from(
        (
            *(
                "agents",
                "agents",
                "agents.defaults",
                "agents.defaults.model",
                "agents.defaults.maxConcurrent",
                "x",
                "x.list.0",
            ),
            *("channels", "channels.slack.enabled", "channels.line", "gateway", "gateway.auth.mode", r"a\.b", ""),
        )
    ),
    st.text(max_size=6),
)
patches = st.dictionaries(dotted, st.one_of(st.none(), st.booleans(), st.integers(0, 3), json_trees), max_size=3)
codes = st.one_of(st.sampled_from(["ABCD1234", "abcd-1234"]), st.text(max_size=10), json_trees)
devices = st.fixed_dictionaries(
    {"code": codes}, optional={"name": json_trees, "platform": json_trees, "capabilities": json_trees}
)
logins = st.fixed_dictionaries({"password": st.one_of(st.just("secret"), st.text(max_size=5), json_trees)})
whole: st.SearchStrategy[Any] = st.one_of(chats, chats, patches, devices, logins, json_trees)
bodies = st.one_of(whole.map(write_json), st.just(b""), st.binary(max_size=30), st.just(b"password=secret&next=/chat"))
headers: st.SearchStrategy[dict[str, str | bytes]] = st.one_of(
    st.just({"Authorization": "Bearer secret"}),
    st.just({"Authorization": "Bearer secret"}),
    st.dictionaries(
        st.sampled_from(["Authorization", "Cookie", "Origin", "Host", "If-Match", "Content-Type", "X-Miss", "Upgrade"]),
        st.one_of(
            st.sampled_from(
                ["Bearer reader", "Bearer writer", "Bearer secret", "https://app.example", "*", "1", "null"]
            ),
            st.sampled_from(["openclaw_session=x", "application/x-www-form-urlencoded"]),
            visible,
            st.binary(max_size=20).map(lambda raw: bytes(each | 0x80 for each in raw)),
        ),
        max_size=3,
    ),
    st.just({"Origin": "https://app.example", "Access-Control-Request-Method": "PATCH"}),
)
_ALL: dict[str, str | bytes] = {"Authorization": "Bearer secret"}


def _known(method: str, path: st.SearchStrategy[str], body: st.SearchStrategy[Any]) -> st.SearchStrategy[Sent]:
    """Draw requests of somebody who may do everything."""
    return st.builds(Sent, st.just(method), path, queries, st.just(_ALL), body.map(write_json))


def _at(pattern: str) -> st.SearchStrategy[str]:
    return segments.map(lambda segment: f"/api/{pattern.format(segment)}")


known = st.one_of(
    _known("PATCH", st.just("/api/config"), patches),
    _known("PATCH", st.just("/api/config"), patches),
    _known("GET", paths, st.just("")),
    _known("GET", st.one_of(*map(_at, BELOW)), st.just("")),
    _known("POST", st.one_of(*map(_at, BELOW)), st.just({})),
    _known("DELETE", st.one_of(*map(_at, BELOW)), st.just({})),
    _known("POST", st.just("/api/nodes/pair"), whole),
    _known("POST", st.just("/api/nodes/pair/redeem"), devices),
    _known("POST", st.just("/api/auth/login"), logins),
    _known("POST", st.just("/api/chat"), chats),
)
anything = st.builds(Sent, st.sampled_from(METHODS), paths, queries, headers, bodies)
requests = st.one_of(known, known, anything)
turns = st.builds(Sent, st.just("POST"), st.just("/api/chat"), st.just(""), headers, chats.map(write_json))


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """Serve a gateway that has some of everything."""
    async with serving_gateway(load_text(tmp_path, SCENARIO)) as gateway:
        yield gateway


def check_answer(sent: Sent, answer: RawAnswer) -> None:
    """Hold an answer against what any answer of a gateway must be."""
    told = (bytes(sent), answer)
    assert b"Traceback" not in answer.body, told
    if answer.status == 500:
        assert answer.header("x-run-id"), told
        assert answer.header("x-emulator-miss"), told
    if not sent.path.startswith("/api/") or sent.method == "HEAD" or answer.status in {204, 303}:
        return
    assert answer.header("content-type") == JSON, told
    tree = json.loads(answer.body)
    assert isinstance(tree, dict), told
    if answer.status >= 400:
        assert set(tree) == {"error"}, told
        error = tree["error"]
        assert set(error) in ({"code", "message"}, {"code", "message", "details"}), told
        assert isinstance(error["code"], str), told
        assert isinstance(error["message"], str), told
        assert error["message"], told
    if answer.status == 401:
        assert answer.header("www-authenticate"), told


async def until_idle(gateway: Gateway) -> None:
    """Fail when a run goes on though everybody was answered."""
    headers = {"Authorization": "Bearer secret"}
    async with asyncio.timeout(5):
        for name in ("main", "coder", "broken"):
            while True:
                status = (await gateway.get(f"/api/agents/{name}/status", headers)).ok
                if not status["activeRuns"] and not status["queuedRuns"]:
                    break
                await gateway.get("/health")


async def check_all(gateway: Gateway, caplog: pytest.LogCaptureFixture, sent: Sequence[Sent]) -> None:
    async for each, answer in answers(gateway.served.url, sent):
        if b"Invalid" in answer.body[:10] and answer.status == 400 and answer.closes:
            continue  # no HTTP
        check_answer(each, answer)
        check_log(caplog, bytes(each))
    await until_idle(gateway)


@settings(shared, max_examples=250)
@given(sent=st.lists(requests, min_size=5, max_size=15))
async def test_whatever_is_sent_to_a_gateway_is_answered(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, sent: list[Sent]
) -> None:
    await check_all(gateway, caplog, sent)


@settings(shared, max_examples=100)
@given(sent=st.lists(turns, min_size=5, max_size=15))
async def test_whatever_is_said_to_an_agent_is_answered(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, sent: list[Sent]
) -> None:
    await check_all(gateway, caplog, sent)


@settings(shared, max_examples=25)
@given(sent=st.lists(st.lists(requests, min_size=3, max_size=8), min_size=2, max_size=5))
async def test_whatever_is_sent_at_once_is_answered(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, sent: list[list[Sent]]
) -> None:
    async with asyncio.TaskGroup() as group:
        for each in sent:
            group.create_task(check_all(gateway, caplog, each))
    check_log(caplog, b"")
    await until_idle(gateway)
