"""The emulator: revisions, timestamps, request ids, and its voice."""

from __future__ import annotations

import asyncio
import logging
from itertools import pairwise
from pathlib import Path

import pytest

from emulator.engine.call import Admin, Call
from emulator.engine.plan import Finish
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.perform import perform
from emulator.values.instants import parse_instant
from tests.support.engine import MUTATION, QUERY, call, emulator_of, ending_of, value_of
from tests.support.scenarios import load_text

OLD = "functions: {a:b: {result: old, delay: 10ms}}"
NEW = "functions: {a:b: {result: new}}"


def test_timestamps_strictly_grow_while_the_clock_stands_still(tmp_path: Path) -> None:
    emulator = Emulator(load_text(tmp_path, NEW), VirtualClock(1_000))

    stamps = [emulator.timestamp() for _ in range(100)]

    assert stamps[0] == 1_001  # the first one was of the beginning
    assert all(before < after for before, after in pairwise(stamps))


async def test_timestamps_follow_the_clock_when_it_goes_on(tmp_path: Path) -> None:
    clock = VirtualClock(1_000)
    emulator = Emulator(load_text(tmp_path, NEW), clock)

    first = [emulator.timestamp(), emulator.timestamp()]
    await clock.advance(500)

    assert first == [1_001, 1_002]
    assert emulator.timestamp() == 1_500
    assert emulator.timestamp() == 1_501


def test_first_documents_are_as_of_the_start_of_the_scenarios_clock_however_long_starting_took(tmp_path: Path) -> None:
    text = """
        clock: {start: 2024-02-08T12:00:00Z}
        tables: {notes: {documents: [{at: "${iso()}"}, {at: "${iso()}"}]}}
        functions: {notes:list: {query: {table: notes}}}
    """
    emulator = Emulator(load_text(tmp_path, text), VirtualClock(parse_instant("2024-02-08T12:00:03Z")))

    notes = value_of(call(emulator, "notes:list"))

    assert isinstance(notes, list)
    facts = [(each["_creationTime"], each["at"]) for each in notes if isinstance(each, dict)]
    assert facts == [(1707393599998.0, "2024-02-08T12:00:00Z"), (1707393599999.0, "2024-02-08T12:00:00Z")]


def test_a_call_that_writes_something_gets_a_later_timestamp_than_all_before(tmp_path: Path) -> None:
    text = "state: {n: 1}\nfunctions: {a:b: {do: [{set: {n: 2}}]}, c:d: {result: 3}}"
    emulator = emulator_of(tmp_path, text)
    seen = emulator.timestamp()

    call(emulator, "c:d")
    assert emulator.state.view.ts < seen
    call(emulator, "a:b")

    assert emulator.state.view.ts > seen
    assert emulator.timestamp() > emulator.state.view.ts


def test_a_swap_is_in_force_at_once_and_numbers_its_revision(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, OLD)
    first = call(emulator, "a:b")

    revision = emulator.swap(load_text(tmp_path, NEW))
    second = call(emulator, "a:b")

    assert (first.revision.number, value_of(first)) == (1, "old")
    assert (second.revision.number, value_of(second)) == (2, "new")
    assert emulator.revision is revision is second.revision


async def test_a_call_in_flight_ends_on_the_revision_it_began_with(tmp_path: Path) -> None:
    clock = VirtualClock(0)
    emulator = Emulator(load_text(tmp_path, OLD), clock)
    entry = emulator.handle(Call("a:b", QUERY, {}))
    began = asyncio.Event()

    async def answer() -> Finish:
        began.set()
        return await perform(entry.decision.plan, clock, entry.at)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(answer())
        await began.wait()
        emulator.swap(load_text(tmp_path, NEW))
        assert not task.done()
        await clock.advance(10_000_000)

    assert task.result().ending == ending_of(entry)
    assert value_of(entry) == "old"
    assert entry.revision.number == 1


def test_calls_are_numbered_and_dated_as_they_come(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, NEW)

    entries = [call(emulator, name) for name in ("a:b", "no:such", "a:b")]

    assert [each.number for each in entries] == [1, 2, 3]
    assert {each.at for each in entries} == {0}
    assert list(emulator.journal) == entries


def test_request_ids_are_sixteen_hex_digits_that_differ_by_call_and_agree_by_seed(tmp_path: Path) -> None:
    one, again, other = (emulator_of(tmp_path, NEW, seed=seed) for seed in (1, 1, 2))
    ids = [one.request_id(call(one, "a:b")) for _ in range(3)]

    assert all(len(each) == 16 and set(each) <= set("0123456789abcdef") for each in ids)
    assert len(set(ids)) == 3
    assert [again.request_id(call(again, "a:b")) for _ in range(3)] == ids
    assert other.request_id(call(other, "a:b")) not in ids


def test_a_miss_is_voiced_once_a_revision_with_a_rule_to_paste(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulator_of(tmp_path, "functions: {a:b: {type: query, when: {args: {n: 1}}, result: 1}}")

    for _ in range(3):
        call(emulator, "no:such", {"x": "y"})
        call(emulator, "a:b", {"n": 2.0})
        call(emulator, "a:b", {"n": 1.0}, MUTATION)
        call(emulator, "a:b", {"n": 1.0})
    first = [record.getMessage() for record in caplog.records]
    emulator.swap(load_text(tmp_path, "functions: {}"))
    call(emulator, "no:such", {"x": "y"})

    assert len(first) == 3
    assert first[0].endswith('\n  no:such:\n    type: query\n    when: {args: {x: "y"}}\n    result: null')
    assert "no rule of a:b matches" in first[1]
    assert "to answer it:" in first[1]
    assert "is a query, called as mutation" in first[2]
    assert "to answer it:" not in first[2]
    assert len(caplog.records) == 4
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


@pytest.mark.parametrize(
    "missed",
    [Call("_system/x:y", QUERY, {}), Call("a:b", None, {}, Admin(), component="emailer")],
    ids=["hidden", "component"],
)
def test_what_no_rule_can_answer_is_voiced_without_one_to_paste(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, missed: Call
) -> None:
    emulator = emulator_of(tmp_path, "functions: {a:b: {result: 1}, _system/x:y: {result: 2}}")

    emulator.handle(missed)

    assert len(caplog.records) == 1
    assert "to answer it:" not in caplog.text


def test_the_voice_does_not_grow_without_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    emulator = emulator_of(tmp_path, "functions: {}")

    for number in range(1_200):
        call(emulator, f"no:such{number}")

    assert len(caplog.records) == 1_000
    assert len(emulator.journal) == 1_200
