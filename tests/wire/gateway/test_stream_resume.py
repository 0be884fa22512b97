"""GET /api/chat/stream by whoever comes late, or again (contract openclaw §1.12)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.live import Live, RawStream, living, streaming
from tests.support.live_scenario import SCENARIO
from tests.support.raw import RawAnswer, connected, request_bytes
from tests.support.scenarios import load_text

ENDED = "a quick reply"


@pytest.fixture
async def live(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Live]:
    async with living(load_text(tmp_path, SCENARIO), clock) as live:
        yield live


def id_of(event: str) -> str:
    (line,) = [each for each in event.split("\n") if each.startswith("id: ")]
    return line.removeprefix("id: ")


async def silent(live: Live, stream: RawStream) -> bool:
    """Let 15 seconds pass; return whether nothing but the heartbeat was sent."""
    await live.pass_milliseconds(15_000)
    return await stream.event() == ": keep-alive"


async def asked_again(live: Live, message: str, last_id: str) -> RawAnswer:
    path = f"/api/chat/stream?session=s&message={message}"
    return await live.get(path, {"Last-Event-ID": last_id}, "HEAD")


async def test_a_run_in_progress_is_joined_from_its_first_piece(live: Live) -> None:
    async with live.posting("count") as connection:
        async with streaming(live) as early:
            assert (await early.data())["chunk"] == "one"
            await live.pass_milliseconds(100)
            async with streaming(live, replay="0") as late:
                assert [(await late.data())["chunk"] for _ in range(2)] == ["one", " two"]
                await live.pass_milliseconds(100)
                assert (await late.reply())[0] == " three"
        await connection.answer()


async def test_a_run_of_3000_pieces_is_joined_with_all_of_them(live: Live) -> None:
    await live.chat("many")
    async with streaming(live) as stream:
        text, end = await stream.reply()

    assert text == end["response"] == "x" * 3000


async def test_a_reply_that_nobody_watched_is_replayed_once(live: Live) -> None:
    await live.chat("quick")
    await live.pass_milliseconds(30_000)
    async with streaming(live) as stream:
        text, end = await stream.reply()
        assert (text, end["response"]) == (ENDED, ENDED)
    async with streaming(live) as stream:
        assert await silent(live, stream)


async def test_all_replies_that_nobody_watched_are_replayed_in_their_order(live: Live) -> None:
    await live.chat("lines")
    await live.chat("quick")
    async with streaming(live) as stream:
        assert (await stream.reply())[0].startswith("first")
        assert (await stream.reply())[0] == ENDED


async def test_a_reply_older_than_30_seconds_is_not_replayed(live: Live) -> None:
    await live.chat("quick")
    await live.pass_milliseconds(30_001)
    async with streaming(live) as stream:
        assert await silent(live, stream)


async def test_a_reply_that_went_to_a_stream_is_not_replayed(live: Live) -> None:
    async with streaming(live) as stream:
        await live.chat("quick")
        await stream.reply()
    async with streaming(live) as stream:
        assert await silent(live, stream)


async def test_nothing_is_replayed_for_whoever_does_not_want_it(live: Live) -> None:
    await live.chat("quick")
    async with streaming(live, replay="0") as stream:
        assert await silent(live, stream)
    async with streaming(live) as stream:
        assert (await stream.reply())[0] == ENDED


async def test_the_newest_reply_is_replayed_however_often_it_is_wanted(live: Live) -> None:
    await live.chat("lines")
    async with streaming(live) as stream:
        await stream.reply()
    await live.chat("quick")
    await live.pass_milliseconds(60_000)
    for _ in range(2):
        async with streaming(live, replay="last") as stream:
            assert (await stream.reply())[0] == ENDED
            assert await silent(live, stream)


async def test_a_replay_ends_a_stream_that_is_to_close(live: Live) -> None:
    await live.chat("quick")
    await live.chat("quick")
    async with streaming(live, close="1") as stream:
        assert (await stream.reply())[0] == ENDED
        await stream.end()


@pytest.mark.parametrize("by", ["header", "parameter"])
async def test_a_stream_goes_on_behind_the_last_event_that_came(live: Live, by: str) -> None:
    async with streaming(live, message="count") as stream:
        first = await stream.event()
        last = {"lastEventId": id_of(first)} if by == "parameter" else {}
        headers = {"Last-Event-ID": id_of(first)} if by == "header" else {}
        await live.pass_milliseconds(100)
        async with streaming(live, headers=headers, **last) as resumed:
            assert (await resumed.data())["chunk"] == " two"
            await live.pass_milliseconds(100)
            assert (await resumed.reply())[0] == " three"


async def test_what_was_missed_is_sent_even_when_it_went_to_others(live: Live) -> None:
    async with streaming(live) as other:
        async with streaming(live) as stream:
            await live.chat("lines")
            first = id_of(await stream.event())
        await live.chat("quick")
        assert [(await other.reply())[0] for _ in range(2)][1] == ENDED
        async with streaming(live, headers={"Last-Event-ID": first}) as resumed:
            assert (await resumed.reply())[0].startswith("id: 7")
            assert (await resumed.reply())[0] == ENDED
            assert await silent(live, resumed)


@pytest.mark.parametrize("last", ["run_0:1", "", "x", ":", "run_0", b"\xff\xfe"])
async def test_an_event_that_nobody_knows_is_as_none(live: Live, last: str | bytes) -> None:
    await live.chat("quick")
    async with streaming(live, headers={"Last-Event-ID": last}) as stream:
        assert (await stream.reply())[0] == ENDED


async def test_an_event_is_forgotten_after_five_minutes(live: Live) -> None:
    async with streaming(live) as stream:
        await live.chat("lines")
        first = id_of(await stream.event())
    await live.pass_milliseconds(300_000)
    async with streaming(live, headers={"Last-Event-ID": first}) as stream:
        assert (await stream.reply())[0].startswith("id: 7")
    await live.pass_milliseconds(1)
    async with streaming(live, headers={"Last-Event-ID": first}) as stream:
        assert await silent(live, stream)


async def test_a_turn_that_is_over_is_not_begun_again(live: Live) -> None:
    async with streaming(live, message="quick") as stream:
        events = await stream.events(2)
    for event in events:
        path = "/api/chat/stream?session=s&message=quick"
        request = request_bytes("GET", path, headers={"Last-Event-ID": id_of(event), "Connection": "close"})
        async with connected(live.url) as connection:
            await connection.send(request)
            head, _, body = (await connection.rest()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 204 ")
        assert b"Content-Type" not in head
        assert body == b""

    assert await runs_of(live) == 1


async def test_a_turn_under_way_is_joined_and_not_begun_again(live: Live) -> None:
    async with streaming(live, message="count") as stream:
        first = id_of(await stream.event())
    async with streaming(live, message="count", headers={"Last-Event-ID": first}) as again:
        await live.pass_milliseconds(200)
        text, end = await again.reply()
        await again.end()

    assert (text, end["response"]) == (" two three", "one two three")
    assert await runs_of(live) == 1


async def test_a_turn_joined_by_an_event_that_never_was_is_that_turn_and_no_other(live: Live) -> None:
    await live.chat("quick")
    async with streaming(live, replay="0"), streaming(live, message="count") as stream:
        run_id = id_of(await stream.event()).partition(":")[0]
        async with streaming(live, message="count", headers={"Last-Event-ID": f"{run_id}:99"}) as again:
            await live.pass_milliseconds(200)
            assert (await again.reply())[0] == "one two three"
            await again.end()


async def test_asking_for_the_head_alone_begins_no_turn(live: Live) -> None:
    answer = await asked_again(live, "quick", "run_0:1")

    assert answer.status == 200
    assert await runs_of(live) == 0


async def runs_of(live: Live) -> int:
    """Count the turns of the conversation by its history."""
    answer = await live.get("/api/sessions/agent:main:api:dm:s/history")
    if answer.status == 404:
        return 0
    return sum(each["role"] == "user" for each in json.loads(answer.body)["messages"])
