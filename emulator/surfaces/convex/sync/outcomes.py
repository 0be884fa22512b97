"""What became of mutations, so that one that is sent again is not run again (contract convex §7.6)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeAlias

_MOST = 10_000
_MOST_BYTES = 16 * 1024 * 1024

Key: TypeAlias = tuple[Hashable, int]
"""A session, and the id of a request in it."""


class Outcome:
    """The answer of one mutation, or whoever waits for it."""

    __slots__ = ("_answer", "_waiting", "key")

    def __init__(self, key: Key) -> None:
        """Be under way."""
        self.key = key
        self._answer: bytes | None = None
        self._waiting: list[Callable[[bytes], None]] = []

    @property
    def size(self) -> int:
        """How many bytes are kept of it."""
        return len(self._answer or b"")

    def then(self, tell: Callable[[bytes], None]) -> None:
        """Have the answer told, once it is there."""
        if self._answer is None:
            self._waiting.append(tell)
        else:
            tell(self._answer)

    def end(self, answer: bytes) -> None:
        """Tell whoever waits."""
        self._answer = answer
        waiting, self._waiting = self._waiting, []
        for tell in waiting:
            tell(answer)


class Outcomes:
    """The newest of them; older ones are forgotten when there are too many, or their answers weigh too much."""

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        """Remember none."""
        self._most = most
        self._most_bytes = most_bytes
        self._known: dict[Key, Outcome] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._known)

    def begin(self, key: Key) -> Outcome:
        """Take note that a mutation is under way."""
        outcome = self._known[key] = Outcome(key)
        self._trim()
        return outcome

    def end(self, outcome: Outcome, answer: bytes) -> None:
        """Take note of what it came to."""
        if self._known.get(outcome.key) is outcome:
            self._bytes += len(answer)
        outcome.end(answer)
        self._trim()

    def find(self, key: Key) -> Outcome | None:
        """Return a mutation that was done or is under way, None for one that was never run."""
        return self._known.get(key)

    def _trim(self) -> None:
        while len(self._known) > 1 and (len(self._known) > self._most or self._bytes > self._most_bytes):
            self._bytes -= self._known.pop(next(iter(self._known))).size
