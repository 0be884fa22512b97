"""What happens in one conversation, kept for whoever listens: now, a little later, or after a broken connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from emulator.engine.plan import Ending
from emulator.model.rule import Death
from emulator.values.durations import SECOND

MAX_ITEMS = 1_000
KEPT = 300 * SECOND
REPLAYED = 30 * SECOND


class Chunk(NamedTuple):
    """A piece of a reply; `position` counts from 0."""

    text: str
    position: int


class Done(NamedTuple):
    """The end of a reply: whole, `aborted`, or because its conversation was `deleted`."""

    text: str
    tokens: int
    reason: str = "complete"


class Failed(NamedTuple):
    """The end of a run that gave no reply."""

    ending: Ending


class Died(NamedTuple):
    """The end of a run over which connections die; `text` is the whole reply that they do not get."""

    death: Death
    text: str = ""


Event: TypeAlias = Chunk | Done | Failed | Died


@dataclass(slots=True)
class Marks:
    """What a run knows about itself: whether it is over, whether any stream carried it, and its forgotten pieces."""

    is_over: bool = False
    was_streamed: bool = False
    forgotten: list[str] = field(default_factory=list)


class Item(NamedTuple):
    """One event; `number` counts within its run from 1, `at` is when, in nanoseconds since the epoch."""

    run_id: str
    number: int
    event: Event
    at: int
    marks: Marks

    @property
    def id(self) -> str:
        """What a stream calls it."""
        return f"{self.run_id}:{self.number}"


Watcher: TypeAlias = Callable[[Item], None]


class Feed:
    """The newest events of a conversation, and who watches."""

    def __init__(self) -> None:
        """Begin with silence."""
        self._items: list[Item] = []  # a deque takes ten times as much for the few that most have
        self._watchers: dict[Watcher, None] = {}

    def __bool__(self) -> bool:
        return bool(self._items or self._watchers)

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    def add(self, item: Item) -> None:
        """Keep an event, and show it to everybody who watches."""
        if len(self._items) >= MAX_ITEMS:
            self._forget_first()
        self._items.append(item)
        for watcher in tuple(self._watchers):
            watcher(item)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Show every event from now on to `watcher`; return what ends that.

        Who carries an event to a stream marks it so (`was_streamed`).
        """
        self._watchers[watcher] = None
        return lambda: self._watchers.pop(watcher, None)

    def forget(self, now: int) -> None:
        """Forget what is too old."""
        while self._items and self._items[0].at < now - KEPT:
            self._forget_first()

    def backlog(self, now: int, last_event_id: str | None, replay: str | None) -> list[Item]:
        """Return what a new stream begins with: what it missed, the run in progress, or replies that went nowhere.

        `replay` is ``0`` for nothing that is over, and ``last`` for the newest reply that is. Connections died once
        over what they died over.
        """
        self.forget(now)
        items = [item for item in self._items if not isinstance(item.event, Died)]
        place = next((at for at, item in enumerate(items) if item.id == last_event_id), None)
        if place is not None:
            return items[place + 1 :]
        wanted = set() if replay == "0" else _lost(items, now)
        if replay == "last":
            wanted |= _newest(items)
        return _whole(item for item in items if item.run_id in wanted or not item.marks.is_over)

    def knows(self, run_id: str) -> Marks | None:
        """Return what is known of a run, None when it is forgotten."""
        return next((item.marks for item in reversed(self._items) if item.run_id == run_id), None)

    def _forget_first(self) -> None:
        item = self._items.pop(0)
        if isinstance(item.event, Chunk):
            item.marks.forgotten.append(item.event.text)


def _lost(items: list[Item], now: int) -> set[str]:
    """Return the runs whose replies ended a short while ago and went to no stream."""
    ends = (item for item in items if isinstance(item.event, Done) and item.at >= now - REPLAYED)
    return {item.run_id for item in ends if not item.marks.was_streamed}


def _newest(items: list[Item]) -> set[str]:
    """Return the run of the newest reply, if there is any."""
    return set([item.run_id for item in items if isinstance(item.event, Done)][-1:])


def _whole(items: Iterable[Item]) -> list[Item]:
    """Put before each run what was forgotten of it, as one piece: its pieces always make up its reply."""
    whole: list[Item] = []
    seen: set[str] = set()
    for item in items:
        if item.run_id not in seen and (pieces := item.marks.forgotten):
            whole.append(item._replace(number=len(pieces), event=Chunk("".join(pieces), len(pieces) - 1)))
        seen.add(item.run_id)
        whole.append(item)
    return whole
