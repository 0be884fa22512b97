"""Limits on calls: whose are counted together, what several of them do, and when they begin anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.call import ANONYMOUS, Admin, Call, Caller, User
from emulator.engine.overlay import Admission, caller_of
from emulator.engine.plan import Finish, Limited, Passed
from emulator.model.gateway import CHAT
from emulator.model.overlay import By
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.values.durations import SECOND
from tests.support.engine import call, ending_of, value_of
from tests.support.scenarios import load_text

FUNCTIONS = "functions: {a:b: {result: 1}, a:c: {result: 2}}"
ADA = User({"tokenIdentifier": "https://convex.test|ada"}, "ada")
BEN = User({"tokenIdentifier": "https://convex.test|ben"}, "ben")


def limited(folder: Path, *limits: str, functions: str = FUNCTIONS) -> Emulator:
    """Return an emulator with these limits, on a clock that stands still."""
    lines = "".join(f"  - {{{each}}}\n" for each in limits)
    return Emulator(load_text(folder, f"limits:\n{lines}{functions}\n"), VirtualClock(0))


def within(emulator: Emulator, count: int, operation: str = "a:b") -> int:
    """Return how many of so many calls are within the limits."""
    entries = [call(emulator, operation) for _ in range(count)]
    return sum(not isinstance(ending_of(each), Limited) for each in entries)


def admission_of(entry: Entry) -> Admission:
    return entry.decision.admission


def over(entry: Entry) -> tuple[str, float] | None:
    """Return which limit a call is over, and how many seconds it has to wait."""
    reading = admission_of(entry).over
    return None if reading is None else (reading.limit.name, reading.retry_after / SECOND)


async def test_calls_of_a_bucket_come_back_one_by_one(tmp_path: Path) -> None:
    clock = VirtualClock(0)
    emulator = Emulator(load_text(tmp_path, f"limits: [{{on: a:b, allow: 5, per: 10s}}]\n{FUNCTIONS}"), clock)
    seen = [within(emulator, 9)]
    for seconds in (1, 1, 2, 5, 100):
        await clock.advance(seconds * SECOND)
        seen.append(within(emulator, 9))

    assert seen == [5, 0, 1, 1, 2, 5]


async def test_calls_of_a_window_come_back_all_at_once(tmp_path: Path) -> None:
    clock = VirtualClock(0)
    text = f"limits: [{{on: a:b, allow: 5, per: 10s, kind: window}}]\n{FUNCTIONS}"
    emulator = Emulator(load_text(tmp_path, text), clock)
    seen = [within(emulator, 2)]
    for seconds in (9, 0, 1, 10):
        await clock.advance(seconds * SECOND)
        seen.append(within(emulator, 4))

    assert seen == [2, 3, 0, 4, 4]


def test_a_call_over_a_limit_is_told_how_long_to_wait(tmp_path: Path) -> None:
    emulator = limited(tmp_path, "name: sends, on: a:b, allow: 2, per: 10s")
    entries = [call(emulator, "a:b") for _ in range(3)]

    assert [over(each) for each in entries] == [None, None, ("sends", 5.0)]
    ending = ending_of(entries[2])
    assert isinstance(ending, Limited)
    assert ending.reading == admission_of(entries[2]).over


def test_all_operations_of_a_limit_are_counted_together_and_others_are_not_counted(tmp_path: Path) -> None:
    emulator = limited(tmp_path, 'on: ["a:*", "POST /x"], allow: 3, per: 1m', functions=FUNCTIONS)
    call(emulator, "a:b")
    call(emulator, "a:c")
    call(emulator, "no:such")
    passed = [ending_of(emulator.admit(Call("POST /x", None, {}))) for _ in range(2)]

    assert passed[0] == Passed()
    assert isinstance(passed[1], Limited)
    assert isinstance(ending_of(call(emulator, "a:b")), Limited)


def test_a_call_that_one_limit_refuses_is_not_counted_against_the_others(tmp_path: Path) -> None:
    emulator = limited(tmp_path, "name: few, on: a:b, allow: 1, per: 1h", 'name: many, on: "a:*", allow: 3, per: 1h')

    assert within(emulator, 10, "a:b") == 1
    assert within(emulator, 10, "a:c") == 2


def test_the_longest_wait_is_told_of_all_limits_that_a_call_is_over(tmp_path: Path) -> None:
    emulator = limited(
        tmp_path,
        "name: second, on: a:b, allow: 1, per: 1s",
        "name: hour, on: a:b, allow: 1, per: 1h",
        "name: minute, on: a:b, allow: 1, per: 1m",
    )
    call(emulator, "a:b")

    assert over(call(emulator, "a:b")) == ("hour", 3600.0)


def test_what_a_limit_refuses_is_not_run_and_meets_no_fault(tmp_path: Path) -> None:
    functions = """
faults: [{name: slow, on: a:b, delay: 1s}]
state: {count: 0}
functions:
  a:b: {do: [{set: {count: "${state.count + 1}"}}], result: null}
  a:c: {result: "${state.count}"}
"""
    emulator = limited(tmp_path, "on: a:b, allow: 2, per: 1h", functions=functions)
    entries = [call(emulator, "a:b") for _ in range(4)]

    assert [admission_of(each).hit for each in entries] == [("slow",), ("slow",), (), ()]
    assert value_of(call(emulator, "a:c")) == 2.0
    assert emulator.reading().count("fault slow#seen") == 2


def test_a_call_that_a_fault_fails_is_counted(tmp_path: Path) -> None:
    functions = f"faults: [{{name: down, on: a:b, failure: overloaded, times: 1}}]\n{FUNCTIONS}"
    emulator = limited(tmp_path, "on: a:b, allow: 2, per: 1h", functions=functions)

    endings = [type(ending_of(call(emulator, "a:b"))).__name__ for _ in range(3)]

    assert endings == ["Failure", "Returned", "Limited"]


CALLERS = [
    (By.EVERYONE, {}, ""),
    (By.IDENTITY, {"caller": ADA, "address": "1.2.3.4"}, 'user "https://convex.test|ada"'),
    (By.IDENTITY, {"caller": Admin(), "address": "1.2.3.4"}, "admin"),
    (By.IDENTITY, {"caller": Admin(ADA)}, 'user "https://convex.test|ada"'),
    (By.IDENTITY, {"credential": "77", "address": "1.2.3.4"}, "credential 77"),
    (By.IDENTITY, {"address": "1.2.3.4"}, "address 1.2.3.4"),
    (By.SESSION, {"session": "agent:main:main", "address": "1.2.3.4"}, "session agent:main:main"),
    (By.SESSION, {"address": "1.2.3.4"}, "address 1.2.3.4"),
    (By.ADDRESS, {"caller": ADA, "session": "s", "address": "1.2.3.4"}, "address 1.2.3.4"),
]


@pytest.mark.parametrize(("by", "given", "caller"), CALLERS)
def test_callers_are_told_apart_by_what_a_limit_says(by: By, given: dict[str, object], caller: str) -> None:
    assert caller_of(by, Call("a:b", None, {})._replace(**given)) == caller  # type: ignore[arg-type]


def test_each_identity_has_calls_of_its_own(tmp_path: Path) -> None:
    emulator = limited(tmp_path, "on: a:b, allow: 2, per: 1h, by: identity")

    def left(caller: Caller, address: str) -> int:
        return admission_of(emulator.admit(Call("a:b", None, {}, caller, address=address))).readings[0].left

    assert [left(ADA, "1"), left(BEN, "1"), left(ADA, "2"), left(ANONYMOUS, "1"), left(ANONYMOUS, "2")] == [
        1,
        1,
        0,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("limit", "asks"),
    [("by: everyone", False), ("by: identity", True), ("by: session", True), ("by: address", True)],
)
def test_where_calls_come_from_is_asked_only_by_limits_that_tell_callers_apart(
    tmp_path: Path, limit: str, *, asks: bool
) -> None:
    emulator = limited(tmp_path, f"on: a:b, allow: 2, per: 1h, {limit}")

    assert emulator.revision.index.asks_address is asks


def test_a_turn_is_counted_ahead_of_its_run_and_written_down_only_where_it_is_over(tmp_path: Path) -> None:
    emulator = limited(tmp_path, f'on: "{CHAT}", allow: 1, per: 1h', functions="gateway: {chat: {reply: hi}}")
    turn = Call(CHAT, None, {"message": "hi", "session": "s"})

    admissions = [emulator.count(turn) for _ in range(2)]
    run = emulator.handle(turn._replace(is_counted=True))

    assert [each.over is None for each in admissions] == [True, False]
    assert next(ending_of(each) for each in emulator.journal) == Limited(admissions[1].readings[0])
    assert [each.number for each in emulator.journal] == [1, 2]
    assert not isinstance(ending_of(run), Limited)


def test_a_part_is_not_counted_where_the_whole_was(tmp_path: Path) -> None:
    emulator = limited(
        tmp_path, 'name: all, on: "*", allow: 9, per: 1h', f'name: turns, on: "{CHAT}", allow: 9, per: 1h'
    )

    admission = emulator.count(Call(CHAT, None, {}, part_of="GET /api/chat/stream"))

    assert [each.limit.name for each in admission.readings] == ["turns"]


def test_who_asks_for_what_has_no_rules_is_told_how_many_more_are_free(tmp_path: Path) -> None:
    emulator = limited(tmp_path, "name: sends, on: GET /a, allow: 2, per: 10s")
    entries = [emulator.admit(Call("GET /a", None, {})) for _ in range(3)]

    assert [admission_of(each).readings[0].left for each in entries] == [1, 0, 0]


def test_what_no_limit_concerns_has_no_readings(tmp_path: Path) -> None:
    emulator = limited(tmp_path, "on: a:b, allow: 1, per: 1h")

    assert emulator.count(Call(CHAT, None, {})) == Admission()
    assert admission_of(call(emulator, "a:c")).readings == ()


def test_a_reload_begins_a_limit_anew_that_changed_and_leaves_the_others_alone(tmp_path: Path) -> None:
    text = "limits: [{{name: x, on: a:b, allow: {0}, per: 1h}}, {{name: y, on: a:c, allow: 2, per: 1h}}]\n"
    functions = "functions: {a:b: {result: 1}, a:c: {result: 2}}"
    emulator = Emulator(load_text(tmp_path, text.format(2) + functions), VirtualClock(0))
    within(emulator, 5, "a:b")
    within(emulator, 5, "a:c")
    emulator.swap(load_text(tmp_path, text.format(3) + functions))

    assert within(emulator, 5, "a:b") == 3
    assert within(emulator, 5, "a:c") == 0


def test_a_limit_of_another_kind_reads_no_meter_of_before(tmp_path: Path) -> None:
    text = f"limits: [{{name: x, on: a:b, allow: 3, per: 1h, kind: %s}}]\n{FUNCTIONS}"
    emulator = Emulator(load_text(tmp_path, text % "bucket"), VirtualClock(0))
    within(emulator, 5)
    emulator.swap(load_text(tmp_path, text % "window"))

    assert within(emulator, 5) == 3


def test_a_reset_forgets_what_was_used(tmp_path: Path) -> None:
    emulator = limited(tmp_path, "on: a:b, allow: 2, per: 1h")
    within(emulator, 5)
    emulator.reset()

    assert within(emulator, 5) == 2


async def test_a_clock_that_jumps_gives_calls_back(tmp_path: Path) -> None:
    clock = VirtualClock(0)
    emulator = Emulator(load_text(tmp_path, f"limits: [{{on: a:b, allow: 2, per: 1d}}]\n{FUNCTIONS}"), clock)
    within(emulator, 5)
    await clock.advance(86_400 * SECOND)

    assert within(emulator, 5) == 2


def test_limits_without_a_name_are_numbered_past_the_names_that_are_taken(tmp_path: Path) -> None:
    emulator = limited(
        tmp_path,
        'on: "*", allow: 1, per: 1h',
        'name: limit-2, on: "*", allow: 1, per: 1h',
        'on: "*", allow: 1, per: 1h',
    )

    assert [each.name for each in emulator.revision.scenario.limits] == ["limit-1", "limit-2", "limit-3"]


def test_an_answer_within_the_limit_ends_as_it_would_without(tmp_path: Path) -> None:
    entry = call(limited(tmp_path, "on: a:b, allow: 2, per: 1h"), "a:b")

    assert value_of(entry) == 1.0
    assert len(entry.decision.plan) == 1
    assert isinstance(entry.decision.plan[0], Finish)
