"""Airbyte's records to rows of tables; pure (contract convex §10)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from emulator.engine.store import Document
from emulator.engine.tables import PrimaryKey
from emulator.surfaces.convex.body import check_fields, parse_json
from emulator.surfaces.convex.failures import ApiError, bad_json_body
from emulator.surfaces.convex.streaming_import.names import MOST_PREFIXES, PREFIX, legal_field, legal_table
from emulator.values.convex import InvalidValueError, Value, check_array_length, check_field_count, check_nesting
from emulator.values.formats import Json, decode

_CDC = f"{PREFIX}ab_cdc"
_DELETED = f"{_CDC}_deleted_at"
_TARGET = "Failed to deserialize the JSON body into the target type: "
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REQUIREMENTS = (
    "Identifiers must start with an alphabetic character or underscore and must consist entirely of alphanumeric "
    "characters or underscores."
)


class Record(NamedTuple):
    """A row for a table, or with `is_deleted` the primary key of one that is to go; without a key rows are appended."""

    table: str
    row: Document
    is_deleted: bool
    primary_key: PrimaryKey | None


def read_records(body: bytes) -> list[Record]:
    """Read the body of import_airbyte_records; raise ApiError."""
    fields = check_fields(
        parse_json(body), {"tables": "a map", "messages": "a sequence"}, {}, body=body, struct="AirbyteImportArgs"
    )
    streams = _read_streams(fields["tables"], body)
    records = []
    for number, message in enumerate(fields["messages"]):
        path = f"messages[{number}]."
        needed = {"tableName": "a string", "data": "a map"}
        member = check_fields(message, needed, {}, body=body, path=path, struct="AirbyteRecordMessage")
        table, row, is_deleted = _read_record(member["tableName"], member["data"], path)
        if table not in streams:
            raise ApiError(400, "MissingStream", f"Missing stream for table {table}")
        records.append(Record(table, row, is_deleted, streams[table]))
    return records


def read_primary_keys(body: bytes) -> dict[str, PrimaryKey]:
    """Read the body of add_primary_key_indexes; raise ApiError."""
    indexes = check_fields(parse_json(body), {"indexes": "a map"}, {}, body=body, struct="AddIndexesArgs")["indexes"]
    return {read_table(stream, "indexes."): read_primary_key(paths) for stream, paths in indexes.items()}


def read_tables(body: bytes, member: str) -> list[str]:
    """Read a list of tables; raise ApiError."""
    names = check_fields(parse_json(body), {member: "a sequence"}, {}, body=body, struct="TableNamesArgs")[member]
    if not all(isinstance(each, str) for each in names):
        raise bad_json_body(f"{_TARGET}{member}: expected strings")
    return [read_table(each, f"{member}: ") for each in names]


def read_table(name: str, path: str) -> str:
    """Return the name of the table that a stream goes to; raise ApiError when it has none."""
    try:
        return legal_table(name)
    except InvalidValueError as error:
        raise bad_json_body(f"{_TARGET}{path}{error}") from error


def read_primary_key(tree: Json) -> PrimaryKey:
    """Read a list of field paths, each of which is a list of names; raise ApiError."""
    paths = tree if isinstance(tree, list) else []
    key = tuple(tuple(str(name) for name in path) if isinstance(path, list) else () for path in paths)
    if not key or not all(path and all(map(_IDENTIFIER.fullmatch, path)) for path in key):
        shown = "[" + ", ".join("[" + ", ".join(f'"{name}"' for name in path) + "]" for path in key) + "]"
        raise ApiError(400, "InvalidPrimaryKey", f"Invalid primary key: {_REQUIREMENTS} {shown}.")
    return key


def _read_streams(tree: Mapping[str, Any], body: bytes) -> dict[str, PrimaryKey | None]:
    streams: dict[str, PrimaryKey | None] = {}
    for name, stream in tree.items():
        path = f"tables.{name}."
        fields = check_fields(
            stream, {"jsonSchema": "any"}, {"primaryKey": "a sequence"}, body=body, path=path, struct="AirbyteStream"
        )
        given = fields.get("primaryKey")
        if given == []:
            raise ApiError(400, "EmptyPrimaryKey", "Primary keys cannot be empty")
        streams[read_table(name, path)] = None if given is None else read_primary_key(given)
    return streams


def _read_record(stream: str, data: dict[str, Json], path: str) -> tuple[str, Document, bool]:
    table = read_table(stream, f"{path}tableName: ")
    try:
        row = _fields(data, 1)
    except InvalidValueError as error:
        raise bad_json_body(f"{_TARGET}{path}data: {error}") from error
    is_deleted = row.get(_DELETED) is not None
    return table, {name: value for name, value in row.items() if not name.startswith(_CDC)}, is_deleted


def _fields(tree: Mapping[str, Json], depth: int) -> dict[str, Value]:
    """Return an object with legal names; numbers in it are Float64s."""
    check_field_count(len(tree))
    fields = {}
    for name, each in tree.items():
        kept = legal_field(name)
        fields[kept if kept == name else _free(kept, tree)] = _value(each, depth)
    return fields


def _free(name: str, tree: Mapping[str, Json]) -> str:
    """Return a name made legal, prefixed until the record has no field of that name."""
    for times in range(MOST_PREFIXES):
        if PREFIX * times + name not in tree:
            return PREFIX * times + name
    raise InvalidValueError(f"Too many duplicate field names found for modified field {name}")


def _value(tree: Json, depth: int) -> Value:
    if isinstance(tree, dict):
        check_nesting(depth + 1)
        return _fields(tree, depth + 1)
    if isinstance(tree, list):
        check_nesting(depth + 1)
        check_array_length(len(tree))
        return [_value(each, depth + 1) for each in tree]
    return decode(tree)
