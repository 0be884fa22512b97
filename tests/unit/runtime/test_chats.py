"""Runs of agents without any wire: who begins when, who hears what, and what ends them."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.gateway.sessions import history
from emulator.runtime.chat import MAX_DURATION, Chats, Run, TooManyRunsError, Turn
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Chunk, Died, Done, Event, Failed, Item
from emulator.values.durations import SECOND
from emulator.values.session_keys import api_key
from tests.support.clocks import START
from tests.support.scenarios import load_text

SLOW = "gateway: {chat: {reply: 'a b', delay: 1s, stream: {every: 0ms}}}"
AT_ONCE = "gateway: {chat: {reply: 'a b'}}"


class Room:
    """Some chats, and what is said in them."""

    def __init__(self, folder: Path, text: str) -> None:
        self.clock = VirtualClock(START)
        self.emulator = Emulator(load_text(folder, text), self.clock)
        self.chats = Chats(self.emulator)
        self.heard: list[Event] = []

    def say(self, session: str = "x", message: str = "hi") -> Run:
        return self.chats.start(Turn(api_key("main", session), "main", message), self.hear)

    def hear(self, item: Item) -> None:
        self.heard.append(item.event)

    def said(self, session: str = "x") -> list[str]:
        key = api_key("main", session).text
        return [each.content for each in history(self.emulator.reading(), key) or []]

    @property
    def counts(self) -> tuple[int, int]:
        return self.chats.active_runs("main"), self.chats.queued_runs("main")


async def test_whoever_starts_a_run_hears_of_everything_even_at_once(tmp_path: Path) -> None:
    room = Room(tmp_path, AT_ONCE)

    run = room.say()

    assert room.heard == [Chunk("a ", 0), Chunk("b", 1), Done("a b", 2)]
    assert run.end == Done("a b", 2)
    assert room.counts == (0, 0)


async def test_the_feed_of_a_conversation_hears_of_all_its_runs(tmp_path: Path) -> None:
    room = Room(tmp_path, AT_ONCE)
    items: list[Item] = []
    unwatch = room.chats.feed("agent:main:api:dm:x").watch(items.append)

    first, second = room.say(), room.say()
    room.say("y")
    unwatch()
    room.say()

    assert [each.id for each in items] == [f"{run.id}:{number}" for run in (first, second) for number in (1, 2, 3)]


async def test_a_run_is_found_while_it_goes_on_or_waits(tmp_path: Path) -> None:
    room = Room(tmp_path, SLOW)

    running, waiting = room.say(), room.say()

    assert (room.chats.find(running.id), room.chats.find(waiting.id)) == (running, waiting)
    assert room.chats.running("agent:main:api:dm:x") is running
    await room.clock.advance(2 * SECOND)
    assert room.chats.find(running.id) is room.chats.find(waiting.id) is None


async def test_an_aborted_run_ends_with_what_was_said_and_the_next_begins(tmp_path: Path) -> None:
    room = Room(tmp_path, "gateway: {chat: {reply: [a, b], stream: {every: 1s}}}")
    first, second = room.say(message="one"), room.say(message="two")

    assert room.chats.abort("agent:main:api:dm:x")

    assert first.end == Done("a", 0, "aborted")
    assert room.chats.running("agent:main:api:dm:x") is second
    assert room.said() == ["one", "two"]
    await room.clock.advance(10 * SECOND)
    assert room.said() == ["one", "two", "ab"]


async def test_a_run_that_waits_is_aborted_by_its_id_without_having_begun(tmp_path: Path) -> None:
    room = Room(tmp_path, SLOW)
    running, waiting = room.say(message="one"), room.say(message="two")

    assert room.chats.abort("agent:main:api:dm:x", waiting.id)
    assert not room.chats.abort("agent:main:api:dm:x", waiting.id)
    assert not room.chats.abort("agent:main:api:dm:y")

    assert (waiting.end, running.end) == (Done("", 0, "aborted"), None)
    await room.clock.advance(5 * SECOND)
    assert room.said() == ["one", "a b"]


async def test_three_run_and_twenty_wait(tmp_path: Path) -> None:
    room = Room(tmp_path, SLOW)
    runs = [room.say(str(number)) for number in range(23)]

    with pytest.raises(TooManyRunsError, match="20 runs waiting"):
        room.say("one more")

    assert room.counts == (3, 20)
    await room.clock.advance(1 * SECOND)
    assert room.counts == (3, 17)
    assert [run.end is not None for run in runs] == [True] * 3 + [False] * 20
    await room.clock.advance(7 * SECOND)
    assert room.counts == (0, 0)
    assert all(isinstance(run.end, Done) for run in runs)


async def test_what_waits_longest_begins_first(tmp_path: Path) -> None:
    room = Room(tmp_path, SLOW)
    for session in ("a", "b", "c", "a", "d", "a"):
        room.say(session)

    await room.clock.advance(1 * SECOND)

    assert [len(room.said(each)) for each in "abcd"] == [3, 2, 2, 1]


async def test_runs_that_end_at_once_do_not_pile_up(tmp_path: Path) -> None:
    text = "gateway: {chat: {rules: [{when: {message: slow}, reply: x, delay: 1s}, {reply: y}]}}"
    room = Room(tmp_path, text)
    room.say(message="slow")
    quick = [room.say() for _ in range(20)]

    await room.clock.advance(1 * SECOND)

    assert all(isinstance(run.end, Done) for run in quick)
    assert room.counts == (0, 0)


async def test_a_run_that_takes_too_long_fails_and_says_nothing_more(tmp_path: Path) -> None:
    room = Room(tmp_path, "gateway: {chat: {reply: [a, b, c], stream: {every: 200s}}}")

    run = room.say()
    await room.clock.advance(MAX_DURATION)

    assert isinstance(run.end, Failed)
    assert [type(each) for each in room.heard] == [Chunk, Chunk, Failed]
    await room.clock.advance(MAX_DURATION)
    assert len(room.heard) == 3
    assert room.said() == ["hi"]


async def test_a_death_knows_the_whole_reply_and_leaves_none(tmp_path: Path) -> None:
    room = Room(tmp_path, "gateway: {chat: {reply: [a, b, c], failure: {reset: {after_chunks: 1}}}}")

    run = room.say()

    assert isinstance(run.end, Died)
    assert run.end.text == "abc"
    assert [type(each) for each in room.heard] == [Chunk, Died]
    assert room.said() == ["hi"]


async def test_a_run_ends_when_its_conversation_begins_anew(tmp_path: Path) -> None:
    room = Room(tmp_path, SLOW)
    run, waiting = room.say(), room.say(message="next")

    room.emulator.reset()

    assert run.end == Done("", 0, "deleted")
    assert room.chats.running("agent:main:api:dm:x") is waiting
    assert room.said() == ["next"]
    await room.clock.advance(1 * SECOND)
    assert room.said() == ["next", "a b"]


async def test_deleting_tells_whether_there_was_anything(tmp_path: Path) -> None:
    room = Room(tmp_path, SLOW)
    run, waiting = room.say(), room.say()

    assert room.chats.delete("agent:main:api:dm:x")
    assert not room.chats.delete("agent:main:api:dm:x")

    assert run.end == waiting.end == Done("", 0, "deleted")
    assert room.said() == []
