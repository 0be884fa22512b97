"""The store against a naive model: every moment that is kept reads as it did, and indexes find what scans find."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.engine.patterns import differences
from emulator.engine.state import State, at, commit, undo_of
from emulator.engine.store import Document, Store, View, Write, is_behind, position
from emulator.engine.transaction import Transaction
from emulator.model.pattern import Equals
from emulator.values.convex import Int64, Value

KEYS = "abcdef"
FOUND_BY: list[Value] = [None, True, Int64(1), "x", b"x", "", False]
FIELDS: list[Value] = [*FOUND_BY, 1.0, 0.0, -0.0, float("nan"), [], ["x"], {}]


class Change(NamedTuple):
    """One write: another document, with its time of creation only when it is there already, or none."""

    key: str
    value: Value
    created: float
    is_deletion: bool
    is_moved: bool


changes = st.builds(
    Change,
    st.sampled_from(KEYS),
    st.sampled_from(FIELDS),
    st.integers(0, 9).map(float),
    st.integers(0, 2).map(lambda number: number == 0),
    st.integers(0, 4).map(lambda number: number == 0),
)
commits = st.lists(st.lists(changes, min_size=1, max_size=4, unique_by=lambda each: each.key), max_size=12)
Documents = dict[str, Document]


def written(change: Change, before: Documents) -> Write:
    if change.is_deletion:
        return Write("t", change.key, None)
    old = before.get(change.key)
    created = old["_creationTime"] if old is not None and not change.is_moved else change.created
    return Write("t", change.key, {"_id": change.key, "_creationTime": created, "f": change.value})


def after(before: Documents, writes: list[Write]) -> Documents:
    model = dict(before)
    for each in writes:
        if each.document is None:
            model.pop(each.key, None)
        else:
            model[each.key] = each.document
    return model


def played(drawn: list[list[Change]], store: Store) -> tuple[State, list[tuple[int, Documents]]]:
    """Commit everything; return the state, and what each moment must read as."""
    state, moments = State(view=View(store)), [(0, Documents())]
    for number, each in enumerate(drawn, 1):
        before = moments[-1][1]
        writes = [written(change, before) for change in each]
        state = commit(state, writes, number * 10)
        moments.append((number * 10, after(before, writes)))
        if number % 3 == 0:
            state.view.collection("t").lookup("f", None, state.view.ts)
    return state, moments


def in_order(model: Documents) -> list[Document]:
    return sorted(model.values(), key=position)


def assert_reads(state: State, ts: int, model: Documents) -> None:
    """A moment reads as the model: whole, in both directions, behind each document, by key and by each value."""
    transaction = Transaction(at(state, ts), 0, 0)
    expected = in_order(model)
    assert transaction.documents("t") == expected
    assert list(transaction.scan("t", descending=True)) == expected[::-1]
    for border in map(position, expected):
        rest = [each for each in expected if is_behind(position(each), border, descending=False)]
        assert list(transaction.scan("t", after=border)) == rest
        rest = [each for each in expected[::-1] if is_behind(position(each), border, descending=True)]
        assert list(transaction.scan("t", descending=True, after=border)) == rest
    assert {key: each for key in KEYS if (each := transaction.read("t", key)) is not None} == model
    for value in FOUND_BY:
        pattern = Equals(value)
        scanned = [each for each in expected if "f" in each and not [*differences(pattern, each["f"], "")]]
        found = [each for each in transaction.lookup("t", "f", value) if not [*differences(pattern, each["f"], "")]]
        assert found == scanned, value


@given(commits)
@settings(max_examples=150)
def test_every_moment_reads_as_it_was(drawn: list[list[Change]]) -> None:
    state, moments = played(drawn, Store())

    for ts, model in moments:
        assert_reads(state, ts, model)
        assert_reads(state, ts + 9, model)


@given(commits, st.integers(1, 4), st.integers(2, 9))
@settings(max_examples=150)
def test_what_is_kept_reads_as_it_was_and_what_is_not_leaves_nothing(
    drawn: list[list[Change]], max_commits: int, max_writes: int
) -> None:
    store = Store(max_commits, max_writes)
    state, moments = played(drawn, store)

    assert len(store.commits) <= max_commits
    assert sum(len(each.writes) for each in store.commits) <= max_writes
    for ts, model in moments:
        if ts >= store.floor:
            assert_reads(state, ts, model)
    collection = state.view.collection("t")
    recent = {write.key for each in store.commits for write in each.writes}
    assert set(collection.versions) <= recent | set(moments[-1][1])
    for index in collection.indexes.values():
        assert all(keys and set(keys) <= set(collection.versions) for keys in index.values())


@given(commits)
@settings(max_examples=100)
def test_undoing_everything_leads_back_through_every_moment(drawn: list[list[Change]]) -> None:
    state, moments = played(drawn, Store())
    ts = moments[-1][0]

    for _, model in reversed(moments[:-1]):
        undo = undo_of(state)
        assert undo is not None
        ts += 1
        state = commit(state, undo.writes, ts, undoes=undo.ts)
        assert_reads(state, ts, model)
    assert undo_of(state) is None
    for moment, model in moments:
        assert_reads(state, moment, model)


@given(commits, st.lists(changes, max_size=5))
@settings(max_examples=100)
def test_a_transaction_reads_its_own_writes_over_the_state(drawn: list[list[Change]], own: list[Change]) -> None:
    state, moments = played(drawn, Store())
    model = moments[-1][1]
    transaction = Transaction(state, 0, 0)
    for change in own:
        write = written(change._replace(is_moved=False), model)
        model = after(model, [write])
        transaction.write(*write)

    assert transaction.documents("t") == in_order(model)
    assert {key: each for key in KEYS if (each := transaction.read("t", key)) is not None} == model
    for value in FOUND_BY:
        found = [
            each for each in transaction.lookup("t", "f", value) if not [*differences(Equals(value), each["f"], "")]
        ]
        assert found == [each for each in in_order(model) if not [*differences(Equals(value), each["f"], "")]]
    transaction.undo()
    assert transaction.documents("t") == in_order(moments[-1][1])
