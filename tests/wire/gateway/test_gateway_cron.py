"""Jobs: when they are due, and what their runs come to (openclaw §1.11)."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.support.clocks import WatchedClock
from tests.support.gateway import Gateway
from tests.wire.gateway.conftest import Serve

JOBS = """
gateway:
  agents: {main: {}, coder: {}}
  chat: {reply: "done: ${message} on ${channel}"}
  cron:
    standup:
      schedule: 0 9 * * 1-5
      prompt: 스탠드업 알림
      target: {channel: slack, to: C123}
    off: {schedule: "*/5 * * * *", enabled: false, prompt: off, agent: coder}
    seoul: {schedule: 0 9 * * *, timezone: Asia/Seoul, run: {reply: fixed}}
    fails: {schedule: 0 0 * * *, run: {result: error}}
    slow: {schedule: 0 0 * * *, run: {takes: 10s, reply: slow}}
    once: {schedule: 0 0 * * *, single_instance: true, run: {takes: 10s, reply: once}}
"""


async def job(gateway: Gateway, name: str) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {each["id"]: each for each in (await gateway.get("/api/cron")).ok["jobs"]}
    return found[name]


async def last(gateway: Gateway, name: str) -> tuple[str | None, str | None]:
    row = await job(gateway, name)
    return row.get("lastRun"), row.get("lastStatus")


async def test_jobs_are_listed_with_when_they_are_due(serve: Serve) -> None:
    gateway = await serve(JOBS)

    jobs = (await gateway.get("/api/cron")).ok["jobs"]

    assert [each["id"] for each in jobs] == ["standup", "off", "seoul", "fails", "slow", "once"]
    assert jobs[:3] == [
        {
            "id": "standup",
            "enabled": True,
            "schedule": "0 9 * * 1-5",
            "prompt": "스탠드업 알림",
            "agent": "main",
            "target": {"channel": "slack", "to": "C123"},
            "nextRun": "2023-11-15T09:00:00Z",
        },
        {"id": "off", "enabled": False, "schedule": "*/5 * * * *", "prompt": "off", "agent": "coder"},
        {
            "id": "seoul",
            "enabled": True,
            "schedule": "0 9 * * *",
            "prompt": "",
            "agent": "main",
            "nextRun": "2023-11-15T00:00:00Z",
        },
    ]


async def test_a_job_is_due_again_once_it_was_due(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(JOBS)

    await clock.pass_milliseconds(11 * 3_600_000)

    assert (await job(gateway, "standup"))["nextRun"] == "2023-11-16T09:00:00Z"
    assert await last(gateway, "standup") == (None, None)


async def test_a_run_is_a_turn_in_the_session_of_the_job(serve: Serve) -> None:
    gateway = await serve(JOBS)

    answer = await gateway.post("/api/cron/standup/run")

    assert set(answer.ok) == {"ok", "id", "runId", "enqueued"}
    assert (answer.ok["ok"], answer.ok["id"], answer.ok["enqueued"]) == (True, "standup", True)
    assert re.fullmatch(r"run_[0-9a-f]{12}", answer.ok["runId"])
    assert await gateway.said("agent:main:cron:dm:standup") == [
        ("user", "스탠드업 알림"),
        ("assistant", "done: 스탠드업 알림 on cron"),
    ]
    assert await last(gateway, "standup") == ("2023-11-14T22:13:20Z", "ok")


async def test_whoever_waits_hears_what_came_of_it(serve: Serve) -> None:
    gateway = await serve(JOBS)

    well = (await gateway.post("/api/cron/seoul/run?wait=1")).ok
    badly = (await gateway.post("/api/cron/fails/run?wait=1")).ok

    assert (well["status"], well["response"], well["enqueued"]) == ("ok", "fixed", True)
    assert (badly["status"], badly["enqueued"]) == ("error", True)
    assert (await last(gateway, "seoul"))[1] == "ok"
    assert (await last(gateway, "fails"))[1] == "error"


async def test_whoever_does_not_wait_is_answered_at_once(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(JOBS)

    answer = await gateway.post("/api/cron/slow/run")
    running = await last(gateway, "slow")
    agent = await gateway.agent()
    await clock.pass_milliseconds(10_000)

    assert answer.ok["enqueued"] is True
    assert running == ("2023-11-14T22:13:20Z", "running")
    assert (agent["status"], agent["activeRuns"]) == ("running", 1)
    assert await last(gateway, "slow") == ("2023-11-14T22:13:20Z", "ok")


async def test_whoever_waits_waits_for_the_end(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(JOBS)

    async with asyncio.TaskGroup() as group:
        answer = group.create_task(gateway.post("/api/cron/slow/run?wait=1"))
        await gateway.until_busy(1)
        await clock.pass_milliseconds(9_999)
        assert (await gateway.agent())["activeRuns"] == 1
        await clock.pass_milliseconds(1)

    assert (answer.result().ok["status"], answer.result().ok["response"]) == ("ok", "slow")


async def test_a_disabled_job_runs_when_told_to(serve: Serve) -> None:
    gateway = await serve(JOBS)

    assert (await gateway.post("/api/cron/off/run?wait=1")).ok["response"] == "done: off on cron"
    assert await gateway.said("agent:coder:cron:dm:off") != []
    assert "nextRun" not in await job(gateway, "off")


async def test_a_job_of_which_there_is_one_at_a_time_is_not_run_twice(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(JOBS)

    await gateway.post("/api/cron/once/run")
    second = await gateway.post("/api/cron/once/run")
    await clock.pass_milliseconds(10_000)
    third = await gateway.post("/api/cron/once/run")

    assert second.ok == {"ok": True, "id": "once", "enqueued": False, "reason": "already-running"}
    assert third.ok["enqueued"] is True


async def test_the_newest_run_of_a_job_is_the_last_one(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(JOBS)

    await gateway.post("/api/cron/slow/run")
    await clock.pass_milliseconds(1_000)
    await gateway.post("/api/cron/slow/run")
    await clock.pass_milliseconds(9_000)
    one_over = await last(gateway, "slow")
    await clock.pass_milliseconds(10_000)

    assert one_over == ("2023-11-14T22:13:21Z", "running")
    assert await last(gateway, "slow") == ("2023-11-14T22:13:21Z", "ok")


async def test_a_job_that_is_not_there_is_not_found(serve: Serve) -> None:
    gateway = await serve(JOBS)

    assert (await gateway.post("/api/cron/nothing/run")).refusal == (404, "NOT_FOUND")


async def test_a_run_whose_session_is_deleted_is_an_error(serve: Serve) -> None:
    gateway = await serve(JOBS)

    await gateway.post("/api/cron/slow/run")
    deleted = await gateway.send("DELETE", "/api/sessions/agent:main:cron:dm:slow")

    assert deleted.status == 200
    assert (await last(gateway, "slow"))[1] == "error"


async def test_a_job_whose_prompt_nothing_answers_is_an_error(serve: Serve) -> None:
    gateway = await serve("gateway: {cron: {daily: {schedule: 0 9 * * *, prompt: hi}}}")

    assert (await gateway.post("/api/cron/daily/run?wait=1")).ok["status"] == "error"


async def test_too_many_runs_of_a_job_are_refused(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(JOBS)

    answers = [await gateway.post("/api/cron/slow/run") for _ in range(22)]
    await clock.pass_milliseconds(210_000)

    assert [each.status for each in answers] == [200] * 21 + [429]
    assert answers[-1].refusal == (429, "RATE_LIMIT")
    assert (await gateway.agent())["queuedRuns"] == 0


@pytest.mark.parametrize(("fires", "runs"), [("true", 2), ("false", 0)])
async def test_a_job_comes_by_itself_where_the_scenario_wants_it(
    serve: Serve, clock: WatchedClock, fires: str, runs: int
) -> None:
    gateway = await serve(f"""
        gateway:
          chat: {{reply: done}}
          cron: {{hourly: {{schedule: "0 * * * *", prompt: tick, fires: {fires}}}}}
    """)

    await clock.pass_milliseconds(2 * 3_600_000)

    sessions = await gateway.rows("sessions")
    assert sum(each["messageCount"] for each in sessions) == 2 * runs
    if runs:
        assert await last(gateway, "hourly") == ("2023-11-15T00:00:00Z", "ok")


async def test_a_disabled_job_does_not_come_by_itself(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("""
        gateway: {cron: {hourly: {schedule: "0 * * * *", fires: true, enabled: false, run: {reply: x}}}}
    """)

    await clock.pass_milliseconds(3 * 3_600_000)

    assert await gateway.rows("sessions") == []
