"""State as a value: a commit gives a new one, the old one stays readable as it was."""

from __future__ import annotations

import pytest

from emulator.engine.state import Counted, PastError, State, at, commit, forget, undo_of
from emulator.engine.store import Store, View, Write
from emulator.engine.transaction import Transaction


def test_a_commit_counts_every_change() -> None:
    state = State({"a": 1})

    after = commit(state, [Counted("a"), Counted("b"), Counted("a", 2)], 9)

    assert after.counts == {"a": 4, "b": 1}


def test_a_commit_leaves_the_state_before_as_it_was() -> None:
    counts = {"a": 1}
    state = State(counts)

    after = commit(state, [Counted("a"), Write("t", "1", {"_id": "1", "n": 1.0})], 9)

    assert counts == {"a": 1}
    assert state.counts == {"a": 1}
    assert state.view.read("t", "1") is None
    assert after.view.read("t", "1") == {"_id": "1", "n": 1.0}


def test_forgetting_drops_the_counts_of_an_operation_and_of_its_streams_alone() -> None:
    state = State({"a": 1, "a#s.0": 2, "ab": 3, "b": 4, "b#a": 5})

    assert forget(state, ["a", "none"]).counts == {"ab": 3, "b": 4, "b#a": 5}
    assert state.counts == {"a": 1, "a#s.0": 2, "ab": 3, "b": 4, "b#a": 5}


def test_a_commit_that_only_counts_writes_no_version() -> None:
    state = State()

    after = commit(state, [Counted("a")], 9)

    assert after.view.ts == 0
    assert not after.view.store.commits


def test_documents_are_read_as_they_were() -> None:
    first = commit(State(), [Write("t", "1", {"_id": "1", "n": 1.0})], 10)
    second = commit(first, [Write("t", "1", {"_id": "1", "n": 2.0})], 20)
    third = commit(second, [Write("t", "1", None)], 30)

    found = [at(third, ts).view.read("t", "1") for ts in (5, 10, 19, 20, 30, 99)]

    assert [each and each["n"] for each in found] == [None, 1.0, 1.0, 2.0, None, None]


def test_what_is_forgotten_cannot_be_asked_for() -> None:
    state = State(view=View(Store(max_commits=2)))
    for ts in (10, 20, 30, 40):
        state = commit(state, [Write("t", "1", {"_id": "1", "n": float(ts)})], ts)

    with pytest.raises(PastError, match="the timestamp 15 is older than 20"):
        at(state, 15)
    assert [at(state, ts).view.read("t", "1") for ts in (20, 30)] == [
        {"_id": "1", "n": 20.0},
        {"_id": "1", "n": 30.0},
    ]


def test_undoing_takes_back_one_commit_after_another_down_to_the_seeds() -> None:
    state = commit(State(), [Write("t", "1", {"_id": "1", "n": 1.0})], 10, is_seed=True)
    state = commit(state, [Write("t", "1", {"_id": "1", "n": 2.0})], 20)
    state = commit(state, [Write("t", "2", {"_id": "2", "n": 3.0})], 30)

    seen = []
    ts = 40
    while (undo := undo_of(state)) is not None:
        state = commit(state, undo.writes, ts, undoes=undo.ts)
        ts += 10
        seen.append([each["n"] for each in state.view.collection("t").documents(state.view.ts)])

    assert seen == [[2.0], [1.0]]


def test_an_id_that_is_in_use_is_passed_over() -> None:
    transaction = Transaction(State(), 0, 0)
    first, second, third = (transaction.insert("t", {}) for _ in range(3))
    state = commit(State(), transaction.changes, 10)
    state = commit(state, [Write("t", first, None)], 20, is_seed=True)

    later = Transaction(state, 0, 0)
    keys = [later.insert("t", {}) for _ in range(3)]

    assert len({first, second, third, *keys}) == 6
    assert len(commit(state, later.changes, 30).view.collection("t").documents(30)) == 5
