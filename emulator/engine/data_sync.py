"""A consumer brought to what the tables are, and kept there, page by page (contract convex §9.6).

Tables are walked one after the other at one moment; from then on what was written since is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from emulator.engine.export import Row, Spot, list_changes, list_documents
from emulator.engine.store import View

MOST_SYNCED = 16_384
"""How many documents a page has, unless one commit has more."""


class Stage(Enum):
    """How far a consumer is: still missing tables, behind what is written, or abreast of it."""

    SNAPSHOTTING = "snapshotting"
    STALE = "stale"
    UP_TO_DATE = "upToDate"


class Progress(NamedTuple):
    """What a consumer has: all of the `synced` tables as of `ts`, and of the table of `spot` what lies before it."""

    id: str
    ts: int
    synced: tuple[str, ...] = ()
    spot: Spot | None = None
    in_table: int = 0
    documents: int = 0


class Step(NamedTuple):
    """A page: tables to empty first, rows to apply then, and how far the consumer is after it."""

    truncates: list[str]
    rows: list[Row]
    progress: Progress
    stage: Stage


def take_step(views: tuple[View, View], tables: Sequence[str], progress: Progress, now: int, most: int) -> Step:
    """Return the page after `progress`, of all `tables` that are chosen.

    `views` are of the moment that the consumer is at, and of the present. A table that is no longer chosen is
    forgotten, a new one is walked.
    """
    then, present = views
    progress = _reconciled(progress, tables)
    missing = [table for table in tables if table not in progress.synced]
    if missing:
        return _walk(then, missing, progress, now, most)
    changes = list_changes(present, progress.synced, progress.ts, now, most)
    progress = progress._replace(ts=changes.ts, documents=progress.documents + len(changes.rows))
    return Step([], changes.rows, progress, Stage.STALE if changes.has_more else Stage.UP_TO_DATE)


def _reconciled(progress: Progress, tables: Sequence[str]) -> Progress:
    synced = tuple(table for table in progress.synced if table in tables)
    is_walking = progress.spot is not None and progress.spot.table in tables
    spot, in_table = (progress.spot, progress.in_table) if is_walking else (None, 0)
    return progress._replace(synced=synced, spot=spot, in_table=in_table)


def _walk(then: View, missing: list[str], progress: Progress, now: int, most: int) -> Step:
    """Walk tables at the moment of a view, as many as fit on a page."""
    truncates: list[str] = []
    rows: list[Row] = []
    spot = progress.spot or Spot(missing[0])
    tables = [spot.table, *(table for table in missing if table != spot.table)]
    for table in tables:
        if table != spot.table:
            spot = Spot(table)
        if spot.after is None:
            truncates.append(table)
        page = list_documents(then, [table], spot, most - len(rows))
        rows += page.rows
        counted = progress.in_table + len(page.rows)
        progress = progress._replace(documents=progress.documents + len(page.rows))
        if page.next is not None:
            progress = progress._replace(spot=page.next, in_table=counted)
            return Step(truncates, rows, progress, Stage.SNAPSHOTTING)
        progress = progress._replace(synced=(*progress.synced, table), spot=None, in_table=0)
        if len(rows) == most and table != tables[-1]:
            return Step(truncates, rows, progress, Stage.SNAPSHOTTING)
    has_more = list_changes(then, progress.synced, progress.ts, now, 1).rows
    return Step(truncates, rows, progress, Stage.STALE if has_more else Stage.UP_TO_DATE)
