"""What a socket has run: mutations one at a time and in order, actions side by side (contract convex §7.6, §7.7)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Protocol

from emulator.engine.index import Decision
from emulator.engine.plan import Finish
from emulator.engine.store import Write
from emulator.model.function import FunctionType
from emulator.runtime.clock import Timer
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.runtime.live import finish_of
from emulator.runtime.withheld import is_withheld, once_released
from emulator.surfaces.close import Close
from emulator.surfaces.convex.sync import frames
from emulator.surfaces.convex.sync.asker import OVERLOADED, Asker, delay_of, is_answer
from emulator.surfaces.convex.sync.messages import Run
from emulator.surfaces.convex.sync.outcomes import Outcome, Outcomes

MAX_MUTATIONS = 1_000
MAX_ACTIONS = 1_000


class Voice(Protocol):
    """The socket that they are run for."""

    def catch_up(self) -> None:
        """Have what was committed told to everybody else; this socket hears of it along with the answer."""

    def answer(self, written: bytes) -> None:
        """Send an answer, and what changed."""

    def end(self, last: Close) -> None:
        """Close the socket."""

    def fail(self, finish: Finish) -> bool:
        """End over what is no answer, or let only that get lost; say whether it is none."""


class Runs:
    """The mutations and actions of one socket."""

    __slots__ = (
        "_actions",
        "_emulator",
        "_held",
        "_is_going_on",
        "_is_over",
        "_outcomes",
        "_timers",
        "_under_way",
        "_voice",
        "_waiting",
        "is_mutating",
        "session",
    )

    def __init__(self, emulator: Emulator, outcomes: Outcomes, voice: Voice) -> None:
        """Answer by `voice`."""
        self._emulator = emulator
        self._outcomes = outcomes
        self._voice = voice
        self.session: Hashable = object()
        self._waiting: list[tuple[Asker, Run]] = []  # a deque takes ten times as much for none
        self._under_way: dict[int, None] = {}  # a set takes three times as much for none
        self.is_mutating = False
        self._is_going_on = False
        self._actions = 0
        self._timers: dict[Timer, None] = {}
        self._held: dict[Callable[[], None], None] = {}
        self._is_over = False

    def mutate(self, asker: Asker, run: Run) -> None:
        """Run a mutation when all before it are answered; one that was run before is answered as it was then."""
        if run.request_id in self._under_way:
            return
        if len(self._waiting) >= MAX_MUTATIONS:
            self._voice.end(Close(OVERLOADED, "TooManyConcurrentMutations"))
            return
        self._under_way[run.request_id] = None
        self._waiting.append((asker, run))
        self._go_on()

    def act(self, asker: Asker, run: Run) -> None:
        """Run an action."""
        if self._actions >= MAX_ACTIONS:
            self._voice.end(Close(OVERLOADED, "TooManyConcurrentActions"))
            return
        self._actions += 1
        self._act(asker, run)

    def _act(self, asker: Asker, run: Run, *, again: bool = False) -> None:
        entry, ts = self._handle(asker, run, FunctionType.ACTION, again=again)
        if is_withheld(entry.decision):
            self._hold(partial(self._act, asker, run, again=True))
            return
        self._perform(entry, partial(self._acted, asker, run, entry, ts))

    def stop(self) -> None:
        """Answer nothing any more; a mutation that is done, but for its delay, gets its outcome all the same."""
        self._is_over = True
        self._waiting.clear()
        for timer in self._timers:
            timer.cancel()
        for end in self._held:
            end()

    def _go_on(self) -> None:
        """Run mutations until one takes its time."""
        if self._is_going_on:
            return
        self._is_going_on = True
        try:
            while self._waiting and not self.is_mutating:
                self.is_mutating = True
                self._begin(*self._waiting.pop(0))
        finally:
            self._is_going_on = False

    def _begin(self, asker: Asker, run: Run, *, again: bool = False) -> None:
        known = self._outcomes.find((self.session, run.request_id))
        if known is not None:
            known.then(partial(self._answer, run))
            return
        entry, ts = self._handle(asker, run, FunctionType.MUTATION, again=again)
        if is_withheld(entry.decision):
            self._hold(partial(self._begin, asker, run, again=True))
            return
        outcome = self._outcomes.begin((self.session, run.request_id)) if _is_done(entry.decision) else None
        self._perform(entry, partial(self._mutated, asker, run, entry, ts, outcome), is_kept=outcome is not None)

    def _hold(self, then: Callable[[], None]) -> None:
        """Try again when the answer is withheld no more."""

        def go_on() -> None:
            del self._held[end]
            then()

        end = once_released(self._emulator, go_on)
        self._held[end] = None

    def _handle(self, asker: Asker, run: Run, kind: FunctionType, *, again: bool) -> tuple[Entry, int]:
        """Have a function handled; `again` says that limits and faults had their say."""
        entry = self._emulator.handle(asker.call(self._emulator, run, kind)._replace(is_admitted=again))
        ts = self._emulator.timestamp()
        self._voice.catch_up()
        return entry, ts

    def _acted(self, asker: Asker, run: Run, entry: Entry, ts: int, finish: Finish) -> None:
        if self._voice.fail(finish):
            return
        self._actions -= 1
        self._voice.answer(self._written(asker, run, entry, ts, finish))

    def _mutated(self, asker: Asker, run: Run, entry: Entry, ts: int, outcome: Outcome | None, finish: Finish) -> None:
        if outcome is not None:
            written = self._written(asker, run, entry, ts, finish)
            if not self._is_over and not self._voice.fail(finish):
                outcome.then(partial(self._answer, run))
            self._outcomes.end(outcome, written)
        elif not self._voice.fail(finish):
            self._answer(run, self._written(asker, run, entry, ts, finish))

    def _answer(self, run: Run, written: bytes) -> None:
        if self._is_over:
            return
        self._voice.answer(written)
        self._under_way.pop(run.request_id, None)
        self.is_mutating = False
        self._go_on()

    def _written(self, asker: Asker, run: Run, entry: Entry, ts: int, finish: Finish) -> bytes:
        answer = asker.answer(self._emulator, entry, entry.decision)
        return frames.response(run.kind, run.request_id, finish.ending, finish.logs, answer, ts)

    def _perform(self, entry: Entry, finished: Callable[[Finish], None], *, is_kept: bool = False) -> None:
        finish, delay = finish_of(entry.decision), delay_of(entry)
        if not delay:
            finished(finish)
            return

        def end() -> None:
            self._timers.pop(timer, None)
            finished(finish)

        timer = self._emulator.clock.call_at(entry.at + delay, end)
        if not is_kept:
            self._timers[timer] = None


def _is_done(decision: Decision) -> bool:
    """Whether a mutation has an outcome that holds for whoever sends it again.

    What fails is tried again. A connection that a fault ends, or a rule that wrote something, takes the answer with
    it; one that a rule ends in place of an answer has none.
    """
    finish = finish_of(decision)
    if finish.death is None and not is_answer(finish):
        return False
    has_answer = finish.death is None or decision.rule is None or decision.rule.death is None
    return has_answer or any(isinstance(each, Write) for each in decision.changes)
