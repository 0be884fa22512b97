"""The endpoints of snapshot exports: a zip is made beside the loop, of what was there at one moment (contract §14)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from aiohttp.hdrs import CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE

from emulator.engine.snapshots import begin_export, end_export
from emulator.engine.tables import tables_of
from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex.admin.zip_writer import FileSnapshot, TableSnapshot, write_zip
from emulator.surfaces.convex.failures import ApiError, bad_query
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import empty_reply
from emulator.surfaces.http import Reply, path_of
from emulator.values.ids import STORAGE

MAX_KEPT = 4
MAX_BYTES = 256 * 1024 * 1024
_BOOLEANS = {"true": True, "false": False}
_FOR_A_MONTH = "private, max-age=2592000"


class SnapshotExportEndpoints:
    """One method for each route; the newest exports are kept, by the timestamp of what they hold."""

    def __init__(self, emulator: Emulator) -> None:
        """Export what `emulator` keeps."""
        self._emulator = emulator
        self._made: OrderedDict[int, bytes] = OrderedDict()
        self._is_busy = False

    async def request(self, asked: Asked) -> Reply:
        """Answer POST /api/export/request/zip once the file is there; meanwhile its state can be watched."""
        include = asked.request.query.get("includeStorage", "false")
        if include not in _BOOLEANS:
            raise bad_query("includeStorage: provided string was not `true` or `false`")
        if self._is_busy:
            raise ApiError(400, "ExportInProgress", "There is already an export requested or in progress.")
        self._is_busy = True
        try:
            await self._export(includes_files=_BOOLEANS[include])
        finally:
            self._is_busy = False
        return empty_reply(200)

    async def download(self, asked: Asked) -> Reply:
        """Answer GET /api/export/zip/{timestamp}."""
        text = path_of(asked.request).rpartition("/")[2]
        if not (text.isascii() and text.isdigit()):
            raise ApiError(400, "BadSnapshotTimestamp", "Snapshot timestamp did not parse to a timestamp.")
        made = self._made.get(int(text))
        if made is None:
            raise ApiError(404, "ExportNotFound", f"The requested export {text} was not found")
        name = f"snapshot_{self._emulator.revision.scenario.deployment.name}_{text}.zip"
        headers: dict[str, str] = {
            CONTENT_TYPE: "application/zip",
            CONTENT_DISPOSITION: f"attachment; filename={name}",
            CACHE_CONTROL: _FOR_A_MONTH,
        }
        return Reply(200, made, headers)

    async def _export(self, *, includes_files: bool) -> None:
        emulator = self._emulator
        ts = emulator.timestamp()
        tables, files = self._snapshot(), self._files() if includes_files else None
        key = emulator.transact(lambda transaction: begin_export(transaction, ts, includes_files=includes_files))
        zip_key: str | None = None
        try:
            self._keep(ts, await asyncio.to_thread(write_zip, tables, files, ts))
            zip_key = str(ts)
        finally:
            emulator.transact(lambda transaction: end_export(transaction, key, emulator.timestamp(), zip_key))

    def _snapshot(self) -> list[TableSnapshot]:
        """Return all tables as they are now; the lists of their documents change no more."""
        reading = self._emulator.reading()
        names = tables_of(self._emulator.revision.scenario, reading.state.view)
        return [TableSnapshot(name, reading.table_number(name), reading.documents(name)) for name in names]

    def _files(self) -> list[FileSnapshot]:
        """Return all stored files whose bytes are there."""
        documents, contents = self._emulator.reading().documents(STORAGE), self._emulator.files
        found = ((each, contents.get(str(each["sha256"]))) for each in documents)
        return [FileSnapshot(document, content) for document, content in found if content is not None]

    def _keep(self, ts: int, made: bytes) -> None:
        self._made[ts] = made
        while len(self._made) > 1 and (len(self._made) > MAX_KEPT or sum(map(len, self._made.values())) > MAX_BYTES):
            self._made.popitem(last=False)
