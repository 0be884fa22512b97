"""What is kept of a conversation, and who is shown what."""

from __future__ import annotations

from emulator.engine.plan import Ending
from emulator.model.rule import Death, End, Failure
from emulator.runtime.feed import KEPT, MAX_ITEMS, REPLAYED, Chunk, Died, Done, Event, Failed, Feed, Item, Marks
from emulator.values.durations import SECOND

BROKEN: Ending = Failure(500)


class Conversation:
    """A feed, and runs that a test writes into it."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.now = 1_000 * SECOND
        self.marks: dict[str, Marks] = {}
        self.numbers: dict[str, int] = {}

    def add(self, run: str, *events: Event | str) -> None:
        """Add events of a run; texts are its next pieces."""
        for each in events:
            number = self.numbers[run] = self.numbers.get(run, 0) + 1
            marks = self.marks.setdefault(run, Marks())
            event = Chunk(each, number - 1) if isinstance(each, str) else each
            self.feed.add(Item(run, number, event, self.now, marks))
            marks.is_over = not isinstance(event, Chunk)

    def backlog(self, last_event_id: str | None = None, replay: str | None = None) -> list[str]:
        """Return what a stream would begin with, and mark it as a stream does."""
        items = self.feed.backlog(self.now, last_event_id, replay)
        for item in items:
            item.marks.was_streamed = True
        return [shown(item) for item in items]


def shown(item: Item) -> str:
    what = item.event.text if isinstance(item.event, Chunk) else type(item.event).__name__
    return f"{item.id} {what}"


def test_who_watches_is_shown_events_from_then_on_until_it_stops() -> None:
    talk, first, second = Conversation(), list[str](), list[str]()
    talk.add("r", "a")
    stop_first = talk.feed.watch(lambda item: first.append(shown(item)))
    talk.add("r", "b")
    stop_second = talk.feed.watch(lambda item: second.append(shown(item)))
    talk.add("r", "c")
    stop_first()
    stop_first()
    talk.add("r", Done("abc", 1))
    stop_second()

    assert (first, second) == (["r:2 b", "r:3 c"], ["r:3 c", "r:4 Done"])
    assert not talk.feed.is_watched


def test_who_stops_while_it_is_shown_something_disturbs_nobody() -> None:
    talk, seen = Conversation(), list[str]()

    def once(item: Item) -> None:
        seen.append(shown(item))
        stop()

    stop = talk.feed.watch(once)
    talk.feed.watch(lambda item: seen.append(f"other {shown(item)}"))
    talk.add("r", "a", "b")

    assert seen == ["r:1 a", "other r:1 a", "other r:2 b"]


def test_a_run_in_progress_is_joined_from_its_first_piece() -> None:
    talk = Conversation()
    talk.add("r", "a", "b")

    assert talk.backlog() == talk.backlog(replay="0") == ["r:1 a", "r:2 b"]


def test_a_reply_that_went_to_no_stream_is_replayed_once() -> None:
    talk = Conversation()
    talk.add("r", "a", Done("a", 1))
    talk.now += REPLAYED

    assert talk.backlog() == ["r:1 a", "r:2 Done"]
    assert talk.backlog() == []


def test_a_reply_that_went_to_no_stream_is_forgotten_after_a_while() -> None:
    talk = Conversation()
    talk.add("r", "a", Done("a", 1))
    talk.now += REPLAYED + 1

    assert talk.backlog() == []


def test_a_reply_counts_from_its_end() -> None:
    talk = Conversation()
    talk.add("r", "a")
    talk.now += REPLAYED * 2
    talk.add("r", Done("a", 1))
    talk.now += REPLAYED

    assert talk.backlog() == ["r:1 a", "r:2 Done"]


def test_whoever_wants_no_replay_leaves_it_to_others() -> None:
    talk = Conversation()
    talk.add("r", Done("", 0))
    talk.add("s", "b")

    assert talk.backlog(replay="0") == ["s:1 b"]
    assert talk.backlog() == ["r:1 Done", "s:1 b"]


def test_the_newest_reply_is_replayed_on_demand_and_no_failure() -> None:
    talk = Conversation()
    talk.add("r", "a", Done("a", 1))
    talk.add("s", "b", Done("b", 1))
    talk.add("t", "c", Failed(BROKEN))
    talk.backlog()
    talk.add("u", "d")
    talk.now += REPLAYED + 1

    assert talk.backlog(replay="last") == ["s:1 b", "s:2 Done", "u:1 d"]
    assert talk.backlog(replay="last") == ["s:1 b", "s:2 Done", "u:1 d"]


def test_runs_that_failed_or_died_are_not_replayed() -> None:
    talk = Conversation()
    talk.add("r", "a", Failed(BROKEN))
    talk.add("s", "b", Died(Death(End.RESET)))

    assert talk.backlog() == talk.backlog(replay="last") == []


def test_what_came_behind_an_event_is_what_was_missed() -> None:
    talk = Conversation()
    talk.add("r", "a", "b", Done("ab", 1))
    talk.add("s", "c")

    assert talk.backlog("r:1") == ["r:2 b", "r:3 Done", "s:1 c"]
    assert talk.backlog("s:1") == []
    assert talk.backlog("r:3", "last") == ["s:1 c"]


def test_no_stream_dies_again_over_what_it_died_over_before() -> None:
    talk = Conversation()
    talk.add("r", "a", Died(Death(End.DISCONNECT)))
    talk.add("s", "b")

    assert talk.backlog("r:1") == ["s:1 b"]


def test_an_event_that_nobody_knows_is_as_none() -> None:
    talk = Conversation()
    talk.add("r", "a", Done("a", 1))

    assert talk.backlog("x:1") == ["r:1 a", "r:2 Done"]


def test_the_oldest_events_give_way_beyond_the_cap() -> None:
    talk = Conversation()
    talk.add("r", "first")
    talk.add("s", *["x"] * MAX_ITEMS)

    assert talk.feed.knows("r") is None
    assert talk.feed.knows("s") is talk.marks["s"]
    assert len(talk.feed._items) == MAX_ITEMS


def test_what_was_forgotten_of_a_run_is_its_first_piece() -> None:
    talk = Conversation()
    talk.add("r", *[f"{number} " for number in range(MAX_ITEMS + 10)])
    items = talk.feed.backlog(talk.now, None, None)

    assert len(items) == MAX_ITEMS + 1
    assert shown(items[0]) == "r:10 0 1 2 3 4 5 6 7 8 9 "
    assert (items[0].event, items[1].number) == (Chunk("0 1 2 3 4 5 6 7 8 9 ", 9), 11)
    talk.add("r", Done("", 0))
    assert talk.backlog("r:1005")[0] == "r:1006 1005 "


def test_events_are_forgotten_after_five_minutes_and_their_pieces_are_not_while_the_run_lasts() -> None:
    talk = Conversation()
    talk.add("r", "a")
    talk.now += KEPT // 2
    talk.add("r", "b")
    talk.now += KEPT // 2 + 1
    talk.add("r", "c")

    assert talk.backlog("r:1") == ["r:1 a", "r:2 b", "r:3 c"]
    assert talk.backlog("r:2") == ["r:3 c"]


def test_a_feed_is_empty_when_all_of_it_is_forgotten_and_nobody_watches() -> None:
    talk = Conversation()
    talk.add("r", "a")
    stop = talk.feed.watch(lambda _item: None)
    talk.now += KEPT + 1
    talk.feed.forget(talk.now)

    assert talk.feed
    stop()
    assert not talk.feed
