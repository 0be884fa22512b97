"""Live queries: run again when something they read was written, and told to whoever watches if their answer changed.

The same query of the same caller is one live query, however many sockets watch it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from emulator.engine.call import Call
from emulator.engine.index import Decision
from emulator.engine.plan import Finish, Returned
from emulator.engine.store import Write
from emulator.engine.surroundings import arguments_key
from emulator.engine.transaction import Read as ReadOf
from emulator.model.query import Shape
from emulator.model.rule import Read
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.values.convex import is_identical

CLOCK = ReadOf("$clock")
"""What a query reads that asks for the time: a jump of the clock changes it."""


class Watcher(Protocol):
    """Somebody who watches live queries."""

    def touch(self, live: Live) -> None:
        """Take note that a query has another answer; nothing is sent yet."""

    def push(self) -> None:
        """Send what changed."""


@dataclass(eq=False, slots=True)
class Live:
    """One query that is kept up to date; `entry` is how it was decided first, `decision` how it is now.

    `journal` pins the end of a page, so that what is written into it makes it longer.
    """

    call: Call
    entry: Entry
    decision: Decision
    journal: str | None = None
    watchers: dict[Watcher, None] = field(default_factory=dict)
    encoded: dict[bool, bytes] = field(default_factory=dict)

    @property
    def finish(self) -> Finish:
        """What the query ends with."""
        last = self.decision.plan[-1]
        assert isinstance(last, Finish)
        return last


class LiveQueries:
    """All live queries, by what they read."""

    def __init__(self, emulator: Emulator, soon: Callable[[Callable[[], None]], object]) -> None:
        """Keep queries up to date with `emulator`; `soon` has a function called when this tick is over."""
        self._emulator = emulator
        self._soon = soon
        self._known: dict[tuple[str, str, str, str | None], Live] = {}
        self._readers: dict[ReadOf, dict[Live, None]] = {}
        self._stale: dict[Live, None] = {}
        self._index = emulator.revision.index
        emulator.on_commit(self._hear)
        emulator.on_swap(self._hear_swap)

    def __len__(self) -> int:
        return len(self._known)

    def watch(self, call: Call, journal: str | None, watcher: Watcher) -> Live:
        """Return the live query of a call, run now if nobody watches it yet."""
        key = _key(call, journal)
        live = self._known.get(key)
        if live is None:
            entry = self._emulator.handle(_pinned(call, journal))
            live = Live(call, entry, entry.decision, journal)
            live.journal = journal or _journal_of(entry.decision)
            self._known[key] = live
            self._enter(live)
        live.watchers[watcher] = None
        return live

    def leave(self, live: Live, watcher: Watcher) -> None:
        """Watch no more; a query that nobody watches is forgotten."""
        live.watchers.pop(watcher, None)
        if not live.watchers:
            for key in (_key(live.call, None), _key(live.call, live.journal)):
                if self._known.get(key) is live:
                    del self._known[key]
            self._stale.pop(live, None)
            self._leave_index(live)

    def flush(self) -> None:
        """Run what is stale again, and have everybody who is concerned told, each once."""
        concerned: dict[Watcher, None] = {}
        while self._stale:
            stale, self._stale = self._stale, {}
            for live in stale:
                if self._run_again(live):
                    for watcher in live.watchers:
                        watcher.touch(live)
                        concerned[watcher] = None
        for watcher in concerned:
            watcher.push()

    def wake(self, reads: Iterable[ReadOf]) -> None:
        """Have what reads any of these run again soon."""
        stale = [live for read in reads for live in self._readers.get(read, ())]
        if stale:
            if not self._stale:
                self._soon(self.flush)
            self._stale.update(dict.fromkeys(stale))

    def _hear(self, writes: tuple[Write, ...]) -> None:
        reads: dict[ReadOf, None] = {}
        for collection, key, _ in writes:
            reads[ReadOf(collection)] = None
            reads[ReadOf(collection, key)] = None
        self.wake(reads)

    def _hear_swap(self) -> None:
        """Run again what another scenario may answer otherwise: all but functions that stayed as they were."""
        before, self._index = self._index, self._emulator.revision.index
        same_words = before.scenario.vars == self._index.scenario.vars
        changed = []
        for live in self._known.values():
            old, new = before.prepared.get(live.call.operation), self._index.prepared.get(live.call.operation)
            if old is not new or not same_words or old is None:
                changed.append(live)
        if changed:
            if not self._stale:
                self._soon(self.flush)
            self._stale.update(dict.fromkeys(changed))

    def _run_again(self, live: Live) -> bool:
        """Decide a query anew; say whether its answer is another one."""
        decision = self._emulator.look_again(_pinned(live.call, live.journal))
        before, after = live.finish, decision.plan[-1]
        assert isinstance(after, Finish)
        self._leave_index(live)
        live.decision = decision
        self._enter(live)
        if _is_same(before, after):
            return False
        live.encoded.clear()
        return True

    def _enter(self, live: Live) -> None:
        for read in live.decision.reads:
            self._readers.setdefault(read, {})[live] = None

    def _leave_index(self, live: Live) -> None:
        for read in live.decision.reads:
            readers = self._readers.get(read)
            if readers is not None:
                readers.pop(live, None)
                if not readers:
                    del self._readers[read]


def _key(call: Call, journal: str | None) -> tuple[str, str, str, str | None]:
    return (f"{call.component}/{call.operation} {call.fault}", arguments_key(call.args), repr(call.caller), journal)


def _pinned(call: Call, journal: str | None) -> Call:
    """Return a call of a paginated query that ends where its page ended first."""
    options = call.args.get("paginationOpts")
    if journal is None or not isinstance(options, dict) or options.get("endCursor") is not None:
        return call
    return call._replace(args={**call.args, "paginationOpts": {**options, "endCursor": journal}})


def _journal_of(decision: Decision) -> str | None:
    """Return where the page that a query answered with ends; None for any other."""
    rule, last = decision.rule, decision.plan[-1]
    if rule is None or not isinstance(rule.outcome, Read) or rule.outcome.query.shape is not Shape.PAGE:
        return None
    if not isinstance(last, Finish) or not isinstance(last.ending, Returned):
        return None
    page = last.ending.value.value
    cursor = page.get("continueCursor") if isinstance(page, dict) else None
    return cursor if isinstance(cursor, str) else None


def _is_same(before: Finish, after: Finish) -> bool:
    if before.logs != after.logs or type(before.ending) is not type(after.ending):
        return False
    if isinstance(before.ending, Returned) and isinstance(after.ending, Returned):
        one, other = before.ending.value, after.ending.value
        return one is other or is_identical(one.value, other.value)
    return before.ending == after.ending
