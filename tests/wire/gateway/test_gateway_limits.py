"""Limits of a gateway: RATE_LIMIT, and headers that say where a caller stands (contract openclaw §1.14)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from emulator.values.durations import SECOND
from tests.support.clocks import START, WatchedClock
from tests.support.live import UPGRADE, Live, body_of, code_of, living, opened, streaming, talking
from tests.support.raw import RawAnswer, connected, request_bytes
from tests.support.scenarios import load_text

NOW = START // SECOND
CHAT = "gateway: {chat: {reply: hi}, cors: {origins: [http://a.example]}}"
LOCKED = """
gateway:
  auth: {password: p, tokens: {t: {scopes: [read, write]}}}
  chat: {reply: hi}
"""
STANDING = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")

Begin: TypeAlias = Callable[..., Awaitable[Live]]


@pytest.fixture
async def begin(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Begin]:
    """Return what serves a gateway with these limits, on a clock that stands still."""
    async with AsyncExitStack() as stack:

        async def serve(limits: str, gateway: str = CHAT) -> Live:
            return await stack.enter_async_context(living(load_text(tmp_path, f"limits: [{limits}]\n{gateway}"), clock))

        yield serve


def standing_of(answer: RawAnswer) -> tuple[int, ...]:
    """Return how many calls are allowed, how many are left, and in how many seconds all are back."""
    limit, left, reset = (int(answer.header(name) or "") for name in STANDING)
    return limit, left, reset - NOW


async def say(live: Live, session: str = "s", headers: dict[str, str] | None = None, message: str = "hi") -> RawAnswer:
    """Send a message by POST /api/chat."""
    body = json.dumps({"message": message, "session": session}).encode()
    async with connected(live.url) as connection:
        await connection.send(request_bytes("POST", "/api/chat", body, headers))
        return await connection.answer()


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def test_answers_within_a_limit_say_where_the_caller_stands(begin: Begin) -> None:
    live = await begin('{name: reads, on: "GET /api/*", allow: 3, per: 60s}')

    answers = [await live.get("/api/sessions") for _ in range(3)]

    assert [standing_of(each) for each in answers] == [(3, 2, 20), (3, 1, 40), (3, 0, 60)]
    assert [each.header("ratelimit-policy") for each in answers] == ['"reads";q=3;w=60'] * 3
    assert [each.header("ratelimit") for each in answers] == [f'"reads";r={left};t=20' for left in (2, 1, 0)]
    assert [each.header("retry-after") for each in answers] == [None] * 3


async def test_a_request_too_many_is_told_when_to_come_back(begin: Begin, clock: WatchedClock) -> None:
    live = await begin('{name: reads, on: "GET /api/*", allow: 2, per: 60s}')
    for _ in range(2):
        await live.get("/api/sessions")
    await clock.pass_milliseconds(500)
    answer = await live.get("/api/sessions", {"Origin": "http://a.example"})

    assert code_of(answer) == (429, "RATE_LIMIT")
    assert body_of(answer)["error"] == {
        "code": "RATE_LIMIT",
        "message": "too many requests: 2 are allowed",
        "details": {"retryAfter": 30},
    }
    assert answer.header("retry-after") == "30"
    assert standing_of(answer) == (2, 0, 60)
    assert answer.header("ratelimit") == '"reads";r=0;t=30'
    exposed = (answer.header("access-control-expose-headers") or "").split(", ")
    assert {"RateLimit", "RateLimit-Policy", "Retry-After", "X-RateLimit-Remaining"} <= set(exposed)
    await clock.pass_milliseconds(30_000)
    assert (await live.get("/api/sessions")).status == 200


async def test_a_wait_of_less_than_a_second_is_a_second(begin: Begin) -> None:
    live = await begin('{on: "GET /api/*", allow: 10, per: 1s}')
    answers = [await live.get("/api/sessions") for _ in range(11)]

    assert answers[-1].header("retry-after") == "1"
    assert body_of(answers[-1])["error"]["details"] == {"retryAfter": 1}


async def test_a_window_says_when_it_is_over(begin: Begin, clock: WatchedClock) -> None:
    live = await begin('{name: w, on: "GET /api/*", allow: 2, per: 10s, kind: window}')
    first = await live.get("/api/sessions")
    await clock.pass_milliseconds(4_000)
    second = await live.get("/api/sessions")
    third = await live.get("/api/sessions")

    assert [standing_of(each) for each in (first, second, third)] == [(2, 1, 10), (2, 0, 10), (2, 0, 10)]
    assert [each.header("ratelimit") for each in (first, second)] == ['"w";r=1;t=10', '"w";r=0;t=6']
    assert third.header("retry-after") == "6"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/api/nowhere", "GET", 404), ("/api/sessions", "PATCH", 405), ("/api/cron/x/run", "POST", 404)],
)
async def test_refusals_within_a_limit_say_where_the_caller_stands_too(
    begin: Begin, path: str, method: str, status: int
) -> None:
    live = await begin('{on: "*", allow: 2, per: 60s}')

    answer = await live.get(path, method=method)

    assert answer.status == status
    assert standing_of(answer) == (2, 1, 30)


async def test_the_nearest_of_several_limits_is_said_and_all_in_the_structured_fields(begin: Begin) -> None:
    live = await begin('{name: minute, on: "*", allow: 5, per: 1m}, {name: day, on: "GET *", allow: 3, per: 1d}')
    answer = await live.get("/api/sessions")

    assert standing_of(answer) == (3, 2, 28_800)
    assert answer.header("ratelimit-policy") == '"minute";q=5;w=60, "day";q=3;w=86400'
    assert answer.header("ratelimit") == '"minute";r=4;t=12, "day";r=2;t=28800'


async def test_without_limits_no_answer_speaks_of_them(begin: Begin) -> None:
    live = await begin("")
    answers = [await live.get("/api/sessions"), await say(live)]

    assert [name for each in answers for name, _ in each.headers if "ratelimit" in name] == []


async def test_turns_are_counted_when_they_come_in_and_one_too_many_leaves_no_trace(begin: Begin) -> None:
    live = await begin('{name: chat, on: "POST /api/chat", allow: 2, per: 10s}')
    answers = [await say(live) for _ in range(3)]

    assert [each.status for each in answers] == [200, 200, 429]
    assert [standing_of(each) for each in answers] == [(2, 1, 5), (2, 0, 10), (2, 0, 10)]
    assert answers[2].header("retry-after") == "5"
    history = await live.get("/api/sessions/agent%3Amain%3Aapi%3Adm%3As/history")
    assert len(body_of(history)["messages"]) == 4


async def test_a_message_that_is_none_is_not_counted(begin: Begin) -> None:
    live = await begin('{on: "POST /api/chat", allow: 1, per: 10s}')

    assert [(await say(live, message=text)).status for text in ("", "hi", "hi")] == [400, 200, 429]


async def test_a_socket_gets_a_frame_for_a_turn_too_many_and_goes_on(begin: Begin, clock: WatchedClock) -> None:
    live = await begin('{on: "POST /api/chat", allow: 1, per: 10s}')
    async with talking(live) as socket:
        await socket.say(type="chat", message="hi", session="s", id="1")
        assert (await socket.reply("1"))[0] == "hi"
        await socket.say(type="chat", message="hi", session="s", id="2")
        assert await socket.hear() == {
            "type": "error",
            "id": "2",
            "error": {
                "code": "RATE_LIMIT",
                "message": "too many requests: 1 are allowed",
                "details": {"retryAfter": 10},
            },
        }
        await socket.silent()
        await clock.pass_milliseconds(10_000)
        await socket.say(type="chat", message="hi", session="s", id="3")
        assert (await socket.reply("3"))[0] == "hi"


async def test_a_stream_too_many_is_refused_before_its_first_byte(begin: Begin) -> None:
    live = await begin('{on: "POST /api/chat", allow: 1, per: 10s}')
    async with streaming(live, message="hi") as stream:
        assert "X-RateLimit-Remaining: 0" in stream.head
        assert 'RateLimit: "limit-1";r=0;t=10' in stream.head
        assert (await stream.reply())[0] == "hi"

    answer = await live.get("/api/chat/stream?session=s&message=hi")
    assert code_of(answer) == (429, "RATE_LIMIT")
    assert answer.header("retry-after") == "10"
    assert (await live.get("/api/chat/stream?session=s", method="HEAD")).status == 200


async def test_a_stream_with_a_message_is_counted_once_by_a_limit_of_everything(begin: Begin) -> None:
    live = await begin('{name: all, on: "*", allow: 3, per: 10s}')
    heads = []
    for _ in range(2):
        async with streaming(live, message="hi") as stream:
            heads.append(stream.head)
            assert (await stream.reply())[0] == "hi"

    assert ["Remaining: 2" in heads[0], "Remaining: 1" in heads[1]] == [True, True]


async def test_an_upgrade_and_each_of_its_turns_are_requests_of_their_own(begin: Begin) -> None:
    live = await begin('{on: "*", allow: 3, per: 10s}')
    async with talking(live) as socket:
        for turn in ("1", "2"):
            await socket.say(type="chat", message="hi", session="s", id=turn)
            assert (await socket.reply(turn))[0] == "hi"
        await socket.say(type="chat", message="hi", session="s", id="3")
        assert (await socket.hear())["error"]["code"] == "RATE_LIMIT"

    async with opened(live, request_bytes("GET", "/ws", headers=UPGRADE)) as stream:
        assert stream.status == 429
        assert "Retry-After: 4" in stream.head


async def test_each_credential_has_calls_of_its_own_on_every_way_in(begin: Begin) -> None:
    live = await begin('{on: ["GET /api/sessions", "POST /api/chat"], allow: 2, per: 1h, by: identity}', LOCKED)

    assert [(await live.get("/api/sessions", bearing("p"))).status for _ in range(2)] == [200, 200]
    assert (await say(live, headers=bearing("p"))).status == 429
    assert (await say(live, headers=bearing("t"))).status == 200
    async with talking(live, bearing("t")) as socket:
        await socket.say(type="chat", message="hi", session="s", id="1")
        assert (await socket.reply("1"))[0] == "hi"
        await socket.say(type="chat", message="hi", session="s", id="2")
        assert (await socket.hear())["error"]["code"] == "RATE_LIMIT"
    assert (await live.get("/api/sessions", bearing("t"))).status == 429


async def test_a_wrong_secret_is_refused_before_it_is_counted(begin: Begin) -> None:
    live = await begin('{on: "GET /api/sessions", allow: 1, per: 1h}', LOCKED)

    statuses = [(await live.get("/api/sessions", bearing(secret))).status for secret in ("x", "p", "x", "p")]

    assert statuses == [401, 200, 401, 429]


async def test_a_gateway_without_credentials_tells_callers_apart_by_their_addresses(begin: Begin) -> None:
    live = await begin('{on: "GET /api/sessions", allow: 1, per: 1h, by: identity}')
    await live.get("/api/sessions")
    (entry,) = live.emulator.journal

    assert (entry.call.credential, entry.call.address) == (None, "127.0.0.1")


async def test_each_conversation_has_turns_of_its_own(begin: Begin) -> None:
    live = await begin('{on: "POST /api/chat", allow: 1, per: 1h, by: session}')

    keys = ["a", "b", "a", "agent:main:api:dm:b"]
    assert [(await say(live, each)).status for each in keys] == [200, 200, 429, 429]
