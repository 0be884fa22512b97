"""Data syncs: their requests, cursors and answers; pure (contract convex §9.6)."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import Any, NamedTuple

import orjson

from emulator.engine.data_sync import Progress, Stage, Step
from emulator.engine.export import Row, Spot
from emulator.engine.store import Document
from emulator.surfaces.convex.body import read_fields
from emulator.surfaces.convex.clients import Client
from emulator.surfaces.convex.codec import write_value
from emulator.surfaces.convex.export.selection import (
    EVERYTHING,
    ROOT,
    Selection,
    SelectionError,
    columns_of,
    kept,
    read_selection,
)
from emulator.surfaces.convex.failures import ApiError
from emulator.values.formats import Format, Json

_PREFIXES = {"airbyte-export": "airbyte-", "fivetran-export": "fivetran-"}


class SyncAsked(NamedTuple):
    """The page behind a cursor is wanted; without one the first."""

    cursor: str | None
    selection: Selection


def read_sync(body: bytes) -> SyncAsked:
    """Read the body of POST /api/v1/data/sync."""
    fields = read_fields(body, {}, {"cursor": "a string"}, struct="DataSyncArgs")
    return SyncAsked(fields.get("cursor"), _selection(fields.get("selection")))


def read_deltas_cursor(body: bytes) -> tuple[int, Selection]:
    """Read the body of POST /api/data_sync_cursor_from_deltas."""
    fields = read_fields(body, {"cursor": "i64"}, {}, struct="DataSyncCursorFromDeltasArgs")
    return fields["cursor"], _selection(fields.get("selection"))


def sync_id(client: Client, digits: str) -> str:
    """Return the id of a new sync, which tells whose it is."""
    return f"{_PREFIXES.get(client.name, '')}{digits}"


def write_cursor(progress: Progress, deployment: str) -> str:
    """Return a cursor that holds how far a consumer is."""
    spot = progress.spot
    place = None if spot is None else [spot.table, spot.after]
    tree = [deployment, progress.id, progress.ts, progress.synced, place, progress.in_table, progress.documents]
    return b64encode(orjson.dumps(tree)).decode()


def read_cursor(text: str, deployment: str) -> Progress:
    """Return how far the consumer is that has a cursor; raise ApiError when it is none, or another deployment's."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor("Could not base64-decode the data sync cursor") from error
    try:
        name, key, ts, synced, place, in_table, documents = orjson.loads(raw)
        spot = None if place is None else Spot(*place)
    except (TypeError, ValueError) as error:
        raise _bad_cursor("Could not parse the data sync cursor") from error
    texts = (key, *synced, *(spot or ())[:1]) if isinstance(synced, list) else (None,)
    numbers = (ts, in_table, documents)
    is_sound = all(type(each) is str for each in texts) and all(type(each) is int for each in numbers)
    if name != deployment or not is_sound or (spot and not isinstance(spot.after, str | None)):
        raise _bad_cursor("Could not parse the data sync cursor")
    return Progress(key, ts, tuple(synced), spot, in_table, documents)


def check_not_ahead(ts: int, now: int, what: str) -> None:
    """Raise ApiError for a cursor of a moment that is still to come."""
    if ts > now:
        raise _bad_cursor(f"{what} cursor is ahead of the deployment's latest timestamp")


def expired() -> ApiError:
    """Return the error for a cursor older than what is kept."""
    message = (
        "The data sync cursor is outside the deployment's data retention window and can no longer be resumed. "
        "Restart the sync from scratch by calling this endpoint again without a cursor."
    )
    return ApiError(400, "DataSyncCursorExpired", message)


def write_step(step: Step, lines: list[bytes], deployment: str) -> bytes:
    """Return the body that shows a page; `lines` are its rows."""
    head = {
        "status": _status(step),
        "truncates": [{"component": ROOT, "table": table} for table in sorted(step.truncates)],
    }
    tail = {
        "syncId": step.progress.id,
        "pagination": {"hasMore": True, "nextCursor": write_cursor(step.progress, deployment)},
    }
    return b'%b,"values":[%b],%b' % (orjson.dumps(head)[:-1], b",".join(lines), orjson.dumps(tail)[1:])


def write_synced_row(row: Row, selection: Selection) -> bytes:
    """Return a row of a page."""
    columns = columns_of(selection, row.table)
    assert columns is not None
    document: Document = {"_id": row.key} if row.document is None else kept(columns, row.document)
    head = {"component": ROOT, "table": row.table, "ts": row.ts, "deleted": row.document is None}
    return b'%b,"value":%b}' % (orjson.dumps(head)[:-1], write_value(document, Format.EXPORT))


def _status(step: Step) -> dict[str, Json]:
    status: dict[str, Json] = {"type": step.stage.value}
    return status if step.stage is Stage.SNAPSHOTTING else {**status, "snapshotTs": step.progress.ts}


def _selection(tree: Any) -> Selection:  # noqa: ANN401 - what JSON holds
    if tree is None:
        return EVERYTHING
    try:
        return read_selection(tree)
    except SelectionError as error:
        raise ApiError(400, "InvalidDataSyncSelection", f"Invalid {error}") from error


def _bad_cursor(message: str) -> ApiError:
    return ApiError(400, "InvalidDataSyncCursor", message)
