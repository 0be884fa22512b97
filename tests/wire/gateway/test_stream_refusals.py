"""GET /api/chat/stream: what is refused before the first byte, who may come in, and what pages of others may read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.live import Live, body_of, code_of, escaped, living, opened, streaming
from tests.support.live_scenario import SECRET, locked
from tests.support.raw import request_bytes
from tests.support.scenarios import load_text

PATH = "/api/chat/stream"
PASSWORD = {"Authorization": f"Bearer {SECRET}"}
PAGE = "http://localhost:3000"


@pytest.fixture
async def live(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Live]:
    text = locked(f'  cors: {{origins: ["{PAGE}"]}}\n')
    async with living(load_text(tmp_path, text), clock) as live:
        yield live


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "INVALID_REQUEST"),
        ("?session=", 400, "INVALID_REQUEST"),
        ("?message=hello", 400, "INVALID_REQUEST"),
        ("?session=s&message=", 400, "INVALID_REQUEST"),
        ("?session=s&message=%20", 400, "INVALID_REQUEST"),
        (f"?session={'x' * 257}", 400, "INVALID_REQUEST"),
        (f"?session={'x' * 257}&message=hello", 400, "INVALID_REQUEST"),
        ("?session=a%0Ab", 400, "INVALID_REQUEST"),
        ("?session=agent:main:x", 400, "INVALID_REQUEST"),
        ("?session=agent:main:api:dm:s&agent=other", 400, "INVALID_REQUEST"),
        ("?session=s&agent=nobody", 404, "NOT_FOUND"),
        ("?session=s&agent=nobody&message=hello", 404, "NOT_FOUND"),
        ("?session=agent:nobody:api:dm:s", 404, "NOT_FOUND"),
        ("?session=s&agent=%2F", 404, "NOT_FOUND"),
    ],
)
async def test_what_is_wrong_is_answered_in_json(live: Live, query: str, status: int, code: str) -> None:
    assert code_of(await live.get(PATH + query, PASSWORD)) == (status, code)
    assert live.watchers == 0


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "openclaw_session=wrong"}])
async def test_nobody_in_particular_is_refused(live: Live, headers: dict[str, str]) -> None:
    answer = await live.get(f"{PATH}?session=s", headers)

    assert code_of(answer) == (401, "AUTH_REQUIRED")
    assert (answer.header("www-authenticate") or "").startswith("Bearer")


@pytest.mark.parametrize("token", [SECRET, "looker", "writer"])
async def test_a_secret_may_stand_in_the_query(live: Live, token: str) -> None:
    async with streaming(live, token=token) as stream:
        assert stream.status == 200


async def test_a_wrong_secret_in_the_query_is_refused(live: Live) -> None:
    assert code_of(await live.get(f"{PATH}?session=s&token=wrong")) == (401, "AUTH_REQUIRED")


async def test_a_cookie_lets_a_browser_in(live: Live) -> None:
    async with opened(live, request_bytes("POST", "/api/auth/login", b'{"password":"s3cret"}')) as login:
        (line,) = [each for each in login.head.split("\r\n") if each.startswith("Set-Cookie")]
    cookie = line.removeprefix("Set-Cookie: ").partition(";")[0]

    async with streaming(live, message="quick", headers={"Cookie": cookie}) as stream:
        assert (await stream.reply())[0] == "a quick reply"


async def test_whoever_may_only_read_watches_and_begins_nothing(live: Live) -> None:
    async with streaming(live, token="looker") as stream:
        answer = await live.get(f"{PATH}?session=s&message=quick&token=looker")
        assert code_of(answer) == (403, "FORBIDDEN")
        assert body_of(answer)["error"]["details"] == {"requiredScopes": ["write"]}
        async with streaming(live, message="quick", token="writer") as other:
            await other.reply()
        assert (await stream.reply())[0] == "a quick reply"
        assert live.chats.active_runs("main") == 0


async def test_one_run_too_many_is_refused_with_when_to_come_back(live: Live) -> None:
    async with streaming(live, message="count", headers=PASSWORD) as first:
        await first.data()
        for _ in range(20):
            async with streaming(live, message="count", headers=PASSWORD):
                pass
        answer = await live.get(f"{PATH}?session=s&message=count", PASSWORD)
        assert code_of(answer) == (429, "RATE_LIMIT")
        assert answer.header("retry-after") == "1"
        assert live.chats.queued_runs("main") == 20


@pytest.mark.parametrize("query", ["?session=s", "?session=s&message=quick"])
async def test_the_head_can_be_had_alone_and_says_no_length(live: Live, query: str) -> None:
    answer = await live.get(PATH + query, PASSWORD, "HEAD")

    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert answer.header("cache-control") == "no-cache, no-transform"
    assert answer.header("content-length") is None
    assert live.watchers == 0


async def test_a_page_of_an_allowed_origin_may_read_the_stream(live: Live) -> None:
    async with streaming(live, headers={**PASSWORD, "Origin": PAGE}) as stream:
        lines = stream.head.split("\r\n")
    head = await live.get(f"{PATH}?session=s", {**PASSWORD, "Origin": PAGE}, "HEAD")

    assert f"Access-Control-Allow-Origin: {PAGE}" in lines
    assert "Access-Control-Allow-Credentials: true" in lines
    assert head.header("access-control-allow-origin") == PAGE


async def test_a_page_of_any_other_origin_may_not(live: Live) -> None:
    async with streaming(live, headers={**PASSWORD, "Origin": "http://evil.example"}) as stream:
        assert "Access-Control" not in stream.head


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
async def test_only_get_opens_a_stream(live: Live, method: str) -> None:
    answer = await live.get(f"{PATH}?session=s", PASSWORD, method)

    assert code_of(answer) == (405, "METHOD_NOT_ALLOWED")
    assert answer.header("allow") == "GET, HEAD"


async def test_korean_and_emoji_arrive_in_the_query(live: Live) -> None:
    async with streaming(live, session="회의실 🍵", message="안녕 👩‍👩‍👧 & ?", headers=PASSWORD) as stream:
        await live.pass_milliseconds(1_000)
        text, end = await stream.reply()

    assert text == "you said 안녕 👩‍👩‍👧 & ?"
    assert end["sessionKey"] == "agent:main:api:dm:회의실 🍵"
    history = await live.get(f"/api/sessions/{escaped(end['sessionKey'])}/history", PASSWORD)
    assert [each["role"] for each in body_of(history)["messages"]] == ["user", "assistant"]
