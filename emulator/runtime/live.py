"""Live queries: run again when something they read was written, and told to whoever watches if their answer changed.

The same query of the same caller is one live query, however many sockets watch it. That time passes runs nothing again;
that it jumps does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from emulator.engine.call import Call, Choice
from emulator.engine.explain import explain
from emulator.engine.index import Decision
from emulator.engine.overlay import FREE
from emulator.engine.plan import Ending, Finish, Returned, Unmatched, Unscripted, WrongType
from emulator.engine.store import Write
from emulator.engine.surroundings import arguments_key
from emulator.engine.transaction import CLOCK
from emulator.engine.transaction import Read as ReadOf
from emulator.model.query import Shape
from emulator.model.rule import Read
from emulator.model.scenario import Scenario
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.values.convex import is_identical

logger = logging.getLogger(__name__)

_Key: TypeAlias = tuple[str, str, str, str | None, tuple[Choice, ...], str | None]


class Watcher(Protocol):
    """Somebody who watches live queries."""

    def touch(self, live: Live) -> None:
        """Take note that a query has another answer; nothing is sent yet."""

    def push(self) -> None:
        """Send what changed."""


@dataclass(eq=False, slots=True)
class Live:
    """One query that is kept up to date: `call` is what is decided again, `decision` what came of it last.

    `finish` is what it ends with. A query that pages keeps the end that its page had first, so that what is written
    into the page makes it longer. `entry` is how it was asked for first; `encoded` is for codecs, until there is
    another answer.
    """

    call: Call
    entry: Entry
    decision: Decision
    key: _Key
    finish: Finish = field(init=False)
    watchers: dict[Watcher, None] = field(default_factory=dict)
    encoded: dict[bool, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the end once: it is asked for each time somebody is told."""
        self.finish = finish_of(self.decision)

    def take(self, decision: Decision) -> None:
        """Take note of what comes of it now."""
        self.decision = decision
        self.finish = finish_of(decision)

    @property
    def journal(self) -> str | None:
        """Where its page ends; None for a query that has none."""
        return self.call.page_end


class LiveQueries:
    """All live queries, by what they read."""

    def __init__(self, emulator: Emulator, soon: Callable[[Callable[[], None]], object]) -> None:
        """Keep queries up to date with `emulator`; `soon` has a function called when this tick is over."""
        self._emulator = emulator
        self._soon = soon
        self._all: dict[Live, None] = {}
        self._known: dict[_Key, Live] = {}
        self._readers: dict[ReadOf, dict[Live, None]] = {}
        self._stale: dict[Live, None] = {}
        self._index = emulator.revision.index
        emulator.on_commit(self._hear)
        emulator.on_swap(self._hear_swap)
        emulator.on_recount(self._hear_recount)
        emulator.on_pause(lambda: self._mark(self._all))
        emulator.clock.on_jump(lambda: self.wake([CLOCK]))

    def __len__(self) -> int:
        return len(self._all)

    def watch(self, call: Call, page_end: str | None, watcher: Watcher) -> tuple[Live, Entry]:
        """Return the live query of a call, and how the call went that asks for it.

        The query is run if nobody watches it yet; limits and faults hit whoever asks. Whoever watches and waits for
        `push` may hear of other queries before this returns.
        """
        self.flush()
        call = call._replace(page_end=page_end)
        live = self._known.get(self._key(call))
        if live is not None:
            entry = self._emulator.handle_known(call, live.decision)
        else:
            number = self._emulator.state.counts.get(call.operation, 0) + 1
            entry = self._emulator.handle(call)
            live = self._enter(call._replace(is_admitted=True, number=number), entry)
        live.watchers[watcher] = None
        return live, entry

    def leave(self, live: Live, watcher: Watcher) -> None:
        """Watch no more; a query that nobody watches is forgotten."""
        live.watchers.pop(watcher, None)
        if not live.watchers and live in self._all:
            del self._all[live]
            if self._known.get(live.key) is live:
                del self._known[live.key]
            self._stale.pop(live, None)
            self._forget_reads(live)

    def is_misplaced(self, live: Live) -> bool:
        """Whether a query is shared by the headers of its callers and need not be, or is not and must be."""
        return self._asks_headers(live.call) is not (live.key[-1] is not None)

    @property
    def is_calm(self) -> bool:
        """Whether nothing is stale."""
        return not self._stale

    def flush(self) -> None:
        """Run what is stale again, and have everybody who is concerned told, each once, whatever becomes of others."""
        concerned: dict[Watcher, None] = {}
        while self._stale:
            stale, self._stale = self._stale, {}
            for live in stale:
                if self._run_again(live):
                    for watcher in live.watchers:
                        watcher.touch(live)
                        concerned[watcher] = None
        for watcher in concerned:
            try:
                watcher.push()
            except Exception:
                logger.exception("a bug in the emulator: somebody who watches live queries cannot be told")

    def wake(self, reads: Iterable[ReadOf]) -> None:
        """Have what reads any of these run again soon."""
        self._mark(live for read in reads for live in self._readers.get(read, ()))

    def _mark(self, stale: Iterable[Live]) -> None:
        was_calm = not self._stale
        self._stale.update(dict.fromkeys(stale))
        if was_calm and self._stale:
            self._soon(self.flush)

    def _hear(self, writes: tuple[Write, ...]) -> None:
        reads: dict[ReadOf, None] = {}
        for collection, key, _ in writes:
            reads[ReadOf(collection)] = None
            reads[ReadOf(collection, key)] = None
        self.wake(reads)

    def _hear_swap(self) -> None:
        """Run again what another scenario may answer otherwise: all but functions that stayed as they were."""
        before, self._index = self._index, self._emulator.revision.index
        old, new = before.prepared, self._index.prepared
        is_other = _surroundings_differ(before.scenario, self._index.scenario)
        self._hear_recount()
        names = ((live, live.call.operation) for live in self._all)
        self._mark(live for live, name in names if is_other or name not in new or old.get(name) is not new[name])

    def _hear_recount(self) -> None:
        """Give another number to those whose number nobody has any more."""
        counts = self._emulator.state.counts
        renumbered = []
        for live in self._all:
            number = counts.get(live.call.operation, 0) + 1
            if live.call.number is not None and live.call.number > number:
                live.call = live.call._replace(number=number)
                renumbered.append(live)
        self._mark(renumbered)

    def _enter(self, call: Call, entry: Entry) -> Live:
        """Keep a query that was just run; the same page, asked for without its end, is the same query."""
        decision = entry.decision
        if decision.admission != FREE:
            decision = self._emulator.look_again(call)
        call = call._replace(page_end=call.page_end or _page_end(decision))
        key = self._key(call)
        live = self._known.get(key)
        if live is None:
            live = Live(call, entry, decision, key)
            self._all[live] = None
            self._known[live.key] = live
            self._note_reads(live)
        return live

    def _run_again(self, live: Live) -> bool:
        """Decide a query anew; say whether its answer is another one."""
        decision = self._emulator.look_again(live.call)
        before, after = live.finish, finish_of(decision)
        self._forget_reads(live)
        live.take(decision)
        self._note_reads(live)
        if live.journal is None:
            live.call = live.call._replace(page_end=_page_end(decision))
        if is_same(before, after):
            return False
        live.encoded.clear()
        return True

    def _key(self, call: Call) -> _Key:
        function = f"{call.component}/{call.operation} {call.fault}"
        headers = repr(sorted((call.headers or {}).items())) if self._asks_headers(call) else None
        return function, arguments_key(call.args), repr(call.caller), call.page_end, call.uses, headers

    def _asks_headers(self, call: Call) -> bool:
        prepared = self._emulator.revision.index.prepared.get(call.operation)
        return prepared is not None and prepared.asks_headers

    def _note_reads(self, live: Live) -> None:
        for read in live.decision.reads:
            self._readers.setdefault(read, {})[live] = None

    def _forget_reads(self, live: Live) -> None:
        for read in live.decision.reads:
            readers = self._readers[read]
            del readers[live]
            if not readers:
                del self._readers[read]


def finish_of(decision: Decision) -> Finish:
    """Return what a decision ends with."""
    last = decision.plan[-1]
    assert isinstance(last, Finish)
    return last


def _page_end(decision: Decision) -> str | None:
    """Return where the page ends that a query answered with; None for any other."""
    rule, ending = decision.rule, finish_of(decision).ending
    if rule is None or not isinstance(rule.outcome, Read) or rule.outcome.query.shape is not Shape.PAGE:
        return None
    page = ending.value.value if isinstance(ending, Returned) else None
    cursor = page.get("continueCursor") if isinstance(page, dict) else None
    return cursor if isinstance(cursor, str) else None


def _surroundings_differ(before: Scenario, after: Scenario) -> bool:
    """Whether two scenarios differ in what any function may see or draw by."""
    if (before.seed, before.locale, *before.tables) != (after.seed, after.locale, *after.tables):
        return True
    return not is_identical(dict(before.vars), dict(after.vars))


def is_same(before: Finish, after: Finish) -> bool:
    """Whether nobody could tell two answers apart."""
    if before.logs != after.logs or before.death != after.death:
        return False
    return type(before.ending) is type(after.ending) and _visible(before.ending) == _visible(after.ending)


def _visible(ending: Ending) -> object:
    """Return what clients see of an ending: not of what kind functions are that have nothing to do with it."""
    match ending:
        case Unscripted(operation, _, component, public):
            return operation, component, public
        case WrongType(function, asked):
            return function.path, function.type, asked
        case Unmatched():
            return explain(ending)
        case _:
            return ending
