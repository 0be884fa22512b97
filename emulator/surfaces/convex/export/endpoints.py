"""The endpoints of streaming export: thin shells around the codec and the pages (contract convex §9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import orjson

from emulator.engine.census import declared_shape
from emulator.engine.export import MOST_LISTED, Row, list_changes, list_documents
from emulator.engine.state import PastError, at
from emulator.engine.tables import tables_of
from emulator.runtime.emulator import Emulator
from emulator.runtime.shapes import Shapes
from emulator.surfaces.convex.codec import read_format
from emulator.surfaces.convex.export import codec
from emulator.surfaces.convex.export.schemas import table_schema, table_shape
from emulator.surfaces.convex.export.selection import ROOT, Selection, columns_of
from emulator.surfaces.convex.failures import ApiError
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import json_reply
from emulator.surfaces.http import Reply
from emulator.values.formats import Format
from emulator.values.shapes import ObjectShape


class ExportEndpoints:
    """One method for each endpoint of contract convex §9.1."""

    def __init__(self, emulator: Emulator) -> None:
        """Read what `emulator` keeps."""
        self._emulator = emulator
        self._shapes = Shapes(emulator)

    async def connection(self, _asked: Asked) -> Reply:
        """Answer GET /api/test_streaming_export_connection: whoever comes so far may export."""
        return json_reply(b"null")

    async def json_schemas(self, asked: Asked) -> Reply:
        """Answer GET /api/json_schemas."""
        query = asked.request.query
        is_delta, by_component = (codec.read_flag(name, query) for name in ("deltaSchema", "byComponent"))
        form = read_format(query.get("format"), Format.CLEAN)
        schemas = {
            table: table_schema(await self._shape(table), form, is_delta=is_delta) for table in sorted(self._tables())
        }
        return json_reply(orjson.dumps({ROOT: schemas} if by_component else schemas))

    async def column_names(self, _asked: Asked) -> Reply:
        """Answer GET /api/get_table_column_names."""
        tables = [
            {"name": table, "columns": [name for name, _ in (await self._shape(table)).fields]}
            for table in sorted(self._tables())
        ]
        return json_reply(orjson.dumps({"byComponent": {ROOT: tables}}))

    async def snapshot_by_url(self, asked: Asked) -> Reply:
        """Answer GET /api/list_snapshot."""
        return await self._list(codec.read_snapshot_query(asked.request.query))

    async def snapshot(self, asked: Asked) -> Reply:
        """Answer POST /api/list_snapshot."""
        return await self._list(codec.read_snapshot_body(await asked.json_body()))

    async def deltas_by_url(self, asked: Asked) -> Reply:
        """Answer GET /api/document_deltas."""
        return await self._changes(codec.read_deltas_query(asked.request.query))

    async def deltas(self, asked: Asked) -> Reply:
        """Answer POST /api/document_deltas."""
        return await self._changes(codec.read_deltas_body(await asked.json_body()))

    async def _list(self, asked: codec.SnapshotAsked) -> Reply:
        now = self._emulator.timestamp()
        snapshot = now if asked.snapshot is None else asked.snapshot
        if snapshot > now:
            raise ApiError(400, "SnapshotTooNew", f"Snapshot value {snapshot} is in the future.")
        try:
            view = at(self._emulator.state, snapshot).view
        except PastError as error:
            raise ApiError(400, "SnapshotTooOld", f"Snapshot value {snapshot} is too far in the past.") from error
        scenario = self._emulator.revision.scenario
        names = [name for name in tables_of(scenario, view) if columns_of(asked.selection, name) is not None]
        tables = {name: view.store.number_of(name) for name in names}
        spot = None if asked.cursor is None else codec.read_cursor(asked.cursor, tables)
        page = list_documents(view, names, spot)
        return await _written(page.rows, lambda: codec.write_listed(page, snapshot, asked, tables))

    async def _changes(self, asked: codec.DeltasAsked) -> Reply:
        now = self._emulator.timestamp()
        view = self._emulator.state.view
        if asked.cursor < view.store.floor:
            raise _older_than_kept(asked.cursor)
        page = list_changes(view, _Chosen(asked.selection), asked.cursor, now)
        return await _written(page.rows, lambda: codec.write_changed(page, asked))

    async def _shape(self, table: str) -> ObjectShape:
        shape = declared_shape(self._emulator.revision.scenario, table)
        found = table_shape(table, shape if shape is not None else await self._shapes.of(table))
        if found is None:
            message = f"The documents of the table `{table}` have too many different fields for a JSON schema."
            raise ApiError(400, "UnsupportedSchemaForExport", message)
        return found

    def _tables(self) -> list[str]:
        return tables_of(self._emulator.revision.scenario, self._emulator.state.view)


class _Chosen:
    """The tables that a selection takes, whether they are there or not."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    def __contains__(self, table: object) -> bool:
        return columns_of(self._selection, str(table)) is not None


def _older_than_kept(cursor: int) -> ApiError:
    message = (
        f"Trying to synchronize from timestamp {cursor + 1}, which is older than the database's retention window. "
        "This may happen if a connector was paused for a long time. Perform a full sync of the connector."
    )
    return ApiError(400, "InvalidWindowToReadDocuments", message)


async def _written(rows: Iterable[Row], write: Callable[[], bytes]) -> Reply:
    """Return an answer of rows; many of them are written beside the loop."""
    is_long = len(list(rows)) > MOST_LISTED
    return json_reply(await asyncio.to_thread(write) if is_long else write())
