"""What readers of logs see, and when."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from emulator.engine.call import Admin, Call
from emulator.model.function import FunctionType
from emulator.runtime import function_log
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.function_log import FunctionLog
from emulator.values.durations import MILLISECOND, SECOND
from tests.support.scenarios import load_text

SCENARIO = """
faults: [{name: down, on: "down:*", failure: overloaded}]
functions:
  fast: {type: query, result: 1, logs: [hi]}
  slow: {type: mutation, result: 2, delay: 250ms}
  act: {type: action, result: 3, delay: 1s, logs: [begun]}
  down:it: {result: 4}
  _system/own: {result: 5}
gateway: {chat: {reply: hi}}
"""


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return Emulator(load_text(tmp_path, SCENARIO), VirtualClock(1_000 * SECOND))


def run(emulator: Emulator, *names: str) -> None:
    for name in names:
        emulator.handle(Call(name, None, {}, Admin()))


def seen(log: FunctionLog, cursor: float = 0.0) -> list[str]:
    return [f"{each.entry.call.operation}{'…' if each.is_progress else ''}" for each in log.since(cursor)]


def test_what_was_called_before_anybody_read_is_seen(emulator: Emulator) -> None:
    run(emulator, "fast", "fast")
    assert seen(FunctionLog(emulator)) == ["fast", "fast"]


def test_a_call_is_seen_when_it_is_done(emulator: Emulator) -> None:
    log = FunctionLog(emulator)

    async def go() -> None:
        run(emulator, "slow", "fast")
        assert seen(log) == ["fast"]
        await emulator.clock.advance(250 * MILLISECOND)  # type: ignore[attr-defined]  # it is virtual
        assert seen(log) == ["fast", "slow"]

    asyncio.run(go())
    assert log.since(0.0)[1].at == 1_000 * SECOND + 250 * MILLISECOND


def test_an_action_tells_what_it_logs_before_it_is_done(emulator: Emulator) -> None:
    log = FunctionLog(emulator)

    async def go() -> None:
        run(emulator, "act")
        assert seen(log) == ["act…"]
        await emulator.clock.advance(SECOND)  # type: ignore[attr-defined]  # it is virtual
        assert seen(log) == ["act…", "act"]

    asyncio.run(go())


def test_what_is_no_function_or_did_not_run_is_not_seen(emulator: Emulator) -> None:
    run(emulator, "missing", "down:it", "_system/own", "chat")
    emulator.admit(Call("GET /api/anything", None, {}))
    assert seen(FunctionLog(emulator)) == []


def test_a_cursor_says_what_is_known(emulator: Emulator) -> None:
    log = FunctionLog(emulator)
    run(emulator, "fast", "fast", "fast")
    stamps = [each.stamp for each in log.since(0.0)]
    assert stamps == sorted(set(stamps))
    assert [len(log.since(each)) for each in stamps] == [2, 1, 0]


def test_a_cursor_of_another_run_is_the_newest(emulator: Emulator) -> None:
    log = FunctionLog(emulator)
    run(emulator, "fast")
    assert seen(log, 1e15) == []
    before = 1e15
    newest = log.since(0.0)[-1].stamp
    run(emulator, "fast")
    assert (len(log.since(before)), len(log.since(newest))) == (0, 1)


def test_old_records_give_way(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_log, "MAX_RECORDS", 3)
    log = FunctionLog(emulator)
    run(emulator, *["fast"] * 5)
    assert len(log.since(0.0)) == 3


def test_long_logs_give_way(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_log, "MAX_CHARACTERS", 20)
    log = FunctionLog(emulator)
    run(emulator, *["fast"] * 5)
    assert len(log.since(0.0)) == 2  # a line is [LOG] 'hi'


async def test_whoever_waits_hears_of_the_next_record(emulator: Emulator) -> None:
    log = FunctionLog(emulator)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(log.wait())
        await asyncio.sleep(0)  # noqa: TID251 - the next turn of the loop
        emulator.handle(Call("fast", FunctionType.QUERY, {}))
