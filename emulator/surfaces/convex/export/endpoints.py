"""The endpoints of streaming export: thin shells around the codec and the pages (contract convex §9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import orjson

from emulator.engine.census import declared_shape
from emulator.engine.data_sync import MOST_SYNCED, Progress, Stage, Step, take_step
from emulator.engine.draw import hex_digits
from emulator.engine.export import (
    Changed,
    Listed,
    Row,
    list_changes,
    list_documents,
)
from emulator.engine.state import PastError, at
from emulator.engine.tables import tables_of
from emulator.runtime.emulator import Emulator
from emulator.runtime.shapes import Shapes
from emulator.surfaces.convex.codec import read_format
from emulator.surfaces.convex.export import codec, sync_codec
from emulator.surfaces.convex.export.active_syncs import ActiveSyncs
from emulator.surfaces.convex.export.schemas import table_schema, table_shape
from emulator.surfaces.convex.export.selection import ROOT, Selection, columns_of
from emulator.surfaces.convex.failures import ApiError
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import json_reply
from emulator.surfaces.http import Reply
from emulator.values.formats import Format
from emulator.values.shapes import ObjectShape

MAX_PAGE_BYTES = 64 * 1024 * 1024
"""How long a page may be that has more than one document, and more than one commit."""

_MANY = 512
_PORTION = 512
_ID_DIGITS = 32

Page = TypeVar("Page", Listed, Changed)


class ExportEndpoints:
    """One method for each endpoint of contract convex §9.1."""

    def __init__(self, emulator: Emulator) -> None:
        """Read what `emulator` keeps."""
        self._emulator = emulator
        self._shapes = Shapes(emulator)
        self._syncs = ActiveSyncs()

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

    async def sync(self, asked: Asked) -> Reply:
        """Answer POST /api/v1/data/sync."""
        cursor, selection = sync_codec.read_sync(await asked.json_body())
        now, deployment = self._emulator.timestamp(), self._deployment
        if cursor is None:
            digits = hex_digits(self._emulator.revision.scenario.seed, "sync", self._emulator.calls, _ID_DIGITS)
            progress = Progress(sync_codec.sync_id(asked.client, digits), now)
        else:
            progress = sync_codec.read_cursor(cursor, deployment)
        sync_codec.check_not_ahead(progress.ts, now, "data sync")
        tables = self._chosen(selection)
        step, lines = await self._walk(progress, tables, now, lambda row: sync_codec.write_synced_row(row, selection))
        self._syncs.note(step, tables, self._emulator.state.view, self._emulator.clock.now())
        return json_reply(sync_codec.write_step(step, lines, deployment))

    async def active_syncs(self, asked: Asked) -> Reply:
        """Answer GET /api/v1/data/list_active_syncs."""
        return json_reply(self._syncs.write(asked.request.query, self._emulator.clock.now()))

    async def sync_cursor(self, asked: Asked) -> Reply:
        """Answer POST /api/data_sync_cursor_from_deltas."""
        ts, selection = sync_codec.read_deltas_cursor(await asked.json_body())
        sync_codec.check_not_ahead(ts, self._emulator.timestamp(), "document_deltas")
        if ts < self._emulator.state.view.store.floor:
            raise sync_codec.expired()
        digits = hex_digits(self._emulator.revision.scenario.seed, "sync", self._emulator.calls, _ID_DIGITS)
        progress = Progress(sync_codec.sync_id(asked.client, digits), ts, tuple(self._chosen(selection)))
        return json_reply(orjson.dumps({"cursor": sync_codec.write_cursor(progress, self._deployment)}))

    async def _walk(
        self, progress: Progress, tables: list[str], now: int, write: Callable[[Row], bytes]
    ) -> tuple[Step, list[bytes]]:
        """Return a page of a sync and its rows as they are written, a portion at a time: others come between."""
        truncates: list[str] = []
        lines: list[bytes] = []
        size = 0
        while True:
            state = self._emulator.state
            try:
                views = at(state, progress.ts).view, state.view
            except PastError as error:
                raise sync_codec.expired() from error
            most = MOST_SYNCED if set(tables) <= set(progress.synced) else _PORTION
            step = take_step(views, tables, progress, now, most)
            truncates += step.truncates
            portion = await asyncio.to_thread(_within, step.rows, write, None)
            lines += portion
            size += sum(map(len, portion))
            progress = step.progress
            is_full = len(lines) >= MOST_SYNCED or size > MAX_PAGE_BYTES
            if is_full or step.stage is not Stage.SNAPSHOTTING:
                return step._replace(truncates=truncates), lines

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
        page, lines = await _bounded(
            list_documents(view, names, spot),
            lambda row: codec.write_row(row, asked.selection, asked.form, tells_deleted=False),
        )
        return json_reply(codec.write_listed(page, lines, snapshot, tables))

    async def _changes(self, asked: codec.DeltasAsked) -> Reply:
        now = self._emulator.timestamp()
        view = self._emulator.state.view
        if asked.cursor < view.store.floor:
            raise _older_than_kept(asked.cursor)
        chosen = _Chosen(asked.selection)
        page, lines = await _bounded(
            list_changes(view, chosen, asked.cursor, now),
            lambda row: codec.write_row(row, asked.selection, asked.form, tells_deleted=True),
        )
        return json_reply(codec.write_changed(page, lines))

    def _chosen(self, selection: Selection) -> list[str]:
        return [table for table in self._tables() if columns_of(selection, table) is not None]

    @property
    def _deployment(self) -> str:
        return self._emulator.revision.scenario.deployment.name

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


async def _bounded(page: Page, write: Callable[[Row], bytes]) -> tuple[Page, list[bytes]]:
    """Return a page and its rows as they are written: fewer of them where they would be too long."""
    lines = await _written(page.rows, write, MAX_PAGE_BYTES)
    if len(lines) < len(page.rows):
        page = page.cut(len(lines))
        lines = await _written(page.rows, write, None)
    return page, lines


async def _written(rows: list[Row], write: Callable[[Row], bytes], budget: int | None) -> list[bytes]:
    """Return rows as they are written; many of them are written beside the loop."""
    if len(rows) > _MANY:
        return await asyncio.to_thread(_within, rows, write, budget)
    return _within(rows, write, budget)


def _within(rows: list[Row], write: Callable[[Row], bytes], budget: int | None) -> list[bytes]:
    """Return rows as they are written; with a budget those that fit into so many bytes, and one at least."""
    lines: list[bytes] = []
    size = 0
    for row in rows:
        line = write(row)
        size += len(line)
        if budget is not None and size > budget and lines:
            break
        lines.append(line)
    return lines
