"""GET /api/chat/stream: what it sends, and when (contract openclaw §1.12)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.live import RETRY, Live, living, opened, streaming, talking
from tests.support.live_scenario import PIECES, SCENARIO, TEXT
from tests.support.raw import request_bytes
from tests.support.scenarios import load_text

KEY = "agent:main:api:dm:s"


@pytest.fixture
async def live(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Live]:
    async with living(load_text(tmp_path, SCENARIO), clock) as live:
        yield live


async def test_the_head_is_that_of_an_event_stream_of_unknown_length(live: Live) -> None:
    async with streaming(live) as stream:
        status, *lines = stream.head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)

    assert status == "HTTP/1.1 200 OK"
    assert headers.pop("Date").endswith(" GMT")
    assert headers == {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",
        "Transfer-Encoding": "chunked",
    }


async def test_a_turn_is_streamed_piece_by_piece_and_the_stream_ends_behind_it(live: Live) -> None:
    async with streaming(live, message="hello") as stream:
        first = await stream.event()
        run_id = first.split("\n")[0].removeprefix("id: ").removesuffix(":1")
        events = [first]
        for _ in PIECES[1:]:
            await live.pass_milliseconds(10)
            events.append(await stream.event())
        end = await stream.event()
        await stream.end()

    for index, (event, piece) in enumerate(zip(events, PIECES, strict=True)):
        first_line, second_line = event.split("\n")
        assert first_line == f"id: {run_id}:{index + 1}"
        data = json.loads(second_line.removeprefix("data: "))
        assert data == {"chunk": piece, "sessionKey": KEY, "runId": run_id, "index": index}
    name, event_id, data_line = end.split("\n")
    assert (name, event_id) == ("event: done", f"id: {run_id}:{len(PIECES) + 1}")
    assert json.loads(data_line.removeprefix("data: ")) == {
        "chunk": "",
        "response": TEXT,
        "sessionKey": KEY,
        "tokensUsed": 41,
        "runId": run_id,
        "reason": "complete",
    }


async def test_no_piece_comes_before_its_time(live: Live) -> None:
    async with streaming(live, session="t") as other, streaming(live, message="count", session="t") as stream:
        assert (await stream.data())["chunk"] == "one"
        await live.pass_milliseconds(99)
        assert live.clock.next_instant == live.clock.now() + 1_000_000
        assert (await other.data())["chunk"] == "one"
        await live.pass_milliseconds(1)
        assert [(await each.data())["chunk"] for each in (stream, other)] == [" two", " two"]


async def test_no_character_is_broken_when_a_reply_comes_one_by_one(tmp_path: Path, clock: WatchedClock) -> None:
    text = f'gateway: {{chat: {{reply: "{TEXT}", stream: {{by: character, every: 0ms}}}}}}'
    async with living(load_text(tmp_path, text), clock) as live, streaming(live, message="x") as stream:
        pieces = [(await stream.data())["chunk"]]
        while pieces[-1]:
            pieces.append((await stream.data())["chunk"])
        assert pieces.pop() == ""
        await stream.end()

    assert "".join(pieces) == TEXT
    assert {"👩‍👩‍👧", "🇰🇷", "é", "안"} <= set(pieces)
    assert not any(unicodedata.combining(piece[0]) for piece in pieces)


async def test_line_feeds_of_a_reply_never_end_a_line_of_the_stream(live: Live) -> None:
    async with streaming(live, message="lines") as stream:
        events = await stream.events(2)

    assert [event.count("\n") for event in events] == [1, 1]
    assert all("\r" not in event for event in events)
    pieces = [json.loads(event.split("data: ", 1)[1])["chunk"] for event in events]
    assert pieces == ["first\nsecond\r\n", "id: 7\n\ndata: x\u2028"]


async def test_a_run_that_fails_is_an_error_event_and_ends_the_stream(live: Live) -> None:
    async with streaming(live, message="fail") as stream:
        name, event_id, data_line = (await stream.event()).split("\n")
        await stream.end()
    data = json.loads(data_line.removeprefix("data: "))

    assert (name, event_id) == ("event: error", f"id: {data['runId']}:1")
    assert data == {"chunk": "", "error": {"code": "OVERLOADED", "message": "too much"}, "runId": data["runId"]}


async def test_a_subscription_carries_the_runs_of_whoever_started_them(live: Live) -> None:
    async with streaming(live) as subscribed, talking(live) as socket:
        await live.chat("quick")
        async with streaming(live, message="quick") as once:
            by_stream, _ = await once.reply()
        await socket.say(type="chat", message="quick", session="s")
        by_socket, _ = await socket.reply()
        got = [await subscribed.reply() for _ in range(3)]

    assert by_stream == by_socket == "a quick reply"
    assert [text for text, _ in got] == ["a quick reply"] * 3
    assert len({end["runId"] for _, end in got}) == 3


async def test_a_subscription_carries_the_runs_of_jobs(live: Live) -> None:
    async with streaming(live, session="agent:main:cron:dm:nightly") as subscribed:
        assert (await live.get("/api/cron/nightly/run", method="POST")).status == 200
        text, end = await subscribed.reply()

    assert (text, end["sessionKey"]) == ("all is well", "agent:main:cron:dm:nightly")


async def test_a_subscription_stays_open_when_a_run_has_failed(live: Live) -> None:
    async with streaming(live) as stream:
        async with live.posting("fail") as connection:
            assert (await connection.answer()).status == 503
        await live.chat("quick")
        assert [(await stream.reply())[0] for _ in range(2)] == ["", "a quick reply"]


async def test_a_subscription_hears_nothing_of_other_conversations(live: Live) -> None:
    async with streaming(live) as stream:
        await live.chat("quick", "t")
        await live.chat("lines", "s")
        assert (await stream.reply())[0].startswith("first")


async def test_two_streams_of_a_conversation_carry_the_same(live: Live) -> None:
    async with streaming(live) as first, streaming(live, session=KEY) as second:
        await live.chat("lines")
        events = await first.events(3)
        assert await second.events(3) == events


async def test_a_stream_of_one_turn_says_nothing_of_the_others_of_its_conversation(live: Live) -> None:
    async with streaming(live, message="count") as first, streaming(live, message="hello") as second:
        await live.pass_milliseconds(1_000)
        assert (await first.reply())[0] == "one two three"
        assert (await second.reply())[0] == TEXT
        await first.end()
        await second.end()


async def test_a_silence_of_15_seconds_is_broken_by_a_comment(live: Live) -> None:
    async with streaming(live) as stream:
        await live.pass_milliseconds(10_000)
        await live.chat("quick")
        assert (await stream.reply())[0] == "a quick reply"
        await live.pass_milliseconds(14_999)
        await live.chat("quick")
        assert (await stream.reply())[0] == "a quick reply"
        await live.pass_milliseconds(15_000)
        assert await stream.event() == ": keep-alive"
        await live.pass_milliseconds(30_000)
        assert await stream.events(2) == [": keep-alive"] * 2


async def test_heartbeats_go_on_when_the_clock_is_put_back(live: Live) -> None:
    async with streaming(live) as stream:
        live.clock.restart(live.clock.now() - 10**18, paused=True)
        await live.pass_milliseconds(15_000)
        assert await stream.event() == ": keep-alive"


async def test_a_stream_that_is_to_close_ends_behind_the_first_reply(live: Live) -> None:
    async with streaming(live, close="1") as stream:
        await live.chat("quick")
        await live.chat("quick")
        assert (await stream.reply())[0] == "a quick reply"
        await stream.end()


async def test_nothing_is_sent_behind_the_end_when_another_turn_begins_at_once(live: Live) -> None:
    async with streaming(live, close="1") as stream:
        async with live.posting("count") as first:
            assert (await stream.data())["chunk"] == "one"
            async with live.posting("quick") as second:
                while not live.chats.queued_runs("main"):
                    await live.pass_milliseconds(0)
                await live.pass_milliseconds(200)
                assert [(await each.answer()).status for each in (first, second)] == [200, 200]
        assert (await stream.reply())[0] == " two three"
        await stream.end()


async def test_a_reply_that_began_at_once_behind_a_stream_of_one_turn_is_not_lost(live: Live) -> None:
    async with streaming(live, message="count") as stream:
        async with live.posting("quick") as connection:
            while not live.chats.queued_runs("main"):
                await live.pass_milliseconds(0)
            await live.pass_milliseconds(200)
            await connection.answer()
        assert (await stream.reply())[0] == "one two three"
        await stream.end()

    async with streaming(live) as stream:
        assert (await stream.reply())[0] == "a quick reply"


async def test_a_client_of_http_1_0_gets_the_events_as_they_are(live: Live) -> None:
    request = request_bytes("GET", "/api/chat/stream?session=s&message=quick").replace(b"HTTP/1.1", b"HTTP/1.0")
    async with opened(live, request) as stream:
        assert "Transfer-Encoding" not in stream.head
        assert "Connection: close" in stream.head
        assert await stream.event() == RETRY
        assert (await stream.reply())[0] == "a quick reply"
        await stream.end()


@pytest.mark.parametrize(("message", "length"), [("many", 3_000), ("giant", 7_200_000)])
async def test_much_at_once_cuts_nobody_off(live: Live, message: str, length: int) -> None:
    async with streaming(live, message=message) as stream:
        text, end = await stream.reply()

    assert len(text) == length
    assert text == end["response"]
