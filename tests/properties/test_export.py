"""A snapshot and the changes since are the tables as they are, however writes and pages come between each other."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulator.engine.data_sync import Progress, Stage, take_step
from emulator.engine.export import Row, Spot, list_changes, list_documents
from emulator.engine.state import State, at, commit
from emulator.engine.store import Document, Store, View, Write

TABLES = ["one", "two"]
MOST = 2
written = st.lists(
    st.tuples(st.sampled_from(TABLES), st.sampled_from("abcdefgh"), st.integers(0, 4)),
    max_size=4,
    unique_by=lambda each: each[:2],
)


class Deployment:
    """A line of commits and a consumer of its export."""

    def __init__(self, kept: int) -> None:
        self.state = State(view=View(Store(max_writes=kept)))
        self.ts = 0
        self.copy: dict[tuple[str, str], Document] = {}

    def write(self, writes: list[tuple[str, str, int]]) -> None:
        """Commit; 0 stands for a deletion, also of what is not there."""
        self.ts += 1
        changes = [Write(table, key, {"_id": key, "n": float(n)} if n else None) for table, key, n in writes]
        self.state = commit(self.state, [*changes, Write("$state", "x", {"_id": "x"})], self.ts)

    def apply(self, rows: list[Row]) -> None:
        for row in rows:
            if row.document is None:
                del self.copy[row.table, row.key]
            else:
                self.copy[row.table, row.key] = row.document

    def tables(self) -> dict[tuple[str, str], Document]:
        view = self.state.view
        return {
            (table, str(each["_id"])): each for table in TABLES for each in view.collection(table).documents(view.ts)
        }


@given(st.lists(written, max_size=6), st.lists(written, max_size=40), st.booleans())
def test_a_snapshot_and_what_came_since_are_the_tables(
    before: list[Any],
    between: list[Any],
    asks_first: bool,  # noqa: FBT001
) -> None:
    deployment = Deployment(kept=1_000)
    for each in before:
        deployment.write(each)
    snapshot = deployment.ts = deployment.ts + 1
    if asks_first:
        list_documents(deployment.state.view, TABLES, None, MOST)
    writes = iter(between)
    spot: Spot | None = Spot(TABLES[0])
    while spot is not None:
        page = list_documents(at(deployment.state, snapshot).view, TABLES, spot, MOST)
        assert len(page.rows) <= MOST
        assert len({row.table for row in page.rows}) <= 1
        deployment.apply(page.rows)
        spot = page.next
        for each in [next(writes, None)]:
            deployment.write(each or [])

    cursor, has_more = snapshot, True
    while has_more:
        deployment.write(next(writes, []))
        changes = list_changes(deployment.state.view, TABLES, cursor, deployment.ts, MOST)
        assert [row.ts for row in changes.rows] == sorted(row.ts for row in changes.rows)
        assert all(cursor < row.ts <= changes.ts for row in changes.rows)
        deployment.apply(changes.rows)
        cursor, has_more = changes.ts, changes.has_more

    assert deployment.copy == deployment.tables()


@given(st.lists(written, max_size=6), st.lists(written, max_size=40), st.lists(st.booleans(), max_size=40))
def test_a_data_sync_reaches_the_tables_whatever_is_chosen_on_the_way(
    before: list[Any], between: list[Any], chooses: list[bool]
) -> None:
    deployment = Deployment(kept=1_000)
    for each in before:
        deployment.write(each)
    deployment.ts += 1
    writes, choices = iter(between), iter(chooses)
    progress, stage = Progress("x", deployment.ts), Stage.STALE
    while stage is not Stage.UP_TO_DATE or progress.ts <= deployment.state.view.ts:
        tables = TABLES if next(choices, True) else TABLES[:1]
        deployment.write(next(writes, []))
        deployment.ts += 1
        views = at(deployment.state, progress.ts).view, deployment.state.view
        step = take_step(views, tables, progress, deployment.ts, MOST)
        deployment.copy = {key: each for key, each in deployment.copy.items() if key[0] not in step.truncates}
        deployment.apply(step.rows)
        progress, stage = step.progress, step.stage
        if tables != TABLES:
            stage = Stage.STALE

    assert deployment.copy == deployment.tables()


@given(st.lists(written, max_size=30), st.integers(1, 8))
def test_ids_are_walked_in_their_order_whatever_is_forgotten(commits: list[Any], kept: int) -> None:
    deployment = Deployment(kept)
    list_documents(deployment.state.view, TABLES, None)
    for number, each in enumerate(commits):
        deployment.write(each)
        if number % 3 == 0:
            list_documents(deployment.state.view, TABLES, None)

    for table in TABLES:
        rows = list_documents(deployment.state.view, [table], None).rows
        assert [row.key for row in rows] == sorted(key for name, key in deployment.tables() if name == table)
