"""What comes by itself: delayed steps and the timeline, on the scenario's clock."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Value
from emulator.values.durations import SECOND
from tests.support.engine import MUTATION, call, value_of
from tests.support.scenarios import load_text
from tests.support.tables import change, fields, variables

TEXT = """
state: {steps: [], n: 0}
tables: {notes: {}}
functions:
  n:later:
    do:
      - insert: {into: notes, document: {text: now, at: "${now}"}, as: key}
      - after: 2s
        do:
          - patch: {table: notes, id: "${key}", fields: {text: "${args.text} ${call}", at: "${now}"}}
          - after: 1s
            do: [{insert: {into: notes, document: {text: last, key: "${key}", drawn: "${uuid()}"}}}]
    result: ${key}
  n:fail: {do: [{after: 1s, do: [{set: {n: 1}}, {delete: {table: notes, id: nothing}}]}]}
  n:throw: {do: [{after: 1s, do: [{set: {n: 1}}, {call: {function: "n:boom"}}]}]}
  n:boom: {error: {message: Boom, name: TypeError}}
  n:miss: {do: [{after: 1s, do: [{call: {function: "n:never"}}]}]}
  n:never: {when: {args: {a: 1}}, result: 1}
  n:down: {do: [{after: 1s, do: [{call: {function: "n:full"}}]}]}
  n:full: {failure: overloaded}
  n:log: {do: [{after: 1s, do: [{log: "it is ${now}"}]}]}
  n:same: {do: [{after: 1s, do: [{set: {steps: "${state.steps + ['d']}"}}]}]}
"""


def start(folder: Path, text: str = TEXT, at: int = 0) -> Emulator:
    return Emulator(load_text(folder, text), VirtualClock(at))


async def pass_by(emulator: Emulator, seconds: float) -> None:
    clock = emulator.clock
    assert isinstance(clock, VirtualClock)
    await clock.advance(round(seconds * SECOND))


async def test_delayed_steps_come_in_their_time_with_the_names_of_their_call(tmp_path: Path) -> None:
    emulator = start(tmp_path)
    key = change(emulator, "n:later", {"text": "then"})

    await pass_by(emulator, 1.999)
    assert fields(emulator, "notes", "text") == ["now"]
    await pass_by(emulator, 0.001)
    assert fields(emulator, "notes", "text") == ["then 1"]
    assert fields(emulator, "notes", "at") == [2000.0]
    await pass_by(emulator, 60)
    assert fields(emulator, "notes", "text") == ["then 1", "last"]
    assert fields(emulator, "notes", "key") == ["nothing", key]
    assert fields(emulator, "notes", "_creationTime")[1] == 3000.0


async def test_one_jump_over_ten_minutes_has_everything_happen_in_order_at_its_time(tmp_path: Path) -> None:
    steps = "\n".join(
        f'  - {{at: {minutes}m, do: [{{set: {{steps: "${{state.steps + [now]}}"}}}}]}}' for minutes in (9, 3, 1, 7, 3)
    )
    emulator = start(tmp_path, f"{TEXT}\ntimeline:\n{steps}\n", at=60 * SECOND)
    change(emulator, "n:same")

    await pass_by(emulator, 600)

    assert variables(emulator)["steps"] == ["d", 120_000.0, 240_000.0, 240_000.0, 480_000.0, 600_000.0]
    stamps = [each.ts for each in emulator.state.view.store.commits]
    assert stamps[-5:] == [120 * SECOND, 240 * SECOND, 240 * SECOND + 1, 480 * SECOND, 600 * SECOND]


async def test_delayed_steps_draw_the_same_in_every_run(tmp_path: Path) -> None:
    drawn: list[list[Value]] = []
    for _ in range(2):
        emulator = start(tmp_path)
        for text in ("a", "b"):
            change(emulator, "n:later", {"text": text})
        await pass_by(emulator, 5)
        drawn.append(fields(emulator, "notes", "drawn"))

    assert drawn[0] == drawn[1]
    assert len(set(map(str, drawn[0]))) == 3


async def test_delayed_steps_survive_a_reload_and_are_done_by_the_scenario_then_in_force(tmp_path: Path) -> None:
    emulator = start(tmp_path)
    change(emulator, "n:throw")

    emulator.swap(
        load_text(tmp_path, TEXT.replace("n:boom: {error: {message: Boom, name: TypeError}}", "n:boom: {result: 1}"))
    )
    await pass_by(emulator, 1)

    assert variables(emulator)["n"] == 1.0


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("n:fail", "Delete on nonexistent document ID nothing"),
        ("n:throw", "Uncaught TypeError: Boom"),
        ("n:miss", "no rule of n:never matches"),
        ("n:down", "fails"),
    ],
)
async def test_delayed_steps_that_fail_write_nothing_and_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, operation: str, message: str
) -> None:
    emulator = start(tmp_path)
    change(emulator, operation)

    await pass_by(emulator, 1)

    assert variables(emulator)["n"] == 0.0
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert message in record.getMessage()
    assert "default.yaml:" in record.getMessage()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("tables: {notes: {}}", "tables: {others: {}}", "there is no table notes any more"), (", n: 0", "", "n any more")],
)
async def test_delayed_steps_say_so_when_what_they_write_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, old: str, new: str, message: str
) -> None:
    text = """
state: {steps: [], n: 0}
tables: {notes: {}}
functions:
  n:do: {do: [{after: 1s, do: [{set: {n: 1}}, {insert: {into: notes, document: {}}}]}]}
"""
    emulator = start(tmp_path, text)
    change(emulator, "n:do")
    without = text.replace(old, new).split("functions:")[0]

    emulator.swap(load_text(tmp_path, without))
    await pass_by(emulator, 1)

    assert message in caplog.text
    assert variables(emulator).get("n", 0.0) == 0.0
    assert "notes" not in emulator.state.view.store.collections


async def test_what_delayed_steps_log_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    emulator = start(tmp_path)
    change(emulator, "n:log")

    await pass_by(emulator, 1)

    assert [each.getMessage() for each in caplog.records] == ["[LOG] 'it is 1000'"]


async def test_after_a_reset_nothing_is_delayed_and_the_timeline_starts_again(tmp_path: Path) -> None:
    text = f'{TEXT}\ntimeline: [{{at: 5s, do: [{{set: {{n: "${{state.n + 1}}"}}}}]}}]\n'
    emulator = start(tmp_path, text)
    change(emulator, "n:same")
    await pass_by(emulator, 0.5)

    emulator.reset()
    await pass_by(emulator, 4.9)
    assert variables(emulator) == {"steps": [], "n": 0.0}
    await pass_by(emulator, 0.1)
    assert variables(emulator) == {"steps": [], "n": 1.0}
    await pass_by(emulator, 60)
    assert variables(emulator) == {"steps": [], "n": 1.0}


LINE = 'timeline: [{at: 5s, do: [{set: {n: "${state.n + 1}"}}]}]\n'


@pytest.mark.parametrize(
    ("text", "after_four", "after_six"),
    [
        (f"# moved\n{TEXT}\n{LINE}", 0.0, 1.0),
        (f"{TEXT}\n{LINE}".replace("text: now", "text: soon"), 0.0, 1.0),
        (f"{TEXT}\n{LINE}".replace("5s", "6s"), 0.0, 0.0),
        (f"{TEXT}\n{LINE}".replace("5s", "4s"), 0.0, 1.0),
        (f"{TEXT}\n{LINE}".replace("state.n + 1", "state.n + 5"), 0.0, 0.0),
        (TEXT, 0.0, 0.0),
    ],
)
async def test_the_timeline_goes_on_over_a_reload_unless_it_says_something_else(
    tmp_path: Path, text: str, after_four: float, after_six: float
) -> None:
    emulator = start(tmp_path, f"{TEXT}\n{LINE}")
    await pass_by(emulator, 2)

    emulator.swap(load_text(tmp_path, text))
    await pass_by(emulator, 2)
    assert variables(emulator)["n"] == after_four
    await pass_by(emulator, 2)
    assert variables(emulator)["n"] == after_six


async def test_another_scenario_drops_what_the_one_before_delayed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = start(tmp_path)
    change(emulator, "n:same")
    change(emulator, "n:fail")
    emulator.swap(replace(emulator.revision.scenario, name="another"))
    await pass_by(emulator, 9)

    assert variables(emulator) == {"steps": [], "n": 0.0}
    assert caplog.records == []


async def test_more_delayed_steps_than_wait_are_dropped_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.runtime.emulator._MAX_DELAYED", 3)
    steps = ", ".join(['{after: 1s, do: [{set: {n: "${state.n + 1}"}}]}'] * 2)
    emulator = start(tmp_path, f"state: {{n: 0}}\nfunctions: {{n:do: {{do: [{steps}]}}}}")

    for _ in range(3):
        change(emulator, "n:do")
    await pass_by(emulator, 1)

    assert variables(emulator)["n"] == 3.0
    assert [each.getMessage() for each in caplog.records] == [
        "3 delayed steps wait; 1 more are dropped",
        "3 delayed steps wait; 2 more are dropped",
    ]


async def test_a_query_at_a_timestamp_delays_nothing(tmp_path: Path) -> None:
    emulator = start(tmp_path)

    entry = emulator.handle(call(emulator, "n:boom").call._replace(operation="n:same", type=MUTATION), ts=10)
    await pass_by(emulator, 9)

    assert value_of(entry) is None
    assert variables(emulator)["steps"] == []
