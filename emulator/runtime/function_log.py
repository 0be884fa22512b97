"""What functions did and logged, as those see it who read the logs of a deployment (contract convex §13.1).

It follows from the journal. A call is done when its answer is; an action tells what it logs when it is called.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import NamedTuple

from emulator.engine.plan import Finish, Limited, Passed, Wait
from emulator.model.function import FunctionType
from emulator.model.gateway import CHAT
from emulator.model.http import is_http
from emulator.model.rule import Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.values.durations import MILLISECOND

MAX_RECORDS = 2_000
MAX_CHARACTERS = 4 * 1024 * 1024
_STEP = 0.001
_SYSTEM = "_system/"
_NOT_RUN = (Failure, Limited, Passed)


class Record(NamedTuple):
    """Something that a function did: it is done, or has logged so far where `is_progress`; `at` in nanoseconds.

    `stamp` is what a reader who has seen it says to get the next ones: milliseconds, later than that of any before.
    """

    stamp: float
    at: int
    entry: Entry
    finish: Finish
    is_progress: bool = False


class FunctionLog:
    """The newest records; older ones give way when there are too many, or when they weigh too much."""

    def __init__(self, emulator: Emulator) -> None:
        """Begin with what the journal of `emulator` has, and follow it."""
        self._emulator = emulator
        self._records: deque[Record] = deque()
        self._characters = 0
        self._newest = 0.0
        self._waiting: set[asyncio.Future[None]] = set()
        for entry in emulator.journal:
            self._hear(entry)
        emulator.journal.listen(self._hear)

    def since(self, cursor: float) -> tuple[Record, ...]:
        """Return the records behind a cursor; one that is later than all of them is of another run, and the newest."""
        return tuple(each for each in self._records if each.stamp > min(cursor, self._newest))

    async def wait(self) -> None:
        """Return when there is another record."""
        more: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(more)
        try:
            await more
        finally:
            self._waiting.discard(more)

    def _hear(self, entry: Entry) -> None:
        """Take note of a call, if a function ran."""
        finish = entry.decision.plan[-1]
        assert isinstance(finish, Finish)
        operation = entry.call.operation
        is_function = operation in entry.revision.index.prepared and operation != CHAT
        if not is_function or operation.startswith(_SYSTEM) or isinstance(finish.ending, _NOT_RUN):
            return
        if tells_progress(entry) and finish.logs:
            self._add(entry, finish, entry.at, is_progress=True)
        done = entry.at + duration_of(entry)
        if done > self._emulator.clock.now():
            self._emulator.clock.call_at(done, partial(self._add, entry, finish, done))
        else:
            self._add(entry, finish, done)

    def _add(self, entry: Entry, finish: Finish, at: int, *, is_progress: bool = False) -> None:
        self._newest = max(at / MILLISECOND, self._newest + _STEP)
        self._records.append(Record(self._newest, at, entry, finish, is_progress))
        self._characters += _weight(finish)
        while len(self._records) > MAX_RECORDS or self._characters > MAX_CHARACTERS:
            self._characters -= _weight(self._records.popleft().finish)
        for each in self._waiting:
            if not each.done():
                each.set_result(None)


def kind_of(entry: Entry) -> FunctionType | None:
    """Return what a function was called as, else what it is; None where neither is said."""
    return entry.call.type or entry.revision.index.prepared[entry.call.operation].function.type


def tells_progress(entry: Entry) -> bool:
    """Whether a function tells what it logs before it is done: actions do, of both kinds."""
    return is_http(entry.call.operation) or kind_of(entry) is FunctionType.ACTION


def duration_of(entry: Entry) -> int:
    """Return how long a call took, in nanoseconds."""
    return sum(step.duration for step in entry.decision.plan if isinstance(step, Wait))


def _weight(finish: Finish) -> int:
    return sum(map(len, finish.logs))
