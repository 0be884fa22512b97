"""The endpoints of streaming import: each request is one transaction, or nothing at all (contract convex §10)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, assert_never

import orjson

from emulator.engine.imports import MAX_WRITES, Import, MissingKeyError
from emulator.engine.store import Document
from emulator.engine.tables import PrimaryKey, create_table, primary_key_of
from emulator.engine.transaction import EffectError, Transaction
from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex.failures import ApiError
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import empty_reply, json_reply
from emulator.surfaces.convex.schema_json import write_schema
from emulator.surfaces.convex.streaming_import import airbyte, fivetran
from emulator.surfaces.convex.streaming_import.fivetran import Batched, Deletion, Operation, Truncation
from emulator.surfaces.http import Reply
from emulator.values.convex import InvalidValueError

MAX_RECORDS = 20 * 1024 * 1024
"""How long the body of import_airbyte_records may be (contract convex §16)."""

_LONG = 32 * 1024
_NO_OVERWRITING = ApiError(
    400,
    "OverwriteNotSupported",
    "Overwrite sync mode is not supported. Please use a different sync mode.",
)

Read = TypeVar("Read")


class ImportEndpoints:
    """One method for each endpoint of contract convex §10."""

    def __init__(self, emulator: Emulator) -> None:
        """Write into what `emulator` keeps."""
        self._emulator = emulator

    async def import_records(self, asked: Asked) -> Reply:
        """Answer POST import_airbyte_records."""
        records = await _read(await asked.json_body(MAX_RECORDS), airbyte.read_records)

        def write(importing: Import) -> None:
            for record in records:
                if record.primary_key is not None and record.is_deleted:
                    importing.delete(record.table, record.row, record.primary_key)
                elif record.primary_key is not None:
                    importing.put(record.table, record.row, record.primary_key)
                elif not record.is_deleted:
                    importing.insert(record.table, record.row)

        try:
            return self._import(write)
        except MissingKeyError as error:
            message = f"Missing value for primary key field {'.'.join(error.path)}"
            raise ApiError(400, "MissingPrimaryKeyValue", message) from error

    async def add_indexes(self, asked: Asked) -> Reply:
        """Answer PUT add_primary_key_indexes."""
        keys = airbyte.read_primary_keys(await asked.json_body())

        def create(transaction: Transaction) -> None:
            for table, key in keys.items():
                create_table(transaction, table, key)

        self._emulator.transact(create)
        return empty_reply(200)

    async def indexes_ready(self, asked: Asked) -> Reply:
        """Answer GET primary_key_indexes_ready: an index is there as soon as it is asked for."""
        tables = airbyte.read_tables(await asked.json_body(), "tables")
        reading = self._emulator.reading()
        is_ready = all(primary_key_of(reading, table) is not None for table in tables)
        return json_reply(orjson.dumps({"indexesReady": is_ready}))

    async def clear_tables(self, asked: Asked) -> Reply:
        """Answer PUT clear_tables."""
        tables = airbyte.read_tables(await asked.json_body(), "tableNames")

        def clear(transaction: Transaction) -> None:
            for table in tables:
                transaction.clear(table)

        self._emulator.transact(clear)
        return empty_reply(200)

    async def replace_tables(self, _asked: Asked) -> Reply:
        """Answer POST replace_tables, which a deployment refuses."""
        raise _NO_OVERWRITING.fresh()

    async def schema(self, _asked: Asked) -> Reply:
        """Answer GET get_schema."""
        return json_reply(orjson.dumps(write_schema(self._emulator.revision.scenario, self._emulator.reading())))

    async def apply_operations(self, asked: Asked) -> Reply:
        """Answer POST apply_fivetran_operations."""
        batch = await _read(await asked.json_body(), fivetran.read_operations)
        reading = self._emulator.reading()
        keys = {table: primary_key_of(reading, table) for table in {each.table for each in batch}}

        def write(importing: Import) -> None:
            for each in batch:
                key = keys[each.table]
                if key is None:
                    raise fivetran.missing_index(each.table)
                _apply(each, key, importing)

        try:
            return self._import(write)
        except MissingKeyError as error:
            message = f"Missing value for field {'.'.join(error.path)} of primary key index."
            raise ApiError(400, "MissingValueForFivetranPrimaryKeyIndex", message) from error

    async def truncate_table(self, asked: Asked) -> Reply:
        """Answer POST fivetran_truncate_table."""
        truncation = fivetran.read_truncation(await asked.json_body())
        return self._import(lambda importing: _truncate(truncation, importing))

    async def create_table(self, asked: Asked) -> Reply:
        """Answer POST fivetran_create_table."""
        table, key = fivetran.read_definition(await asked.json_body())
        self._emulator.transact(lambda transaction: create_table(transaction, table, key))
        return empty_reply(200)

    def _import(self, write: Callable[[Import], None]) -> Reply:
        """Have `write` write rows; what a table does not take fails the whole."""
        scenario = self._emulator.revision.scenario
        try:
            self._emulator.transact(lambda transaction: write(Import(transaction, scenario)), MAX_WRITES)
        except (EffectError, InvalidValueError) as error:
            raise ApiError(400, "SchemaEnforcementError", str(error)) from error
        return empty_reply(200)


async def _read(body: bytes, read: Callable[[bytes], Read]) -> Read:
    """Read a body; a long one beside the loop."""
    return await asyncio.to_thread(read, body) if len(body) > _LONG else read(body)


def _apply(batched: Batched, key: PrimaryKey, importing: Import) -> None:
    table, operation, row = batched
    match operation:
        case Operation.UPSERT:
            importing.put(table, row, key)
        case Operation.UPDATE:
            found = importing.find(table, row, key)
            if found is None:
                message = "Fivetran is trying to update a row that doesn’t exist in the Convex destination."
                raise ApiError(404, "FivetranMissingUpdatedRow", message)
            importing.replace(table, found, fivetran.updated(found, row))
        case Operation.HARD_DELETE:
            importing.delete(table, row, key)
        case _:
            assert_never(operation)


def _truncate(truncation: Truncation, importing: Import) -> None:
    table, before, deletion = truncation
    chosen = [each for each in importing.documents(table) if fivetran.is_synced_before(each, before)]
    for document in chosen:
        _delete(table, document, deletion, importing)


def _delete(table: str, document: Document, deletion: Deletion, importing: Import) -> None:
    match deletion:
        case Deletion.HARD:
            importing.drop(table, document)
        case Deletion.SOFT:
            if not fivetran.is_marked(document):
                importing.replace(table, document, fivetran.marked(document))
        case _:
            assert_never(deletion)
