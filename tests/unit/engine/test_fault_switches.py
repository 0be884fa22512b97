"""Faults that are switched: by hand, by functions, by the timeline; and what becomes of them with a reload."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.values.durations import SECOND
from tests.support.engine import call, emulator_of
from tests.support.faults import FUNCTIONS, faulty, hits, turn_on
from tests.support.scenarios import load_text


def test_a_fault_is_switched_on_and_off_while_calls_come(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, "name: down, on: a:b, failure: overloaded, enabled: false")
    seen: list[Any] = [hits(emulator, 2)]
    turn_on(emulator, "down")
    seen.append(hits(emulator, 2))
    turn_on(emulator, "down", on=False)
    seen.append(hits(emulator, 2))

    assert seen == [[], [1, 2], []]
    assert emulator.reading().count("fault down#seen") == 2


def test_calls_are_counted_only_while_a_fault_is_on(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, "name: down, on: a:b, failure: overloaded, enabled: false, after: 2, times: 1")
    hits(emulator, 5)
    turn_on(emulator, "down")

    assert hits(emulator, 5) == [3]


def test_a_reload_leaves_a_fault_that_stays_as_it_is_alone(tmp_path: Path) -> None:
    text = "faults: [{{name: down, on: a:b, failure: overloaded, every: 3}}]\nfunctions: {{a:b: {{result: {0}}}}}"
    emulator = emulator_of(tmp_path, text.format(1))
    hits(emulator, 2)
    emulator.swap(load_text(tmp_path, text.format(2)))

    assert hits(emulator, 4) == [1, 4]


@pytest.mark.parametrize("again", [True, False])
def test_a_reload_puts_a_fault_whose_definition_changed_at_its_beginning(tmp_path: Path, *, again: bool) -> None:
    text = "faults: [{{name: down, on: a:b, failure: overloaded, enabled: {0}, after: {1}}}]\n" + FUNCTIONS.replace(
        "{", "{{"
    ).replace("}", "}}")
    on, off = "true", "false"
    emulator = emulator_of(tmp_path, text.format(off if again else on, 1))
    turn_on(emulator, "down", on=again)
    hits(emulator, 5)
    emulator.swap(load_text(tmp_path, text.format(off if again else on, 2)))

    assert hits(emulator, 4) == ([] if again else [3, 4])


def test_a_fault_that_was_gone_and_came_back_begins_anew(tmp_path: Path) -> None:
    with_fault = f"faults: [{{name: down, on: a:b, failure: overloaded, after: 2}}]\n{FUNCTIONS}"
    emulator = emulator_of(tmp_path, with_fault)
    hits(emulator, 5)
    turn_on(emulator, "down", on=False)
    emulator.swap(load_text(tmp_path, FUNCTIONS))
    emulator.swap(load_text(tmp_path, with_fault))

    assert hits(emulator, 4) == [3, 4]


def test_a_reset_puts_faults_at_their_beginning(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, "name: down, on: a:b, failure: overloaded, after: 2")
    hits(emulator, 5)
    turn_on(emulator, "down", on=False)
    emulator.reset()

    assert hits(emulator, 4) == [3, 4]


async def test_the_timeline_switches_faults(tmp_path: Path) -> None:
    clock = VirtualClock(0)
    scenario = load_text(
        tmp_path,
        f"""
faults: [{{name: outage, enabled: false, on: "*", failure: overloaded}}]
timeline:
  - {{at: 30s, do: [{{fault: {{name: outage, enabled: true}}}}]}}
  - {{at: 45s, do: [{{fault: {{name: outage, enabled: false}}}}]}}
{FUNCTIONS}""",
    )
    emulator = Emulator(scenario, clock)
    seen = []
    for _ in range(5):
        seen.append(hits(emulator, 1) == [1])
        await clock.advance(15 * SECOND)

    assert seen == [False, False, True, False, False]


def test_a_function_switches_faults(tmp_path: Path) -> None:
    emulator = faulty(
        tmp_path,
        "name: down, on: a:b, failure: overloaded, enabled: false",
        functions="""
functions:
  a:b: {result: 1}
  admin:break: {do: [{fault: {name: down, enabled: true}}], result: null}
  admin:mend: {do: [{fault: {name: down, enabled: false}}], result: null}
""",
    )
    seen = [hits(emulator, 1)]
    call(emulator, "admin:break")
    seen.append(hits(emulator, 1))
    call(emulator, "admin:mend")
    seen.append(hits(emulator, 1))

    assert seen == [[], [1], []]


async def test_a_fault_that_a_reload_took_away_cannot_be_switched_any_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = VirtualClock(0)
    fault = 'faults: [{name: down, on: "*", failure: overloaded}]'
    later = "do: [{after: 1s, do: [{fault: {name: down, enabled: false}}]}], result: 1"
    emulator = Emulator(load_text(tmp_path, f"{fault}\nfunctions: {{m:n: {{{later}}}}}"), clock)
    turn_on(emulator, "down", on=False)
    call(emulator, "m:n")
    emulator.swap(load_text(tmp_path, "functions: {m:n: {result: 1}}"))

    with caplog.at_level(logging.WARNING):
        await clock.advance(SECOND)

    assert "there is no fault down any more" in caplog.text
