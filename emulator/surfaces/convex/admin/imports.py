"""The endpoints of snapshot imports: parts come in, the file is read beside the loop, confirmed and written at once.

An import writes everything or nothing (contract convex §14).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from enum import Enum
from typing import Any, NamedTuple, TypeVar

import orjson

from emulator.engine.files import stored_files
from emulator.engine.seed import MAX_DOCUMENTS
from emulator.engine.snapshot_import import (
    ImportFailedError,
    Snapshot,
    TableChange,
    changes_of,
    ids_of,
    summary_of,
    write_snapshot,
)
from emulator.engine.snapshots import ImportMode, begin_import, import_state, set_import_state
from emulator.engine.tables import tables_of
from emulator.runtime.emulator import Emulator
from emulator.runtime.files import FilesFullError
from emulator.surfaces.convex import body as bodies
from emulator.surfaces.convex.admin.snapshot_reader import ImportFormat, read_snapshot
from emulator.surfaces.convex.admin.uploads import LIFETIME, Uploads, refused
from emulator.surfaces.convex.failures import ApiError, bad_json_body, bad_query
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.head import read_whole_body
from emulator.surfaces.convex.reply import empty_reply, json_reply
from emulator.surfaces.http import Reply
from emulator.values.convex import Int64, InvalidValueError, Value, check_identifier
from emulator.values.ids import STORAGE

MAX_WAITING = 4
MAX_ATTEMPTS = 4
_HIT = "Hit an error while importing:\n"
_OPEN = frozenset({"uploaded", "waiting_for_confirmation", "in_progress"})
_ONE_OF = TypeVar("_ONE_OF", bound=Enum)


class _Waiting(NamedTuple):
    """A file that was uploaded and is to be confirmed."""

    data: bytes
    form: ImportFormat
    mode: ImportMode
    table: str | None
    since: int


class SnapshotImportEndpoints:
    """One method for each route."""

    def __init__(self, emulator: Emulator) -> None:
        """Import into what `emulator` keeps."""
        self._emulator = emulator
        self._uploads = Uploads(emulator.revision.scenario.seed)
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()

    async def start_upload(self, asked: Asked) -> Reply:
        """Answer POST /api/import/start_upload."""
        return json_reply(orjson.dumps({"uploadToken": self._uploads.begin(asked.now)}))

    async def upload_part(self, asked: Asked) -> Reply:
        """Answer POST /api/import/upload_part; the answer is the token of the part."""
        query = asked.request.query
        for name in ("uploadToken", "partNumber"):
            if name not in query:
                raise bad_query(f"missing field `{name}`")
        text = query["partNumber"]
        if not (text.isascii() and text.isdigit()):
            raise bad_query("partNumber: invalid digit found in string")
        data = await read_whole_body(asked.request, self._uploads.room)
        part = self._uploads.add(query["uploadToken"], int(text[:9]), data, asked.now)
        return json_reply(orjson.dumps(part))

    async def finish_upload(self, asked: Asked) -> Reply:
        """Answer POST /api/import/finish_upload once the file was read; what is wrong with it is in its state."""
        body = await asked.json_body()
        fields = bodies.read_fields(body, {"import": "any", "uploadToken": "a string", "partTokens": "a sequence"}, {})
        form, mode, table = _what(fields["import"], body)
        tokens = [str(each) for each in fields["partTokens"]]
        data = self._uploads.finish(fields["uploadToken"], tokens, asked.now)
        emulator = self._emulator
        key = emulator.transact(lambda transaction: begin_import(transaction, mode, form.value, table))
        self._waiting[key] = _Waiting(data, form, mode, table, asked.now)
        while len(self._waiting) > MAX_WAITING:
            self._fail(self._waiting.popitem(last=False)[0], "It was not confirmed before others came.")
        await self._prepare(key, self._waiting[key])
        return json_reply(orjson.dumps({"importId": key}))

    async def perform(self, asked: Asked) -> Reply:
        """Answer POST /api/perform_import once all is written, or nothing."""
        key = await self._import_of(asked)
        waiting = self._waiting.pop(key, None)
        if waiting is None or self._state(key) != "waiting_for_confirmation":
            raise refused(f"import {key} does not wait for confirmation")
        if asked.now - waiting.since >= LIFETIME:
            self._fail(key, "It was not confirmed within an hour.")
            return empty_reply(200)
        self._set(key, "in_progress", progress_message="Importing", checkpoint_messages=[])
        try:
            await self._write(key, waiting)
        except ImportFailedError as error:
            self._fail(key, f"{_HIT}{error}")
        finally:
            if self._state(key) == "in_progress":
                self._fail(key, "Import canceled")
        return empty_reply(200)

    async def cancel(self, asked: Asked) -> Reply:
        """Answer POST /api/cancel_import."""
        key = await self._import_of(asked)
        if self._state(key) not in _OPEN:
            raise refused(f"import {key} is over")
        self._waiting.pop(key, None)
        self._fail(key, "Import canceled")
        return empty_reply(200)

    async def _import_of(self, asked: Asked) -> str:
        key = str(bodies.read_fields(await asked.json_body(), {"importId": "a string"}, {})["importId"])
        if self._state(key) is None:
            raise refused(f"invalid import id {key}")
        return key

    async def _prepare(self, key: str, waiting: _Waiting) -> None:
        """Read a file, and say what would come of it."""
        try:
            snapshot = await asyncio.to_thread(read_snapshot, waiting.data, waiting.form, waiting.table)
            changes = self._changes(snapshot, waiting.mode)
            if key in self._waiting:
                facts: dict[str, Value] = {"message_to_confirm": summary_of(changes)}
                facts["require_manual_confirmation"] = any(each.deleted for each in changes)
                self._set(key, "waiting_for_confirmation", **facts)
        except ImportFailedError as error:
            self._fail(key, f"{_HIT}{error}")
        finally:
            if self._state(key) != "waiting_for_confirmation":
                self._waiting.pop(key, None)
            if self._state(key) == "uploaded":
                self._fail(key, "Import canceled")

    async def _write(self, key: str, waiting: _Waiting) -> None:
        """Lay all writes out beside the loop and commit them; again, where somebody else was quicker."""
        emulator = self._emulator
        snapshot = await asyncio.to_thread(read_snapshot, waiting.data, waiting.form, waiting.table)
        self._keep(snapshot)
        for _ in range(MAX_ATTEMPTS):
            gone = self._gone(snapshot, waiting.mode)
            revision, transaction = emulator.revision, emulator.reading(MAX_DOCUMENTS)
            for rows in snapshot.tables:
                transaction.state.view.store.number_of(rows.table)
            written = await asyncio.to_thread(write_snapshot, snapshot, gone, revision.scenario, transaction)
            set_import_state(transaction, key, "completed", num_rows_written=Int64(written))
            touched = {*gone, *snapshot.touched}
            if self._state(key) != "in_progress":
                return
            if emulator.revision is revision and emulator.commit_unless_changed(transaction, touched):
                return
        raise ImportFailedError("Documents of the tables changed while this import was being run, again and again.")

    def _keep(self, snapshot: Snapshot) -> None:
        """Keep the bytes of files, ahead of what names them; raise ImportFailedError when there is no room."""
        files = self._emulator.files
        needed = {each.sha256 for each in stored_files(self._emulator.reading())} | snapshot.contents.keys()
        for digest, content in snapshot.contents.items():
            try:
                files.add(digest, content, needed)
            except FilesFullError as error:
                raise ImportFailedError(f"there is no room for its files: {error}") from error

    def _changes(self, snapshot: Snapshot, mode: ImportMode) -> list[TableChange]:
        reading = self._emulator.reading()
        names = tables_of(self._emulator.revision.scenario, reading.state.view)
        present = {name: len(reading.documents(name)) for name in names}
        stored = len(reading.documents(STORAGE))
        return changes_of(snapshot, mode, {**present, STORAGE: stored} if stored else present)

    def _gone(self, snapshot: Snapshot, mode: ImportMode) -> dict[str, list[str]]:
        """Return the ids of the documents that give way, by table; raise ImportFailedError where none may."""
        reading = self._emulator.reading()
        return {
            each.table: ids_of(reading.documents(each.table)) for each in self._changes(snapshot, mode) if each.deleted
        }

    def _state(self, key: str) -> str | None:
        return import_state(self._emulator.reading(), key)

    def _set(self, key: str, state: str, **facts: Value) -> None:
        self._emulator.transact(lambda transaction: set_import_state(transaction, key, state, **facts))

    def _fail(self, key: str, message: str) -> None:
        self._set(key, "failed", error_message=message)


def _what(tree: Any, body: bytes) -> tuple[ImportFormat, ImportMode, str | None]:  # noqa: ANN401 - JSON
    """Return what is imported, how and into which table; raise ApiError for what goes not together."""
    optional = {"tableName": "a string", "componentPath": "a string", "mode": "a string"}
    fields = bodies.check_fields(tree, {"format": "a string"}, optional, body=body, path="import.")
    form = _one_of(ImportFormat, fields["format"], "format")
    mode = _one_of(ImportMode, fields.get("mode") or ImportMode.REQUIRE_EMPTY.value, "mode")
    table = fields.get("tableName")
    if fields.get("componentPath"):
        raise refused(f"there is no component {fields['componentPath']}")
    if form is ImportFormat.ZIP and table is not None:
        raise ApiError(400, "InvalidName", "ZIP import cannot have table name")
    if form is not ImportFormat.ZIP and table is None:
        kind = {ImportFormat.CSV: "CSV", ImportFormat.JSON_ARRAY: "JSON"}.get(form, "JSONL")
        raise ApiError(400, "InvalidName", f"{kind} import requires table name")
    if table is not None:
        try:
            check_identifier(table, "Table name")
        except InvalidValueError as error:
            raise ApiError(400, "ImportInvalidName", f"invalid table name {table}: {error}") from error
    return form, mode, table


def _one_of(kind: type[_ONE_OF], text: str, name: str) -> _ONE_OF:
    try:
        return kind(text)
    except ValueError as error:
        choices = ", ".join(f"`{each.value}`" for each in kind)
        detail = f"import.{name}: unknown variant `{text}`, expected one of {choices}"
        raise bad_json_body(f"Failed to deserialize the JSON body into the target type: {detail}") from error
