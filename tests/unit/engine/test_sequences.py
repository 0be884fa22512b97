"""Sequences: one rule a call, and what keeps or loses the count."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.runtime.emulator import Emulator
from emulator.values.convex import Value
from tests.support.engine import ACTION, MUTATION, QUERY, call, emulator_of, value_of
from tests.support.scenarios import load_text

JOBS = """
functions:
  jobs:status:
    sequence: [{result: queued}, {result: running}, {result: done}]
  jobs:blink:
    sequence: [{result: on}, {result: off}]
    repeat: true
"""


def take(emulator: Emulator, name: str, count: int) -> list[Value]:
    return [value_of(call(emulator, name)) for _ in range(count)]


def swap(emulator: Emulator, folder: Path, text: str) -> None:
    emulator.swap(load_text(folder, text))


def test_a_sequence_answers_in_order_and_stays_at_the_last(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, JOBS)

    assert take(emulator, "jobs:status", 5) == ["queued", "running", "done", "done", "done"]


def test_a_repeating_sequence_starts_again(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, JOBS)

    assert take(emulator, "jobs:blink", 5) == ["on", "off", "on", "off", "on"]


def test_each_function_is_counted_by_itself_whoever_calls(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, JOBS)
    kinds = [QUERY, MUTATION, ACTION]

    values = [value_of(call(emulator, "jobs:status", {"n": 1.0}, kind)) for kind in kinds]

    assert values == ["queued", "running", "done"]
    assert take(emulator, "jobs:blink", 1) == ["on"]


def test_the_counts_survive_calls_of_other_functions(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, JOBS)

    assert take(emulator, "jobs:status", 1) + take(emulator, "no:such", 0) == ["queued"]
    call(emulator, "no:such")
    assert take(emulator, "jobs:status", 1) == ["running"]


def test_a_wrong_type_or_refused_call_is_not_counted(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, "functions: {a:b: {type: query, sequence: [{result: 1}, {result: 2}]}}")

    call(emulator, "a:b", kind=MUTATION)
    emulator.handle(call(emulator, "no:such").call._replace(operation="a:b", fault="no object"))

    assert take(emulator, "a:b", 2) == [1.0, 2.0]


def test_the_count_survives_a_swap_that_changes_another_function(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, JOBS)
    take(emulator, "jobs:status", 1)

    swap(emulator, tmp_path, f"{JOBS.replace('on}', 'ON}')}  more:added: {{result: 1}}\n")

    assert take(emulator, "jobs:status", 2) == ["running", "done"]


def test_the_count_survives_a_swap_that_moves_the_function_in_the_file(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, JOBS)
    take(emulator, "jobs:status", 1)

    swap(emulator, tmp_path, f"# a comment\ndescription: moved\n{JOBS}")

    assert take(emulator, "jobs:status", 1) == ["running"]


@pytest.mark.parametrize(
    ("old", "new", "values"),
    [
        ("queued", "waiting", ["waiting", "running"]),
        ("done", "failed", ["queued", "running"]),
        ("{result: done}]", "{result: done}, {result: gone}]", ["queued", "running"]),
        ("{result: queued}", "{result: queued, delay: 1ms}", ["queued", "running"]),
        ("{result: queued}", "{result: queued, logs: [x]}", ["queued", "running"]),
        ("{result: queued}", "{error: queued}", None),
        ("  jobs:status:\n", "  jobs:status:\n    type: query\n", ["queued", "running"]),
        ("jobs:status:\n", "jobs:status:\n    repeat: true\n", ["queued", "running"]),
    ],
)
def test_the_count_begins_anew_when_the_function_itself_changes(
    tmp_path: Path, old: str, new: str, values: list[Value] | None
) -> None:
    emulator = emulator_of(tmp_path, JOBS)
    take(emulator, "jobs:status", 2)

    swap(emulator, tmp_path, JOBS.replace(old, new, 1))

    if values is None:
        call(emulator, "jobs:status")
        values, taken = ["running"], take(emulator, "jobs:status", 1)
    else:
        taken = take(emulator, "jobs:status", 2)
    assert taken == values
    assert take(emulator, "jobs:blink", 1) == ["on"]


@pytest.mark.parametrize(
    ("old", "new"), [("true", "1"), ("1", "{$int64: 1}"), ("[true]", "[1]"), ("{a: 0}", "{a: false}"), ("0.0", "-0.0")]
)
def test_a_result_of_another_kind_is_a_changed_function(tmp_path: Path, old: str, new: str) -> None:
    text = f"functions: {{a:b: {{sequence: [{{result: {old}}}, {{result: second}}]}}}}"
    emulator = emulator_of(tmp_path, text)
    take(emulator, "a:b", 1)

    swap(emulator, tmp_path, text.replace(f"result: {old}", f"result: {new}"))

    assert value_of(call(emulator, "a:b")) != "second"


def test_a_result_that_is_no_number_is_the_same_function_after_a_swap(tmp_path: Path) -> None:
    text = "functions: {a:b: {sequence: [{result: [.nan]}, {result: second}]}}"
    emulator = emulator_of(tmp_path, text)
    take(emulator, "a:b", 1)

    swap(emulator, tmp_path, f"description: changed\n{text}")

    assert take(emulator, "a:b", 1) == ["second"]


def test_the_count_of_a_function_that_was_gone_begins_anew(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, JOBS)
    take(emulator, "jobs:status", 2)

    swap(emulator, tmp_path, "functions: {a:b: {result: 1}}")
    swap(emulator, tmp_path, JOBS)

    assert take(emulator, "jobs:status", 1) == ["queued"]


def test_an_emulator_of_its_own_counts_by_itself(tmp_path: Path) -> None:
    one, other = emulator_of(tmp_path, JOBS), emulator_of(tmp_path, JOBS)

    assert take(one, "jobs:status", 2) == ["queued", "running"]
    assert take(other, "jobs:status", 1) == ["queued"]
