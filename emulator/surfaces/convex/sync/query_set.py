"""The queries that one socket watches: whose answers it was not told yet, and which it still waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from emulator.engine.plan import Finish, Returned
from emulator.model.function import FunctionType
from emulator.runtime.clock import Timer
from emulator.runtime.emulator import Emulator
from emulator.runtime.live import Live, LiveQueries, finish_of, is_same
from emulator.surfaces.convex.sync.asker import Asker, delay_of, is_answer
from emulator.surfaces.convex.sync.messages import Add

MAX_QUERIES = 4_096


@dataclass(eq=False, slots=True)
class Watched:
    """A query that the client watches; `add` is how it asked for it, with the id that it gave it.

    `news` are the queries of the client that have another answer, among which it comes when it has; `push` has them
    told. `first` is what limits and faults have it get at first, where that is no answer.
    """

    add: Add
    news: dict[int, Watched]
    push: Callable[[], None]
    live: Live = field(init=False)
    first: Finish | None = None

    def touch(self, _live: Live) -> None:
        """Take note that it has another answer."""
        self.news[self.add.query_id] = self

    def take(self) -> Finish:
        """Return what there is to be told; what it got at first is told once."""
        finish, self.first = self.first or self.live.finish, None
        return finish


class QuerySet:
    """A socket's queries by the ids that its client gave them."""

    __slots__ = (
        "_arrived",
        "_emulator",
        "_live",
        "_news",
        "_push",
        "_queries",
        "_removed",
        "_slow",
    )

    def __init__(
        self, emulator: Emulator, live: LiveQueries, push: Callable[[], None], arrived: Callable[[], None]
    ) -> None:
        """Watch nothing; `push` has news told, `arrived` is called when a first result came that took its time."""
        self._emulator = emulator
        self._live = live
        self._push = push
        self._arrived = arrived
        self._queries: dict[int, Watched] = {}
        self._news: dict[int, Watched] = {}
        self._removed: list[int] = []
        self._slow: dict[int, Timer] = {}

    @property
    def has_news(self) -> bool:
        """Whether there is anything of which the client was not told."""
        return bool(self._news)

    @property
    def is_waiting(self) -> bool:
        """Whether first results are still to come."""
        return bool(self._slow)

    def add(self, add: Add, asker: Asker) -> bool:
        """Watch a query; say whether the client may."""
        if add.query_id in self._queries or len(self._queries) >= MAX_QUERIES:
            return False
        self._watch(add, asker, add.journal)
        return True

    def remove(self, query_id: int) -> bool:
        """Watch a query no more; say whether it was watched."""
        query = self._queries.pop(query_id, None)
        if query is None:
            return False
        self._live.leave(query.live, query)
        self._news.pop(query_id, None)
        self._hurry(query_id)
        self._removed.append(query_id)
        return True

    def leave(self) -> None:
        """Watch nothing any more."""
        for query in self._queries.values():
            self._live.leave(query.live, query)
        for timer in self._slow.values():
            timer.cancel()
        self._queries.clear()
        self._news.clear()
        self._slow.clear()

    def touch_first(self) -> bool:
        """Have the first query told again; say whether there is one."""
        first = next(iter(self._queries), None)
        if first is not None:
            self._news.setdefault(first, self._queries[first])
        return first is not None

    def ask_anew(self, asker: Asker, *, is_other: bool) -> None:
        """Run queries again for whoever the client is now; those are told whose answer is another one.

        Unless somebody else is the client, only those are run that did not ask for headers and do, or the reverse.
        """
        for query_id, query in tuple(self._queries.items()):
            if not is_other and not self._live.is_misplaced(query.live):
                continue
            before, finish = query.live, query.live.finish
            was_told = query_id not in self._news
            self._hurry(query_id)
            self._watch(query.add, asker, before.journal or query.add.journal)
            self._live.leave(before, query)
            now = self._queries[query_id]
            if was_told and now.first is None and is_same(finish, now.live.finish):
                del self._news[query_id]
                self._hurry(query_id)

    def touch_redacted(self) -> None:
        """Have told again what is hidden from some callers: log lines, and what functions throw."""
        for query_id, query in self._queries.items():
            finish = query.live.finish
            if finish.logs or not isinstance(finish.ending, Returned):
                self._news[query_id] = query

    def take(self) -> tuple[tuple[int, ...], tuple[Watched, ...]]:
        """Return what was removed since the last time, and the queries of which the client is told now."""
        removed, news = tuple(self._removed), tuple(self._news.values())
        self._removed.clear()
        self._news.clear()
        return removed, news

    def _watch(self, add: Add, asker: Asker, journal: str | None) -> None:
        query = Watched(add, self._news, self._push)
        query.live, entry = self._live.watch(asker.call(self._emulator, add, FunctionType.QUERY), journal, query)
        finish = finish_of(entry.decision)
        query.first = None if is_answer(finish) else finish
        self._queries[add.query_id] = self._news[add.query_id] = query
        delay = delay_of(entry)
        if delay:
            clock = self._emulator.clock
            self._slow[add.query_id] = clock.call_at(clock.now() + delay, partial(self._arrive, add.query_id))

    def _arrive(self, query_id: int) -> None:
        del self._slow[query_id]
        self._arrived()

    def _hurry(self, query_id: int) -> None:
        timer = self._slow.pop(query_id, None)
        if timer is not None:
            timer.cancel()
