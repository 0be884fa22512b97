"""Which data syncs are under way, for those who watch over them (contract convex §9.6); pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from emulator.engine.data_sync import Progress, Stage, Step
from emulator.engine.store import View
from emulator.surfaces.convex.export.selection import ROOT
from emulator.surfaces.convex.failures import ApiError, bad_query
from emulator.values.durations import MILLISECOND, SECOND
from emulator.values.formats import Json

MAX_SYNCS = 1_000
_ACTIVE = 3 * 24 * 60 * 60 * SECOND
_MOST_LISTED = 100
_LISTED = 50


class _Active(NamedTuple):
    number: int
    updated: int
    status: dict[str, Json]


class ActiveSyncs:
    """The syncs that were asked on within three days, at most a thousand."""

    def __init__(self) -> None:
        """Know of none."""
        self._all: dict[str, _Active] = {}
        self._number = 0

    def note(self, step: Step, tables: list[str], view: View, now: int) -> None:
        """Take note of a page."""
        self._number += 1
        self._all.pop(step.progress.id, None)
        self._all[step.progress.id] = _Active(self._number, now, _status(step, tables, view))
        if len(self._all) > MAX_SYNCS:
            del self._all[next(iter(self._all))]

    def write(self, query: Mapping[str, str], now: int) -> bytes:
        """Return the body of a list of them, the newest first; raise ApiError for a limit or a cursor that is none."""
        limit = _number("limit", query.get("limit", str(_LISTED)))
        if not 1 <= limit <= _MOST_LISTED:
            raise ApiError(400, "LimitOutOfRange", f"limit must be between 1 and {_MOST_LISTED}, not {limit}")
        before = _number("cursor", query["cursor"]) if "cursor" in query else self._number + 1
        listed = [
            (key, each)
            for key, each in reversed(self._all.items())
            if each.number < before and each.updated >= now - _ACTIVE
        ]
        syncs = [
            {"syncId": key, "lastUpdated": each.updated // MILLISECOND, "status": each.status}
            for key, each in listed[:limit]
        ]
        has_more = len(listed) > limit
        cursor = str(listed[limit - 1][1].number) if has_more else None
        return orjson.dumps({"syncs": syncs, "pagination": {"hasMore": has_more, "nextCursor": cursor}})


def _status(step: Step, tables: list[str], view: View) -> dict[str, Json]:
    progress: Progress = step.progress
    status: dict[str, Json] = {
        "type": step.stage.value,
        "totalTables": len(tables),
        "numDocumentsSynced": progress.documents,
    }
    if step.stage is not Stage.SNAPSHOTTING:
        return {**status, "syncedTs": progress.ts}
    current = progress.spot.table if progress.spot else next(each for each in tables if each not in progress.synced)
    return {
        **status,
        "numTablesSynced": len(progress.synced),
        "currentComponent": ROOT,
        "currentTable": current,
        "numDocumentsInCurrentTable": progress.in_table,
        "totalDocumentsInCurrentTable": view.collection(current).size,
        "totalDocuments": sum(view.collection(table).size for table in tables),
    }


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20):  # noqa: PLR2004 - as many digits as an i64 has
        raise bad_query(f"{name}: invalid digit found in string")
    return int(text)
