"""Jobs run by hand, and by the clock where the scenario wants that (contract openclaw §1.11)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from emulator.engine.gateway.jobs import ERROR, OK, RUNNING, Ran, note_run, ran
from emulator.engine.plan import Emit, Finish, Plan, Replied, Wait
from emulator.engine.reply import tokens_of
from emulator.model.gateway import CronJob
from emulator.model.rule import Failure, Pace
from emulator.model.schedule import next_run
from emulator.runtime.chat import Chats, Run, TooManyRunsError, Turn
from emulator.runtime.clock import Timer
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Chunk, Done, Event, Item
from emulator.values.session_keys import SessionKey


class Started(NamedTuple):
    """A run that began, None where one was under way already."""

    run: Run | None


class Jobs:
    """The jobs of the scenario in force."""

    def __init__(self, emulator: Emulator, chats: Chats) -> None:
        """Run jobs as turns of `chats`; those that come by themselves are due from now on."""
        self._emulator = emulator
        self._chats = chats
        self._timers: list[Timer] = []
        self._running: dict[str, int] = {}
        emulator.on_swap(self._schedule)
        self._schedule()

    def run(self, job: CronJob) -> Started:
        """Run a job now; raise TooManyRunsError."""
        if job.single_instance and self._running.get(job.id):
            return Started(None)
        began = self._emulator.clock.now()
        key = SessionKey(job.agent, "cron", "dm", job.id)
        run = self._chats.start(Turn(key, job.agent, job.prompt or job.id, plan=_plan_of(job)))
        self._running[job.id] = self._running.get(job.id, 0) + 1
        self._note(job, Ran(began, RUNNING))
        if run.end is not None:
            self._over(job, began, is_ok=_is_ok(run.end))
        else:
            run.watch(partial(self._watch, job, began))
        return Started(run)

    def last(self, job: CronJob) -> Ran:
        """Return how the newest run of a job went, or goes."""
        return ran(self._emulator.reading(), job.id)

    def next(self, job: CronJob) -> int | None:
        """Return when a job is due next, None when it is switched off or never is."""
        if not job.enabled:
            return None
        return next_run(job.schedule, job.timezone, self._emulator.clock.now())

    def _watch(self, job: CronJob, began: int, item: Item) -> None:
        if not isinstance(item.event, Chunk):
            self._over(job, began, is_ok=_is_ok(item.event))

    def _over(self, job: CronJob, began: int, *, is_ok: bool) -> None:
        self._running[job.id] -= 1
        if (self.last(job).at or 0) <= began:  # otherwise a newer one is under way
            self._note(job, Ran(began, OK if is_ok else ERROR))

    def _note(self, job: CronJob, run: Ran) -> None:
        self._emulator.transact(lambda transaction: note_run(transaction, job.id, run))

    def _schedule(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
        for job in self._emulator.revision.scenario.gateway.cron.values():
            if job.fires:
                self._wait_for(job)

    def _wait_for(self, job: CronJob) -> None:
        due = self.next(job)
        if due is not None:
            self._timers = [each for each in self._timers if each.callback is not None]
            self._timers.append(self._emulator.clock.call_at(due, partial(self._fire, job)))

    def _fire(self, job: CronJob) -> None:
        try:
            self.run(job)
        except TooManyRunsError:
            self._note(job, Ran(self._emulator.clock.now(), ERROR))
        self._wait_for(job)


def _is_ok(end: Event) -> bool:
    return isinstance(end, Done) and end.reason == "complete"


def _plan_of(job: CronJob) -> Plan | None:
    """Return how a job's runs go where the scenario says so; otherwise its prompt is a turn as any other."""
    if job.error is not None:
        return (Wait(job.takes), Finish(Failure(500, None, job.error)))
    if job.reply is None and not job.takes:
        return None
    text = job.reply or ""
    pieces = (text,) if text else ()
    return (Wait(job.takes), *map(Emit, pieces), Finish(Replied(pieces, tokens_of(job.prompt + text), Pace())))
