"""All calls and what became of them, bounded in number and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from emulator.engine.call import Call
from emulator.engine.index import Decision
from emulator.runtime.revision import Revision

MAX_ENTRIES = 2_000
MAX_BYTES = 4 * 1024 * 1024


class Entry(NamedTuple):
    """One call that was decided and committed: its number, when, at which revision, and how.

    `explanation` says why nothing answered, where nothing did.
    """

    number: int
    at: int
    revision: Revision
    call: Call
    decision: Decision
    explanation: str | None = None


class Journal:
    """The newest entries; older ones give way when there are too many, or their arguments weigh too much."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        """Begin empty."""
        self._entries: deque[Entry] = deque()
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._bytes = 0
        self.total = 0
        self._listeners: dict[Callable[[Entry], None], None] = {}

    def add(self, entry: Entry) -> None:
        """Append an entry; it is dropped at once only if it alone is over the bound."""
        entries = self._entries
        self.total += 1
        if self._listeners:
            for listener in tuple(self._listeners):
                listener(entry)
        if entry.call.size > self._max_bytes:
            return
        entries.append(entry)
        self._bytes += entry.call.size
        while len(entries) > self._max_entries or self._bytes > self._max_bytes:
            self._bytes -= entries.popleft().call.size

    def clear(self) -> None:
        """Forget everything, but who listens."""
        self._entries.clear()
        self._bytes = 0
        self.total = 0

    @property
    def dropped(self) -> int:
        """How many calls gave way to newer ones, or were too large to keep."""
        return self.total - len(self._entries)

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Have `listener` hear of every entry from now on; return what ends that."""
        self._listeners[listener] = None
        return lambda: self._listeners.pop(listener, None)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
