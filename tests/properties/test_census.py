"""A census that follows what is written is the one that counts everything anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.engine.census import Census
from emulator.engine.state import State, at, commit
from emulator.engine.store import Document, Store, View, Write
from emulator.values.shapes import Plain

documents: st.SearchStrategy[Document | None] = st.none() | st.dictionaries(
    st.sampled_from("abc"), st.none() | st.just(1.0) | st.just("x") | st.lists(st.just(1.0) | st.none(), max_size=2)
)
writes = st.lists(st.tuples(st.sampled_from("pqrs"), documents), min_size=1, max_size=3, unique_by=lambda each: each[0])


@given(st.lists(st.tuples(writes, st.booleans()), max_size=12), st.integers(1, 30))
def test_counting_what_was_written_is_counting_everything(
    commits: list[tuple[list[tuple[str, Document | None]], bool]], kept: int
) -> None:
    state = State(view=View(Store(max_writes=kept)))
    census = Census("t")
    for ts, (written, looks) in enumerate(commits, 1):
        state = commit(state, [Write("t", key, _filled(key, each)) for key, each in written], ts)
        if looks:
            census = counted(census, state)
            assert census.shape == counted(Census("t"), state).shape


def test_a_census_may_be_of_an_earlier_moment_and_without_documents() -> None:
    state = commit(State(), [Write("t", "p", {"_id": "p", "a": 1.0})], 5)
    census = Census("t")

    census = counted(census, state)
    assert census.plan(state.view) is None
    assert counted(census, at(state, 4)).shape is Plain.NEVER


def _filled(key: str, document: Document | None) -> Document | None:
    return None if document is None else {**document, "_id": key}


def counted(census: Census, state: State) -> Census:
    recount = census.plan(state.view)
    return census if recount is None else census.counted(recount, lambda _number: None)
