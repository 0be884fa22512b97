"""Faults: which calls they hit, what becomes of those, and what is said where they can do nothing."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from emulator.engine.call import Call
from emulator.engine.plan import Emit, Finish, Passed, Returned, Unscripted, Wait
from emulator.model.gateway import CHAT
from emulator.model.overlay import is_on
from emulator.model.rule import Death, End, Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.values.durations import MILLISECOND
from tests.support.engine import call, delay_of, ending_of, value_of
from tests.support.faults import faulty, hits

DOWN = Failure(503)


def finish_of(entry: Entry) -> Finish:
    last = entry.decision.plan[-1]
    assert isinstance(last, Finish)
    return last


def chat(emulator: Emulator, message: str = "hi", *, is_streamed: bool = True) -> Entry:
    args = {"message": message, "session": "agent:main:api:dm:s", "agent": "main", "channel": "api"}
    return emulator.handle(Call(CHAT, None, dict(args), is_streamed=is_streamed))


@pytest.mark.parametrize(
    ("pattern", "operation", "holds"),
    [
        ("a:b", "a:b", True),
        ("a:b", "a:bc", False),
        ("a:b", "xa:b", False),
        ("*", "", True),
        ("*", "POST /api/chat", True),
        ("a:*", "a:b", True),
        ("a:*", "a:", True),
        ("a:*", "ab:c", False),
        ("*:list", "very/deep:list", True),
        ("GET /api/sessions/*/history", "GET /api/sessions/agent%3Amain/history", True),
        ("GET /api/sessions/*/history", "GET /api/sessions/history", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("a.b", "a:b", False),
        ("[ab]:c", "a:c", False),
        ("*", "line\nline", True),
    ],
)
def test_a_star_in_a_pattern_stands_for_any_text(pattern: str, operation: str, *, holds: bool) -> None:
    assert is_on((pattern,), operation) is holds
    assert is_on(("nothing", pattern), operation) is holds


def test_a_fault_hits_what_it_is_on_and_nothing_else(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, 'name: down, on: ["a:*", "GET /health"], failure: overloaded')

    assert ending_of(call(emulator, "a:b")) == DOWN
    assert ending_of(call(emulator, "a:c")) == DOWN
    assert value_of(call(emulator, "z/y:x")) == 3.0
    assert ending_of(emulator.admit(Call("GET /health", None, {}))) == DOWN
    assert ending_of(emulator.admit(Call("GET /api/sessions", None, {}))) == Passed()


def test_what_is_not_scripted_is_hit_too(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, 'name: down, on: "*", failure: overloaded, times: 1')

    assert ending_of(call(emulator, "no:such")) == DOWN
    assert isinstance(ending_of(call(emulator, "no:such")), Unscripted)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ("after: 9", [10, 11, 12]),
        ("every: 5", [5, 10]),
        ("times: 2", [1, 2]),
        ("after: 3, every: 2", [5, 7, 9, 11]),
        ("after: 3, times: 2", [4, 5]),
        ("every: 3, times: 3", [3, 6, 9]),
        ("after: 1, every: 3, times: 2", [4, 7]),
        ("chance: 0", []),
        ("chance: 1, after: 10", [11, 12]),
        ("enabled: false", []),
    ],
)
def test_a_fault_counts_the_calls_that_it_concerns(tmp_path: Path, keys: str, expected: list[int]) -> None:
    emulator = faulty(tmp_path, f"name: down, on: a:b, failure: overloaded, {keys}")

    assert hits(emulator, 12) == expected


def test_calls_of_all_operations_of_a_fault_are_counted_together(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, 'name: down, on: "a:*", failure: overloaded, every: 2')

    endings = [ending_of(call(emulator, name)) == DOWN for name in ("a:b", "z/y:x", "a:c", "a:b", "a:b")]

    assert endings == [False, False, True, False, True]


def test_a_chance_is_drawn_for_each_call_and_follows_from_the_seed_and_the_name(tmp_path: Path) -> None:
    def drawn(name: str, seed: int, keys: str = "chance: 0.3") -> list[int]:
        return hits(faulty(tmp_path, f"name: {name}, on: a:b, failure: overloaded, {keys}", seed=seed), 400)

    first = drawn("flaky", 7)

    assert drawn("flaky", 7) == first
    assert 80 < len(first) < 160
    assert drawn("flaky", 8) != first
    assert drawn("shaky", 7) != first
    assert set(drawn("flaky", 7, "chance: 0.1")) < set(first)


def test_another_fault_before_it_changes_nothing_about_a_fault(tmp_path: Path) -> None:
    flaky = "name: flaky, on: a:b, delay: {min: 1ms, max: 900ms}, chance: 0.5"
    alone = [delay_of(call(faulty(tmp_path, flaky), "a:b")) for _ in range(3)]
    beside = [delay_of(call(faulty(tmp_path, "name: other, on: a:c, failure: internal", flaky), "a:b"))] * 3

    assert alone == beside


def test_chance_after_every_and_times_hold_together(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, "name: down, on: a:b, failure: overloaded, after: 10, every: 3, chance: 0.5, times: 4")

    found = hits(emulator, 200)

    assert len(found) == 4
    assert all(number > 10 and (number - 10) % 3 == 0 for number in found)
    assert found != [13, 16, 19, 22]


@pytest.mark.parametrize(
    ("delay", "lowest", "highest"),
    [
        ("300ms", 300, 300),
        ("{min: 20ms, max: 90ms}", 20, 90),
        ("{median: 80ms, p99: 900ms}", 1, 6_000),
    ],
)
def test_a_fault_delays_as_a_rule_does(tmp_path: Path, delay: str, lowest: int, highest: int) -> None:
    text = f"name: slow, on: a:b, delay: {delay}"
    emulator = faulty(tmp_path, text)

    delays = [delay_of(call(emulator, "a:b")) for _ in range(200)]
    again = faulty(tmp_path, text)

    assert min(delays) >= lowest
    assert max(delays) <= highest
    assert delays == [delay_of(call(again, "a:b")) for _ in range(200)]
    assert (len(set(delays)) > 100) == (lowest != highest)


def test_the_delays_of_all_faults_and_that_of_the_rule_add_up(tmp_path: Path) -> None:
    emulator = faulty(
        tmp_path,
        "name: slow, on: a:b, delay: 100ms",
        'name: slower, on: "*", delay: 20ms',
        functions="functions: {a:b: {result: 1, delay: 3ms}}",
    )
    entry = call(emulator, "a:b")

    assert delay_of(entry) == 123
    assert entry.decision.admission.hit == ("slow", "slower")
    assert value_of(entry) == 1.0


NAMED = {
    "overloaded": 503,
    "internal": 500,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "rate_limited": 429,
}


@pytest.mark.parametrize("name", NAMED)
def test_a_fault_fails_by_every_name_that_a_rule_fails_by(tmp_path: Path, name: str) -> None:
    emulator = faulty(tmp_path, f"name: down, on: a:b, failure: {name}")

    assert ending_of(call(emulator, "a:b")) == Failure(NAMED[name])


def test_a_fault_fails_with_a_status_a_code_and_a_message_of_its_own(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, "name: down, on: a:b, failure: {status: 599, code: Odd, message: 이상해요}")

    assert ending_of(call(emulator, "a:b")) == Failure(599, "Odd", "이상해요")


def test_what_a_fault_refuses_is_not_run(tmp_path: Path) -> None:
    functions = """
tables: {notes: {}}
functions:
  notes:add: {do: [{insert: {into: notes, document: {}}}], result: "${call}"}
  notes:count: {result: "${len(tables.notes)}"}
"""
    emulator = faulty(tmp_path, "name: down, on: notes:add, failure: overloaded, every: 2", functions=functions)

    endings = [ending_of(call(emulator, "notes:add")) for _ in range(4)]

    assert [each for each in endings if isinstance(each, Returned)] == [endings[0], endings[2]]
    assert [each.value.value for each in endings if isinstance(each, Returned)] == [1.0, 2.0]
    assert value_of(call(emulator, "notes:count")) == 2.0


@pytest.mark.parametrize(
    ("failure", "death"),
    [
        ("timeout", Death(End.TIMEOUT)),
        ("disconnect", Death(End.DISCONNECT)),
        ("reset", Death(End.RESET)),
        ("malformed", Death(End.MALFORMED)),
        ("{disconnect: {after_bytes: 20}}", Death(End.DISCONNECT, after_bytes=20)),
        ("{reset: {after_bytes: 0}}", Death(End.RESET, after_bytes=0)),
    ],
)
def test_a_connection_dies_over_an_answer_whose_rule_was_run(tmp_path: Path, failure: str, death: Death) -> None:
    entry = call(faulty(tmp_path, f"name: cut, on: a:b, failure: {failure}"), "a:b")

    assert finish_of(entry).death == death
    assert value_of(entry) == 1.0


def test_the_slowest_bandwidth_counts(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, "name: a, on: a:b, bandwidth: 100", "name: b, on: a:b, bandwidth: 30, after: 1")

    assert [finish_of(call(emulator, "a:b")).bandwidth for _ in range(2)] == [100, 30]


def test_a_failure_and_a_death_go_together(tmp_path: Path) -> None:
    emulator = faulty(
        tmp_path, 'name: down, on: "*", failure: overloaded', "name: cut, on: a:b, failure: {reset: {after_bytes: 5}}"
    )
    entry = call(emulator, "a:b")

    assert finish_of(entry) == Finish(DOWN, death=Death(End.RESET, after_bytes=5))
    assert entry.decision.admission.missed == ()


MISSED = {
    "the answer of a function has no pieces": (
        ["name: x, on: a:b, failure: {disconnect: {after_chunks: 2}}"],
        "the fault x was due for a:b and is not all done: the answer does not come in pieces",
    ),
    "only one failure answers": (
        ["name: down, on: a:b, failure: overloaded", "name: x, on: a:b, failure: internal, delay: 1s"],
        "the fault x was due for a:b and is not all done: down has answered",
    ),
    "a connection dies once": (
        ["name: cut, on: a:b, failure: reset", "name: x, on: a:b, failure: disconnect"],
        "the fault x was due for a:b and is not all done: the connection dies already",
    ),
    "what is cut does not trickle": (
        ["name: cut, on: a:b, failure: reset", "name: x, on: a:b, bandwidth: 10"],
        "the fault x was due for a:b and is not all done: the connection dies",
    ),
}


@pytest.mark.parametrize("case", MISSED)
def test_a_fault_that_was_due_and_could_not_be_done_says_so_once_a_revision(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    faults, text = MISSED[case]
    emulator = faulty(tmp_path, *faults)

    with caplog.at_level(logging.WARNING):
        entries = [call(emulator, "a:b") for _ in range(3)]

    assert [each.explanation for each in entries] == [text] * 3
    assert [each.decision.admission.missed[0].fault for each in entries] == ["x"] * 3
    assert "x" in entries[0].decision.admission.hit
    assert caplog.messages == [text]
    assert emulator.reading().count("fault x#hit") == 3
    assert emulator.reading().count("fault x#missed") == 3
    emulator.swap(emulator.revision.scenario)
    call(emulator, "a:b")
    assert caplog.messages == [text, text]


def test_a_rule_whose_connection_dies_keeps_its_own_death(tmp_path: Path) -> None:
    emulator = faulty(
        tmp_path, "name: x, on: a:b, failure: timeout", functions="functions: {a:b: {result: 1, failure: reset}}"
    )
    entry = call(emulator, "a:b")

    assert finish_of(entry).death == Death(End.RESET)
    assert [each.fault for each in entry.decision.admission.missed] == ["x"]


def test_a_missed_fault_and_a_missing_function_are_both_told(tmp_path: Path) -> None:
    entry = call(faulty(tmp_path, 'name: x, on: "*", failure: {reset: {after_chunks: 1}}'), "no:such")

    assert entry.explanation is not None
    assert entry.explanation.startswith("no:such is not scripted")
    assert "the answer does not come in pieces" in entry.explanation


REPLYING = 'gateway: {chat: {reply: [one, "2", 셋, "4"], stream: {first: 10ms, every: 10ms}}}'


def timed(entry: Entry) -> list[tuple[int, str]]:
    """Return the pieces of a reply and when they come, in milliseconds."""
    seen, passed = [], 0
    for step in entry.decision.plan:
        if isinstance(step, Wait):
            passed += step.duration
        elif isinstance(step, Emit):
            seen.append((passed // MILLISECOND, step.piece))
    return seen


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        ("disconnect", 0),
        ("{disconnect: {after_chunks: 0}}", 0),
        ("{disconnect: {after_chunks: 3}}", 3),
        ("{disconnect: {after_chunks: 9}}", 4),
        ("{reset: {after_bytes: 3}}", 1),
        ("{reset: {after_bytes: 4}}", 2),
        ("{reset: {after_bytes: 6}}", 2),
        ("{reset: {after_bytes: 7}}", 3),
        ("{malformed: {after_bytes: 0}}", 0),
    ],
)
def test_a_stream_dies_behind_the_pieces_that_a_fault_leaves_it(tmp_path: Path, after: str, kept: int) -> None:
    emulator = faulty(tmp_path, f'name: cut, on: "{CHAT}", failure: {after}', functions=REPLYING)
    entry = chat(emulator)

    assert [piece for _, piece in timed(entry)] == ["one", "2", "셋", "4"][:kept]
    assert finish_of(entry).death is not None
    assert entry.decision.admission.missed == ()


def test_a_bandwidth_spreads_the_pieces_of_a_reply(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, f'name: modem, on: "{CHAT}", bandwidth: 100, delay: 5ms', functions=REPLYING)

    assert timed(chat(emulator)) == [(45, "one"), (55, "2"), (85, "셋"), (95, "4")]
    assert finish_of(chat(emulator)).bandwidth is None


def test_a_bandwidth_that_is_wide_enough_changes_nothing(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, f'name: fibre, on: "{CHAT}", bandwidth: 1000000000', functions=REPLYING)

    assert timed(chat(emulator)) == [(10, "one"), (20, "2"), (30, "셋"), (40, "4")]


@pytest.mark.parametrize(
    "keys", ["failure: {reset: {after_chunks: 1}}", "failure: {reset: {after_bytes: 1}}", "bandwidth: 9"]
)
def test_what_a_route_streams_is_beyond_a_fault_of_the_route_which_says_where_to_lay_it(
    tmp_path: Path, keys: str
) -> None:
    emulator = faulty(tmp_path, f'name: x, on: "GET /api/chat/stream", {keys}')

    entry = emulator.admit(Call("GET /api/chat/stream", None, {}, is_streamed=True))

    assert finish_of(entry) == Finish(Passed())
    assert [each.why.partition("; ")[2] for each in entry.decision.admission.missed] == [
        "what comes then is of POST /api/chat"
    ]


def test_a_part_is_concerned_by_what_is_not_laid_over_the_whole(tmp_path: Path) -> None:
    stream = "GET /api/chat/stream"
    emulator = faulty(
        tmp_path,
        'name: everywhere, on: "*", delay: 1s',
        f'name: turns, on: "{CHAT}", delay: 2s',
        f'name: both, on: ["{CHAT}", "{stream}"], delay: 4s',
        f'name: streams, on: "{stream}", delay: 8s',
        functions=REPLYING,
    )
    whole = emulator.admit(Call(stream, None, {}, is_streamed=True))
    part = emulator.handle(Call(CHAT, None, {"message": "hi", "session": "s"}, part_of=stream))

    assert whole.decision.admission.hit == ("everywhere", "both", "streams")
    assert part.decision.admission.hit == ("turns",)
    assert chat(emulator).decision.admission.hit == ("everywhere", "turns", "both")
