"""GET /ws: what is said and heard (contract openclaw §1.13)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.live import BINARY, CONTINUATION, PING, PONG, Live, RawSocket, living, streaming, talking
from tests.support.live_scenario import PIECES, SCENARIO, TEXT
from tests.support.scenarios import load_text

KEY = "agent:main:api:dm:s"


@pytest.fixture
async def live(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Live]:
    async with living(load_text(tmp_path, SCENARIO), clock) as live:
        yield live


@pytest.fixture
async def socket(live: Live) -> AsyncIterator[RawSocket]:
    async with talking(live) as socket:
        yield socket


async def test_a_turn_is_told_piece_by_piece_with_its_id(live: Live, socket: RawSocket) -> None:
    await socket.say(type="chat", message="hello", session="s", agent="main", id="c1")
    heard = [await socket.hear()]
    for _ in PIECES[1:]:
        await live.pass_milliseconds(10)
        heard.append(await socket.hear())
    end = await socket.hear()
    run_id = end["runId"]

    assert heard == [
        {"type": "chunk", "chunk": piece, "sessionKey": KEY, "runId": run_id, "index": index, "id": "c1"}
        for index, piece in enumerate(PIECES)
    ]
    assert end == {
        "type": "done",
        "response": TEXT,
        "sessionKey": KEY,
        "tokensUsed": 41,
        "runId": run_id,
        "reason": "complete",
        "id": "c1",
    }


async def test_a_message_is_all_that_a_turn_needs(socket: RawSocket) -> None:
    await socket.say(type="chat", message="quick")
    text, end = await socket.reply()

    assert text == "a quick reply"
    assert end["sessionKey"] == "agent:main:api:dm:default"
    assert "id" not in end


async def test_what_is_said_first_is_the_answer_to_what_was_asked_first(live: Live) -> None:
    async with talking(live) as socket, streaming(live) as stream:
        await live.chat("quick")
        await stream.reply()
        await live.pass_milliseconds(600_000)
        await socket.silent()


@pytest.mark.parametrize("turn", ["c1", "", "회의 🍵", 7, 0, 1.5])
async def test_any_text_or_number_may_be_an_id(socket: RawSocket, turn: object) -> None:
    await socket.say(type="ping", id=turn)
    assert await socket.hear() == {"type": "pong", "id": turn, "ts": "2023-11-14T22:13:20Z"}


async def test_a_ping_without_an_id_gets_a_pong_without_one(socket: RawSocket) -> None:
    await socket.say(type="ping")
    assert await socket.hear() == {"type": "pong", "ts": "2023-11-14T22:13:20Z"}


async def test_turns_of_different_conversations_run_at_the_same_time(live: Live, socket: RawSocket) -> None:
    for name in ("a", "b", "c"):
        await socket.say(type="chat", message="count", session=name, id=name)
    first = [await socket.hear() for _ in range(3)]
    await live.pass_milliseconds(100)
    second = [await socket.hear() for _ in range(3)]

    assert [(each["id"], each["chunk"]) for each in first] == [("a", "one"), ("b", "one"), ("c", "one")]
    assert [(each["id"], each["chunk"]) for each in second] == [("a", " two"), ("b", " two"), ("c", " two")]


async def test_turns_of_one_conversation_run_one_after_the_other(live: Live, socket: RawSocket) -> None:
    for turn in ("first", "second"):
        await socket.say(type="chat", message="count", session="s", id=turn)
    assert (await socket.hear())["id"] == "first"
    await live.pass_milliseconds(400)

    assert (await socket.reply("first"))[0] == " two three"
    assert (await socket.reply("second"))[0] == "one two three"


async def test_a_fourth_turn_of_an_agent_waits_for_one_of_three_and_other_agents_do_not(
    live: Live, socket: RawSocket
) -> None:
    for name in ("a", "b", "c", "d"):
        await socket.say(type="chat", message="count", session=name, id=name)
    await socket.say(type="chat", message="quick", agent="other", id="other")
    heard = [(await socket.hear())["id"] for _ in range(7)]
    await live.pass_milliseconds(400)
    ends = [each["id"] for each in [await socket.hear() for _ in range(13)] if each["type"] == "done"]

    assert heard == ["a", "b", "c", *["other"] * 4]
    assert ends == ["a", "b", "c", "d"]


async def test_a_run_that_fails_is_an_error_with_its_run(socket: RawSocket) -> None:
    await socket.say(type="chat", message="fail", id=3)
    heard = await socket.hear()

    assert heard.pop("runId").startswith("run_")
    assert heard == {"type": "error", "error": {"code": "OVERLOADED", "message": "too much"}, "id": 3}


async def test_an_agent_that_is_not_there_is_an_error_without_a_run(socket: RawSocket) -> None:
    await socket.say(type="chat", message="hello", agent="nobody", id="x")
    heard = await socket.hear()

    assert (heard["type"], heard["error"]["code"], heard["id"]) == ("error", "NOT_FOUND", "x")
    assert "runId" not in heard
    await socket.silent()


async def test_one_run_too_many_is_an_error_with_when_to_come_back(socket: RawSocket) -> None:
    for number in range(22):
        await socket.say(type="chat", message="count", session="s", id=number)
    assert (await socket.hear())["id"] == 0
    heard = await socket.hear()

    assert (heard["id"], heard["error"]["code"]) == (21, "RATE_LIMIT")
    assert heard["error"]["details"] == {"retryAfter": 1}


async def test_a_run_is_stopped_by_its_conversation(live: Live, socket: RawSocket) -> None:
    await socket.say(type="chat", message="count", session="s", id="c1")
    await socket.hear()
    await live.pass_milliseconds(100)
    await socket.hear()
    await socket.say(type="abort", session="s", id="a1")
    end = await socket.hear()

    assert (end["type"], end["reason"], end["id"]) == ("done", "aborted", "c1")
    assert end["response"] == "one two"
    await live.pass_milliseconds(1_000)
    await socket.silent()


async def test_a_run_is_stopped_by_its_id_whoever_began_it(live: Live, socket: RawSocket) -> None:
    async with talking(live) as other, streaming(live) as stream:
        await other.say(type="chat", message="count", session="s", id="c1")
        run_id = (await other.hear())["runId"]
        await socket.say(type="abort", runId=run_id)
        assert (await other.hear())["reason"] == "aborted"
        text, end = await stream.reply()
    await socket.silent()

    assert (text, end["reason"], end["response"]) == ("one", "aborted", "one")


async def test_a_run_that_waits_is_stopped_when_it_is_the_only_one_left(live: Live, socket: RawSocket) -> None:
    for turn in ("first", "second"):
        await socket.say(type="chat", message="count", session="s", id=turn)
    await socket.hear()
    await socket.say(type="abort", session="s")
    assert (await socket.hear())["reason"] == "aborted"
    second = await socket.hear()
    assert (second["id"], second["chunk"]) == ("second", "one")
    await socket.say(type="abort", runId=second["runId"])
    assert (await socket.hear())["id"] == "second"
    assert live.chats.active_runs("main") == 0


async def test_a_run_that_waits_for_another_conversation_is_stopped_before_it_begins(
    live: Live, socket: RawSocket
) -> None:
    for name in ("a", "b", "c", "d"):
        await socket.say(type="chat", message="count", session=name, id=name)
    for _ in range(3):
        await socket.hear()
    await socket.say(type="abort", session="d")
    end = await socket.hear()

    assert (end["id"], end["type"], end["reason"], end["response"]) == ("d", "done", "aborted", "")
    assert live.chats.queued_runs("main") == 0


@pytest.mark.parametrize("wanted", [{"session": "nothing"}, {"runId": "run_0"}])
async def test_what_does_not_run_cannot_be_stopped(socket: RawSocket, wanted: dict[str, str]) -> None:
    await socket.say(type="abort", id="a1", **wanted)
    heard = await socket.hear()

    assert (heard["type"], heard["error"]["code"], heard["id"]) == ("error", "NOT_FOUND", "a1")


async def test_a_conversation_that_is_deleted_ends_its_turn(live: Live, socket: RawSocket) -> None:
    await socket.say(type="chat", message="count", session="s", id="c1")
    await socket.hear()
    assert (await live.get(f"/api/sessions/{KEY}", method="DELETE")).status == 200

    assert (await socket.hear())["reason"] == "deleted"


async def test_changes_are_told_as_rows_to_whoever_subscribed(live: Live, socket: RawSocket) -> None:
    await socket.say(type="subscribe", events=["config", "session", "cron", "channel", "node"], id="s1")
    topics = ["session", "channel", "node", "cron", "config"]
    assert await socket.hear() == {"type": "subscribed", "events": topics, "id": "s1"}

    await live.chat("quick")
    rows = [await socket.hear() for _ in range(2)]
    assert [each["event"] for each in rows] == ["session", "session"]
    assert rows[-1]["data"] == {"key": KEY, "lastActive": "2023-11-14T22:13:20Z", "messageCount": 2}

    await live.get("/api/channels/signal/reconnect", method="POST")
    data = {"id": "signal", "status": "connecting"}
    assert await socket.hear() == {"type": "event", "event": "channel", "data": data}
    await live.pass_milliseconds(1_000)
    assert (await socket.hear())["data"]["status"] == "connected"

    await live.get(f"/api/sessions/{KEY}", method="DELETE")
    assert (await socket.hear())["data"] == {"key": KEY, "deleted": True}


async def test_the_row_of_a_job_is_the_one_of_the_list(live: Live, socket: RawSocket) -> None:
    await socket.say(type="subscribe", events=["cron"])
    await socket.hear()
    await live.get("/api/cron/nightly/run", method="POST")
    heard = [await socket.hear() for _ in range(2)]
    (row,) = json.loads((await live.get("/api/cron")).body)["jobs"]

    assert [each["data"]["lastStatus"] for each in heard] == ["running", "ok"]
    assert heard[-1] == {"type": "event", "event": "cron", "data": row}


async def test_only_what_was_subscribed_to_is_told_and_nothing_after_that_is_taken_back(
    live: Live, socket: RawSocket
) -> None:
    await socket.say(type="subscribe", events=["channel"])
    assert (await socket.hear())["events"] == ["channel"]
    await live.chat("quick")
    await socket.silent()
    await socket.say(type="subscribe", events=[])
    assert (await socket.hear())["events"] == []
    await live.get("/api/channels/signal/reconnect", method="POST")
    await socket.silent()


async def test_runs_go_on_when_their_socket_goes(live: Live) -> None:
    async with talking(live) as socket:
        await socket.say(type="chat", message="count", session="s")
        await socket.hear()
        socket.writer.transport.abort()
    await live.pass_milliseconds(200)
    history = await live.get(f"/api/sessions/{KEY}/history")

    assert b'"one two three"' in history.body


@pytest.mark.parametrize(("message", "length"), [("many", 3_000), ("giant", 7_200_000)])
async def test_much_at_once_cuts_nobody_off_over_a_socket(socket: RawSocket, message: str, length: int) -> None:
    await socket.say(type="chat", message=message, id="m")
    text, end = await socket.reply("m")

    assert len(text) == length
    assert text == end["response"]


async def test_a_ping_of_the_protocol_is_answered_with_what_it_held(socket: RawSocket) -> None:
    await socket.send(b"\x00\xff", PING)
    assert await socket.frame() == (PONG, b"\x00\xff")
    await socket.send(b"unasked for", PONG)
    await socket.silent()


async def test_a_frame_may_come_in_parts(socket: RawSocket) -> None:
    await socket.send('{"type": "pi', is_last=False)
    await socket.send(b"", PING)
    await socket.send('ng", "id": "안녕"}'.encode()[:-4], CONTINUATION, is_last=False)
    await socket.send('ng", "id": "안녕"}'.encode()[-4:], CONTINUATION)
    assert await socket.frame() == (PONG, b"")
    assert (await socket.hear())["id"] == "안녕"


async def test_a_binary_frame_is_no_text(socket: RawSocket) -> None:
    await socket.send(b'{"type":"ping"}', BINARY)
    closed = await socket.closed()

    assert (closed.code, closed.reason) == (1003, "only text is spoken here")
