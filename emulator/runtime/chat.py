"""Runs of agents: queued, performed on the clock, told to whoever watches (contract openclaw §1.5).

A run goes on whoever hangs up. It is over when its plan is, when it is aborted, or after `MAX_DURATION`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from emulator.engine.call import ANONYMOUS, Call, Caller, Choice
from emulator.engine.draw import hex_digits
from emulator.engine.gateway.sessions import append_message, created, delete_session
from emulator.engine.gateway.settings import config
from emulator.engine.plan import Finish, Plan, Replied, Withheld
from emulator.model.gateway import CHAT
from emulator.model.rule import Failure
from emulator.runtime.clock import Timer
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Chunk, Died, Done, Event, Failed, Feed, Item, Marks, Watcher
from emulator.runtime.journal import Entry
from emulator.runtime.perform import Performance
from emulator.runtime.withheld import once_released
from emulator.values.convex import Value
from emulator.values.durations import SECOND
from emulator.values.session_keys import SessionKey

MAX_CONCURRENT = 3
MAX_WAITING = 20
MAX_DURATION = 300 * SECOND
MAX_FEEDS = 1_000
_ID_DIGITS = 12
_TIMED_OUT = Failure(500, None, "the run took longer than 300 s")

logger = logging.getLogger(__name__)


class TooManyRunsError(Exception):
    """The agent has as many runs waiting as it takes."""


class Turn(NamedTuple):
    """One message to an agent.

    `is_streamed` says that its pieces are watched; `plan` is what comes of it where no rules are asked, `part_of` the
    request that it came with, where faults were held against that already, `uses` are the variants its client chose.
    """

    key: SessionKey
    agent: str
    message: str
    caller: Caller = ANONYMOUS
    headers: Mapping[str, str] | None = None
    is_streamed: bool = False
    plan: Plan | None = None
    part_of: str | None = None
    uses: tuple[Choice, ...] = ()


@dataclass(eq=False, slots=True)
class Run:
    """A turn under way; `entry` is how it was decided, once it was, and `end` what it came to, once it is over.

    `session` is the key of its conversation, and `began_in` tells that from another one of the same key.
    """

    id: str
    turn: Turn
    marks: Marks = field(default_factory=Marks)
    pieces: list[str] = field(default_factory=list)
    entry: Entry | None = None
    end: Event | None = None
    events: int = 0
    watchers: dict[Watcher, None] = field(default_factory=dict)
    performance: Performance | None = None
    began_in: Value = None
    limit: Timer | None = None
    session: str = field(init=False)

    def __post_init__(self) -> None:
        """Write the key of its conversation, once for all of its events."""
        self.session = self.turn.key.text

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Show every event from now on to `watcher`; return what ends that."""
        self.watchers[watcher] = None
        return self.stop_watching(watcher)

    def stop_watching(self, watcher: Watcher) -> Callable[[], None]:
        """Return what ends the watching of `watcher`."""
        return lambda: self.watchers.pop(watcher, None)


def arguments_of(key: SessionKey, agent: str, message: str) -> dict[str, Value]:
    """Return what a message is to rules."""
    return {"message": message, "session": key.text, "agent": agent, "channel": key.channel}


class Chats:
    """All runs, and the feeds of all conversations."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer by the chat rules of `emulator`."""
        self._emulator = emulator
        self._feeds: dict[str, Feed] = {}
        self._running: dict[str, Run] = {}
        self._waiting: dict[str, deque[Run]] = {}
        self._made = 0
        self._began = emulator.clock.now()  # runs of another process are others, though they have the same numbers
        emulator.on_swap(self._end_orphans)

    def start(self, turn: Turn, watcher: Watcher | None = None) -> Run:
        """Run a turn now, or when it may; raise TooManyRunsError when too many are waiting.

        `watcher` sees all of its events, even those that come at once.
        """
        waiting = self._waiting.setdefault(turn.agent, deque())
        must_wait = not self._may_run(turn) or any(run.turn.key == turn.key for run in waiting)
        if must_wait and len(waiting) >= MAX_WAITING:
            raise TooManyRunsError(f"agent {turn.agent} has {MAX_WAITING} runs waiting")
        self._made += 1
        seed = self._emulator.revision.scenario.seed
        drawn = hex_digits(seed, f"run {self._began}", self._made, _ID_DIGITS)
        run = Run(f"run_{drawn}", turn)
        if watcher is not None:
            run.watchers[watcher] = None
        if must_wait:
            waiting.append(run)
        else:
            self._begin(run)
        return run

    def feed(self, key: str) -> Feed:
        """Return the feed of a conversation."""
        feed = self._feeds.get(key)
        if feed is None:
            if len(self._feeds) >= MAX_FEEDS:
                self._forget_feeds()
            feed = self._feeds[key] = Feed()
        return feed

    def running(self, key: str) -> Run | None:
        """Return the run under way in a conversation."""
        return self._running.get(key)

    def active_runs(self, agent: str) -> int:
        """Count the runs under way of an agent."""
        return sum(run.turn.agent == agent for run in self._running.values())

    def queued_runs(self, agent: str) -> int:
        """Count the runs of an agent that wait."""
        return len(self._waiting.get(agent, ()))

    def abort(self, key: str, run_id: str | None = None, reason: str = "aborted") -> bool:
        """End the run under way in a conversation, or the one with an id; say whether there was one."""
        run = self._running.get(key)
        if run is None or (run_id is not None and run.id != run_id):
            return self._abort_waiting(key, run_id, reason)
        self._end(run, Done("".join(run.pieces), 0, reason))
        return True

    def find(self, run_id: str) -> Run | None:
        """Return a run that is under way or waits."""
        waiting = (run for queue in self._waiting.values() for run in queue)
        return next((run for run in (*self._running.values(), *waiting) if run.id == run_id), None)

    def delete(self, key: str) -> bool:
        """Delete a conversation, aborting what goes on in it; say whether it was there."""
        while self._abort_waiting(key, None, "deleted"):
            pass
        self.abort(key, reason="deleted")
        is_known = self._emulator.transact(lambda transaction: delete_session(transaction, key))
        feed = self._feeds.get(key)
        if feed is not None and not feed.is_watched:
            del self._feeds[key]
        return is_known

    def _may_run(self, turn: Turn) -> bool:
        return turn.key.text not in self._running and self.active_runs(turn.agent) < self._concurrent()

    def _concurrent(self) -> int:
        tree = config(self._emulator.reading())
        defaults = tree.get("agents", {}).get("defaults", {}) if isinstance(tree.get("agents"), dict) else {}
        wanted = defaults.get("maxConcurrent") if isinstance(defaults, dict) else None
        return int(wanted) if isinstance(wanted, int | float) and wanted >= 1 else MAX_CONCURRENT

    def _begin(self, run: Run) -> None:
        emulator, turn = self._emulator, run.turn
        self._running[run.session] = run
        now = emulator.clock.now()
        emulator.transact(lambda transaction: append_message(transaction, run.session, "user", turn.message, now))
        run.began_in = created(emulator.reading(), run.session)
        run.limit = emulator.clock.call_at(now + MAX_DURATION, partial(self._end, run, Failed(_TIMED_OUT)))
        self._perform(run)

    def _perform(self, run: Run, *, again: bool = False) -> None:
        """Do what the rules, or the turn itself, say of it; `again` says that limits and faults had their say."""
        emulator, turn = self._emulator, run.turn
        plan, now = turn.plan, emulator.clock.now()
        if plan is None:
            args = arguments_of(turn.key, turn.agent, turn.message)
            call = Call(CHAT, None, args, turn.caller, len(turn.message), headers=turn.headers, is_counted=True)
            call = call._replace(is_streamed=turn.is_streamed, part_of=turn.part_of, uses=turn.uses, is_admitted=again)
            run.entry = emulator.handle(call)
            plan = run.entry.decision.plan
        performance = Performance(plan, emulator.clock, now, partial(self._emit, run), partial(self._finish, run))
        if run.end is None:
            run.performance = performance

    def _end_orphans(self) -> None:
        """End the runs whose conversations went, or began anew, with what a scenario says of them."""
        reading = self._emulator.reading()
        for run in tuple(self._running.values()):
            if created(reading, run.session) != run.began_in:
                self._end(run, Done("".join(run.pieces), 0, "deleted"))

    def _emit(self, run: Run, piece: str) -> None:
        run.pieces.append(piece)
        self._tell(run, Chunk(piece, len(run.pieces) - 1))

    def _finish(self, run: Run, finish: Finish) -> None:
        for line in finish.logs:
            logger.info("%s", line)
        ending = finish.ending
        if isinstance(ending, Withheld):
            once_released(self._emulator, partial(self._try_again, run))
        elif finish.death is not None:
            self._end(run, Died(finish.death, ending.text if isinstance(ending, Replied) else ""))
        elif isinstance(ending, Replied):
            now = self._emulator.clock.now()
            text = ending.text
            self._emulator.transact(
                lambda transaction: append_message(transaction, run.session, "assistant", text, now)
            )
            self._end(run, Done(text, ending.tokens))
        else:
            self._end(run, Failed(ending))

    def _try_again(self, run: Run) -> None:
        if run.end is None:
            self._perform(run, again=True)

    def _end(self, run: Run, event: Event) -> None:
        if run.end is not None:
            return
        run.end = event
        if run.performance is not None:
            run.performance.stop()
        if run.limit is not None:
            run.limit.cancel()
        self._running.pop(run.session, None)
        self._tell(run, event)
        run.marks.is_over = True
        self._begin_next(run.turn.agent)

    def _begin_next(self, agent: str) -> None:
        while waiting := self._waiting.get(agent):
            run = next((each for each in waiting if self._may_run(each.turn)), None)
            if run is None:
                return
            waiting.remove(run)
            self._begin(run)
        self._waiting.pop(agent, None)

    def _abort_waiting(self, key: str, run_id: str | None, reason: str) -> bool:
        for waiting in self._waiting.values():
            for run in waiting:
                if run.session == key and run_id in (None, run.id):
                    waiting.remove(run)
                    run.end = Done("", 0, reason)
                    self._tell(run, run.end)
                    run.marks.is_over = True
                    return True
        return False

    def _tell(self, run: Run, event: Event) -> None:
        run.events += 1
        item = Item(run.id, run.events, event, self._emulator.clock.now(), run.marks)
        for watcher in tuple(run.watchers):
            watcher(item)
        self.feed(run.session).add(item)

    def _forget_feeds(self) -> None:
        now = self._emulator.clock.now()
        for key, feed in tuple(self._feeds.items()):
            feed.forget(now)
            if not feed:
                del self._feeds[key]
        for key in [key for key, feed in self._feeds.items() if not feed.is_watched][: MAX_FEEDS // 10]:
            del self._feeds[key]
