"""Requests for snapshots and changes, and their answers; pure (contract convex §9.2, §9.3)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from emulator.engine.export import Changed, Listed, Row, Spot
from emulator.engine.store import Document
from emulator.surfaces.convex.body import read_fields
from emulator.surfaces.convex.codec import read_format, write_value
from emulator.surfaces.convex.export.selection import (
    ROOT,
    Selection,
    SelectionError,
    columns_of,
    kept,
    only,
    read_selection,
)
from emulator.surfaces.convex.failures import ApiError, bad_json_body, bad_query
from emulator.values.formats import Format
from emulator.values.ids import InvalidIdError, decode_id

_TARGET = "Failed to deserialize the JSON body into the target type: "
_TEXTS = {"cursor": "a string", "tableName": "a string", "table_name": "a string", "component": "a string"}
_TABLET_BYTES = 16
_I64 = range(-(2**63), 2**63)
_OPAQUE = (
    "Invalid value for the `cursor` argument of list_snapshot. "
    "Use a `cursor` returned by a previous list_snapshot call, and treat it as an opaque value."
)


class SnapshotAsked(NamedTuple):
    """Which page of a snapshot is wanted; without `snapshot` of one to be taken now."""

    snapshot: int | None
    cursor: str | None
    selection: Selection
    form: Format


class DeltasAsked(NamedTuple):
    """The changes since when are wanted."""

    cursor: int
    selection: Selection
    form: Format


def read_snapshot_query(query: Mapping[str, str]) -> SnapshotAsked:
    """Read the parameters of GET /api/list_snapshot."""
    chosen = only(query.get("component"), query.get("tableName", query.get("table_name")))
    return SnapshotAsked(_number("snapshot", query), query.get("cursor"), chosen, _format(query.get("format")))


def read_snapshot_body(body: bytes) -> SnapshotAsked:
    """Read the body of POST /api/list_snapshot."""
    fields = read_fields(body, {}, {**_TEXTS, "snapshot": "i64", "format": "a string"}, struct="ListSnapshotArgs")
    return SnapshotAsked(fields.get("snapshot"), fields.get("cursor"), _chosen(fields), _format(fields.get("format")))


def read_deltas_query(query: Mapping[str, str]) -> DeltasAsked:
    """Read the parameters of GET /api/document_deltas."""
    chosen = only(query.get("component"), query.get("tableName", query.get("table_name")))
    return DeltasAsked(_required(_number("cursor", query)), chosen, _format(query.get("format")))


def read_deltas_body(body: bytes) -> DeltasAsked:
    """Read the body of POST /api/document_deltas."""
    fields = read_fields(body, {}, {**_TEXTS, "cursor": "i64", "format": "a string"}, struct="DocumentDeltasArgs")
    return DeltasAsked(_required(fields.get("cursor")), _chosen(fields), _format(fields.get("format")))


def read_flag(name: str, query: Mapping[str, str]) -> bool:
    """Return a parameter that is `true` or `false`, the latter if it is left out."""
    text = query.get(name, "false")
    if text not in {"true", "false"}:
        raise bad_query(f"{name}: provided string was not `true` or `false`")
    return text == "true"


def read_cursor(text: str, tables: Mapping[str, int]) -> Spot:
    """Return where a cursor of a snapshot stands; raise ApiError when it is of none of these tables, by number."""
    try:
        tree = orjson.loads(text)
        tablet, key = tree["tablet"], tree["id"]
        number = decode_id(key)[0] if key else None
    except (InvalidIdError, KeyError, TypeError, ValueError) as error:
        raise ApiError(400, "InvalidListSnapshotCursor", _OPAQUE) from error
    table = next((name for name, number in tables.items() if _tablet(name, number) == tablet), None)
    if table is None or number not in (None, tables[table]):
        raise ApiError(400, "InvalidListSnapshotCursor", _OPAQUE)
    return Spot(table, key or None)


def write_listed(page: Listed, lines: list[bytes], snapshot: int, tables: Mapping[str, int]) -> bytes:
    """Return the body that shows a page of a snapshot; `lines` are its rows."""
    spot = page.next
    cursor = None
    if spot is not None:
        tablet = _tablet(spot.table, tables[spot.table])
        cursor = orjson.dumps({"tablet": tablet, "id": spot.after or ""}).decode()
    rest = orjson.dumps({"snapshot": snapshot, "cursor": cursor, "hasMore": spot is not None})
    return b'{"values":[%b],%b' % (b",".join(lines), rest[1:])


def write_changed(page: Changed, lines: list[bytes]) -> bytes:
    """Return the body that shows a page of changes; `lines` are its rows."""
    rest = orjson.dumps({"cursor": page.ts, "hasMore": page.has_more})
    return b'{"values":[%b],%b' % (b",".join(lines), rest[1:])


def write_row(row: Row, selection: Selection, form: Format, *, tells_deleted: bool) -> bytes:
    """Return a row of a page; `tells_deleted` for changes, which may be deletions."""
    columns = columns_of(selection, row.table)
    assert columns is not None
    system: dict[str, Any] = {"_component": ROOT, "_table": row.table, "_ts": row.ts}
    if tells_deleted:
        system["_deleted"] = row.document is None
    document: Document = {"_id": row.key} if row.document is None else kept(columns, row.document)
    return b"%b,%b" % (orjson.dumps(system)[:-1], write_value(document, form)[1:])


def _chosen(fields: Mapping[str, Any]) -> Selection:
    tree = fields.get("selection")
    if tree is None:
        return only(fields.get("component"), fields.get("tableName", fields.get("table_name")))
    try:
        return read_selection(tree)
    except SelectionError as error:
        raise bad_json_body(f"{_TARGET}{error}") from error


def _number(name: str, query: Mapping[str, str]) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    digits = text[1:] if text[:1] in {"-", "+"} else text
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > len(str(_I64.stop)) or int(text) not in _I64:
        raise bad_query(f"{name}: invalid digit found in string")
    return int(text)


def _required(cursor: int | None) -> int:
    if cursor is None:
        raise ApiError(400, "DocumentDeltasCursorRequired", "/api/document_deltas requires a cursor")
    return cursor


def _format(name: str | None) -> Format:
    return read_format(name, Format.CLEAN)


def _tablet(table: str, number: int) -> str:
    """Return the id of what holds a table's documents."""
    return blake2b(f"{number}\0{table}".encode(), digest_size=_TABLET_BYTES, person=b"tablet").hexdigest()
