"""What happens in one conversation, kept for whoever listens: now, a little later, or after a broken connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
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
    """The end of a run over which connections die."""

    death: Death


Event: TypeAlias = Chunk | Done | Failed | Died


@dataclass(slots=True)
class Marks:
    """What a run knows about itself: whether it is over, and whether any stream carried it."""

    is_over: bool = False
    was_streamed: bool = False


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
        self._items: deque[Item] = deque(maxlen=MAX_ITEMS)
        self._watchers: dict[Watcher, None] = {}

    def __bool__(self) -> bool:
        return bool(self._items or self._watchers)

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    def add(self, item: Item) -> None:
        """Keep an event, and show it to everybody who watches."""
        self._items.append(item)
        if self._watchers:
            item.marks.was_streamed = True
        for watcher in tuple(self._watchers):
            watcher(item)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Show every event from now on to `watcher`; return what ends that."""
        self._watchers[watcher] = None
        return lambda: self._watchers.pop(watcher, None)

    def forget(self, now: int) -> None:
        """Forget what is too old."""
        while self._items and self._items[0].at < now - KEPT:
            self._items.popleft()

    def backlog(self, now: int, last_event_id: str | None, replay: str | None) -> list[Item]:
        """Return what a new stream begins with: what it missed, the run in progress, or a reply that went nowhere.

        `replay` is ``0`` for nothing that is over, and ``last`` for the newest reply that is.
        """
        self.forget(now)
        items = list(self._items)
        place = next((at for at, item in enumerate(items) if item.id == last_event_id), None)
        if place is not None:
            chosen = items[place + 1 :]
        else:
            over = _newest_over(items)
            chosen = [item for item in items if not item.marks.is_over]
            if over and replay != "0" and (replay == "last" or _went_nowhere(over[-1], now)):
                chosen = over + chosen
        for item in chosen:
            item.marks.was_streamed = True
        return chosen

    def knows(self, run_id: str) -> Marks | None:
        """Return what is known of a run, None when it is forgotten."""
        return next((item.marks for item in reversed(self._items) if item.run_id == run_id), None)


def _newest_over(items: list[Item]) -> list[Item]:
    newest = next((item.run_id for item in reversed(items) if isinstance(item.event, Done)), None)
    return [item for item in items if item.run_id == newest and item.marks.is_over]


def _went_nowhere(last: Item, now: int) -> bool:
    return not last.marks.was_streamed and last.at >= now - REPLAYED
