"""Health, config and cron (contract openclaw §1.4, §1.10, §1.11)."""

from __future__ import annotations

import asyncio
from functools import partial

from emulator.engine.gateway.config import ConfigError, ForbiddenKeyError, flat, hash_of, patched, redacted, value_at
from emulator.engine.gateway.settings import config, keep_config
from emulator.engine.transaction import Transaction
from emulator.model.gateway import CronJob, Json
from emulator.runtime.chat import Run, TooManyRunsError
from emulator.runtime.cron import Jobs
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Chunk, Done, Item
from emulator.surfaces.openclaw.asked import Answer, Asked, json_answer
from emulator.surfaces.openclaw.codec import read_object
from emulator.surfaces.openclaw.failures import Issue, forbidden, invalid, not_found, precondition_failed, rate_limited
from emulator.values.durations import SECOND
from emulator.values.instants import format_instant

_UNAVAILABLE = 503


class SettingEndpoints:
    """What the gateway is set to, and what it does by itself."""

    def __init__(self, emulator: Emulator, jobs: Jobs) -> None:
        """Answer by the state of `emulator`, and run `jobs`."""
        self._emulator = emulator
        self._jobs = jobs
        self._began = emulator.clock.now()
        self._clock = emulator.revision.scenario.clock
        emulator.on_swap(self._note_clock)

    async def health(self, _asked: Asked) -> Answer:
        """Answer GET /health."""
        gateway = self._emulator.revision.scenario.gateway
        uptime = max(0, (self._emulator.clock.now() - self._began) // SECOND)
        answer = {"status": gateway.health, "version": gateway.version, "uptime": uptime}
        return json_answer(answer, status=_UNAVAILABLE if gateway.health == "starting" else 200)

    async def config(self, asked: Asked) -> Answer:
        """Answer GET /api/config."""
        tree = config(self._emulator.reading())
        digest = hash_of(tree)
        tag = {"ETag": f'"{digest}"'}
        shown = redacted(tree)
        key = asked.query.get("key")
        if key is not None:
            try:
                return json_answer({"key": key, "value": value_at(shown, key)}, tag)
            except KeyError as error:
                raise not_found(f"no config value at {key}") from error
        written = flat(shown) if asked.query.get("flat") == "1" else shown
        return json_answer({"config": written, "hash": digest}, tag)

    async def patch_config(self, asked: Asked) -> Answer:
        """Answer PATCH /api/config."""
        patch = read_object(await asked.body())
        wanted = asked.request.headers.get("If-Match")
        applied = self._emulator.transact(partial(_patch, patch, wanted))
        tree = config(self._emulator.reading())
        digest = hash_of(tree)
        answer = {"ok": True, "applied": list(applied), "config": redacted(tree), "hash": digest}
        return json_answer(answer, {"ETag": f'"{digest}"'})

    async def jobs(self, _asked: Asked) -> Answer:
        """Answer GET /api/cron."""
        cron = self._emulator.revision.scenario.gateway.cron
        return json_answer({"jobs": [self._row(job) for job in cron.values()]})

    async def run_job(self, asked: Asked) -> Answer:
        """Answer POST /api/cron/:id/run."""
        name = asked.parameters["id"]
        job = self._emulator.revision.scenario.gateway.cron.get(name)
        if job is None:
            raise not_found(f"no cron job with id {name}")
        try:
            run = self._jobs.run(job).run
        except TooManyRunsError as error:
            raise rate_limited(1, str(error)) from error
        if run is None:
            return json_answer({"ok": True, "id": name, "enqueued": False, "reason": "already-running"})
        answer: dict[str, Json] = {"ok": True, "id": name, "runId": run.id, "enqueued": True}
        if asked.query.get("wait") == "1":
            answer |= await _outcome(run)
        return json_answer(answer)

    def job_row(self, name: str) -> Json:
        """Return a job as the list shows it, None where the scenario has none of that name."""
        job = self._emulator.revision.scenario.gateway.cron.get(name)
        return None if job is None else self._row(job)

    def _note_clock(self) -> None:
        """Count the uptime from now on where a scenario has put the clock to another time."""
        clock = self._emulator.revision.scenario.clock
        if clock != self._clock:
            self._clock, self._began = clock, self._emulator.clock.now()

    def _row(self, job: CronJob) -> Json:
        row: dict[str, Json] = {
            "id": job.id,
            "enabled": job.enabled,
            "schedule": job.schedule,
            "prompt": job.prompt,
            "agent": job.agent,
        }
        if job.target is not None:
            row["target"] = job.target
        last, due = self._jobs.last(job), self._jobs.next(job)
        if last.at is not None:
            row |= {"lastRun": format_instant(last.at), "lastStatus": last.status}
        if due is not None:
            row["nextRun"] = format_instant(due)
        return row


def _patch(patch: Json, wanted: str | None, transaction: Transaction) -> tuple[str, ...]:
    tree = config(transaction)
    tags = {each.strip().removeprefix("W/").strip('"') for each in (wanted or "*").split(",")}
    if tags.isdisjoint({hash_of(tree), "*"}):
        raise precondition_failed("the config is another one by now")
    try:
        done = patched(tree, patch)
    except ConfigError as error:
        raise invalid(Issue(each.path, each.message) for each in error.issues) from error
    except ForbiddenKeyError as error:
        raise forbidden(f"{error.path} cannot be changed here") from error
    keep_config(transaction, done.tree)
    return tuple(done.applied)


async def _outcome(run: Run) -> dict[str, Json]:
    """Wait for a run, and say how it went."""
    if run.end is None:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def watch(item: Item) -> None:
            if not isinstance(item.event, Chunk) and not over.done():
                over.set_result(None)

        stop = run.watch(watch)
        try:
            await over
        finally:
            stop()
    if isinstance(run.end, Done):
        return {"status": "ok", "response": run.end.text}
    return {"status": "error", "response": ""}
