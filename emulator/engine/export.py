"""Tables as they were at a moment, and what was written since, in pages (contract convex §9)."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

from emulator.engine.store import Document, View
from emulator.engine.tables import is_user_table

MOST_LISTED = 1_024
"""How many documents a page of a snapshot has."""

MOST_LOGGED = 128
"""How many writes a page of changes has, unless one commit has more."""

_MOST_LOOKED_AT = 4
"""How many times as many documents a page looks at: those that came later than the moment are passed over."""


class Row(NamedTuple):
    """What became of a document at a timestamp; None: it was deleted."""

    table: str
    ts: int
    key: str
    document: Document | None


class Spot(NamedTuple):
    """Where a walk of tables goes on: in a table, behind an id."""

    table: str
    after: str | None = None


class Listed(NamedTuple):
    """A page of a snapshot, and where the next one begins; None behind the last."""

    rows: list[Row]
    next: Spot | None

    def cut(self, count: int) -> Listed:
        """Return a page that ends after so many rows, one at least."""
        last = self.rows[count - 1]
        return Listed(self.rows[:count], Spot(last.table, last.key))


class Changed(NamedTuple):
    """A page of changes, up to a timestamp, and whether there are more."""

    rows: list[Row]
    ts: int
    has_more: bool

    def cut(self, count: int) -> Changed:
        """Return a page that ends with the last commit that fits into so many rows, or with the first of all."""
        ends = [place for place, row in enumerate(self.rows[1:], 1) if row.ts != self.rows[place - 1].ts]
        fitting = [end for end in ends if end <= count]
        if not ends:
            return self
        end = fitting[-1] if fitting else ends[0]
        return Changed(self.rows[:end], self.rows[end - 1].ts, has_more=True)


def list_documents(view: View, tables: Sequence[str], spot: Spot | None, most: int = MOST_LISTED) -> Listed:
    """Return a page of the tables at the moment of a view: documents of one table, by id."""
    if spot is None:
        if not tables:
            return Listed([], None)
        spot = Spot(tables[0])
    table, after = spot
    collection = view.collection(table)
    rows: list[Row] = []
    keys = collection.ids_after(after, most * _MOST_LOOKED_AT)
    for key in keys:
        version = collection.version(key, view.ts)
        if version is not None and version.document is not None:
            if len(rows) == most:
                return Listed(rows, Spot(table, after))
            rows.append(Row(table, version.ts, key, version.document))
        after = key
    if len(keys) == most * _MOST_LOOKED_AT:
        return Listed(rows, Spot(table, after))
    following = tables.index(table) + 1
    return Listed(rows, Spot(tables[following]) if following < len(tables) else None)


def list_changes(view: View, tables: Container[str], since: int, until: int, most: int = MOST_LOGGED) -> Changed:
    """Return a page of what was written to tables after `since` and up to `until`, in order; commits stay whole.

    `since` must not be older than what the store keeps. A page without more to come ends at `until`.
    """
    rows: list[Row] = []
    read = 0
    reached = since
    for commit in view.store.since(since):
        if read >= most:
            return Changed(rows, reached, has_more=True)
        reached = commit.ts
        for table, key, document in commit.writes:
            if not is_user_table(table):
                continue
            read += 1
            if document is None and view.collection(table).read(key, commit.ts - 1) is None:
                continue  # it came and went in one transaction
            if table in tables:
                rows.append(Row(table, commit.ts, key, document))
    return Changed(rows, max(since, until), has_more=False)
