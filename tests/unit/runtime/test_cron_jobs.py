"""Jobs without any wire: when they come by themselves, and what is noted of them."""

from __future__ import annotations

from pathlib import Path

from emulator.engine.gateway.jobs import Ran
from emulator.runtime.chat import Chats
from emulator.runtime.clock import VirtualClock
from emulator.runtime.cron import Jobs
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Done, Failed
from emulator.values.durations import SECOND
from emulator.values.instants import parse_instant
from tests.support.scenarios import load_text

HOUR = 3_600 * SECOND
START = parse_instant("2024-02-08T11:30:00Z")
NOON = START + HOUR // 2
TICK = "gateway: {cron: {tick: {schedule: '0 * * * *', fires: true, run: {takes: 10s, reply: tock}}}}"


class House:
    """A house with jobs."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.clock = VirtualClock(START)
        self.emulator = Emulator(load_text(folder, text), self.clock)
        self.chats = Chats(self.emulator)
        self.jobs = Jobs(self.emulator, self.chats)

    def last(self, name: str) -> Ran:
        return self.jobs.last(self.emulator.revision.scenario.gateway.cron[name])


async def test_a_job_comes_exactly_when_it_is_due_and_again_an_hour_later(tmp_path: Path) -> None:
    house = House(tmp_path, TICK)

    await house.clock.advance(HOUR // 2 - 1)
    assert house.last("tick") == Ran()
    await house.clock.advance(1)
    assert house.last("tick") == Ran(NOON, "running")
    await house.clock.advance(10 * SECOND)
    assert house.last("tick") == Ran(NOON, "ok")
    await house.clock.advance(HOUR)
    assert house.last("tick") == Ran(NOON + HOUR, "ok")


async def test_a_jump_over_several_hours_passes_each_of_them(tmp_path: Path) -> None:
    house = House(tmp_path, TICK)
    seen: list[str] = []
    house.chats.feed("agent:main:cron:dm:tick").watch(
        lambda item: seen.append(item.run_id) if isinstance(item.event, Done) else None
    )

    await house.clock.advance(5 * HOUR)

    assert len(set(seen)) == 5


async def test_a_job_that_a_reload_takes_away_comes_no_more(tmp_path: Path) -> None:
    house = House(tmp_path, TICK)

    house.emulator.swap(load_text(tmp_path, "gateway: {}"))
    await house.clock.advance(2 * HOUR)

    assert not house.chats.feed("agent:main:cron:dm:tick")


async def test_a_job_that_did_not_change_comes_once_after_a_reload(tmp_path: Path) -> None:
    house = House(tmp_path, TICK)

    for name in ("a", "b"):
        house.emulator.swap(load_text(tmp_path, f"vars: {{x: {name}}}\n{TICK}"))
    await house.clock.advance(HOUR // 2)

    assert (house.chats.active_runs("main"), house.chats.queued_runs("main")) == (1, 0)


async def test_there_is_one_at_a_time_of_a_job_that_wants_it(tmp_path: Path) -> None:
    text = "gateway: {cron: {j: {schedule: '0 0 * * *', single_instance: true, run: {takes: 5s, reply: r}}}}"
    house = House(tmp_path, text)
    job = house.emulator.revision.scenario.gateway.cron["j"]

    first, second = house.jobs.run(job).run, house.jobs.run(job).run
    await house.clock.advance(5 * SECOND)
    third = house.jobs.run(job).run

    assert first is not None
    assert second is None
    assert third is not None


async def test_a_run_that_ends_at_once_is_noted_as_well(tmp_path: Path) -> None:
    text = """
        gateway:
          cron:
            good: {schedule: '0 0 * * *', run: {reply: r}}
            bad: {schedule: '0 0 * * *', run: {error: no}}
    """
    house = House(tmp_path, text)
    good, bad = (house.emulator.revision.scenario.gateway.cron[name] for name in ("good", "bad"))

    runs = [house.jobs.run(good).run, house.jobs.run(bad).run]

    assert (house.last("good"), house.last("bad")) == (Ran(START, "ok"), Ran(START, "error"))
    assert [type(run.end) for run in runs if run is not None] == [Done, Failed]


async def test_a_job_comes_although_there_is_too_much_to_do(tmp_path: Path) -> None:
    house = House(tmp_path, TICK.replace("takes: 10s", "takes: 299s"))
    job = house.emulator.revision.scenario.gateway.cron["tick"]
    await house.clock.advance(HOUR // 2 - SECOND)
    for _ in range(21):
        house.jobs.run(job)

    await house.clock.advance(SECOND)

    assert house.last("tick") == Ran(NOON, "error")
    assert house.jobs.next(job) == NOON + HOUR


async def test_a_day_that_never_comes_is_never_due(tmp_path: Path) -> None:
    house = House(tmp_path, "gateway: {cron: {j: {schedule: '0 0 30 2 *', fires: true, run: {reply: r}}}}")

    assert house.jobs.next(house.emulator.revision.scenario.gateway.cron["j"]) is None
    await house.clock.advance(HOUR)
