"""State as a value: a change gives a new one, the old one stays."""

from __future__ import annotations

from emulator.engine.state import Counted, State, commit, forget


def test_a_commit_counts_every_change_and_sets_the_time() -> None:
    state = State(5, {"a": 1})

    after = commit(state, [Counted("a"), Counted("b"), Counted("a")], 9)

    assert after == State(9, {"a": 3, "b": 1})


def test_a_commit_leaves_the_state_before_as_it_was() -> None:
    counts = {"a": 1}
    state = State(5, counts)

    commit(state, [Counted("a")], 9)

    assert state == State(5, {"a": 1})
    assert counts == {"a": 1}


def test_forgetting_drops_the_counts_of_an_operation_and_of_its_streams_alone() -> None:
    state = State(5, {"a": 1, "a#s.0": 2, "ab": 3, "b": 4, "b#a": 5})

    assert forget(state, ["a", "none"]) == State(5, {"ab": 3, "b": 4, "b#a": 5})
    assert state.counts == {"a": 1, "a#s.0": 2, "ab": 3, "b": 4, "b#a": 5}
