"""Fivetran's operations on rows; pure (contract convex §10).

What Fivetran keeps of a row stands in the row's field `fivetran`: when it was synced, and whether it is deleted.
"""

from __future__ import annotations

from enum import Enum
from math import isfinite
from typing import NamedTuple, TypeVar

from emulator.engine.store import Document
from emulator.engine.tables import PrimaryKey
from emulator.surfaces.convex.body import check_fields, parse_json, unexpected
from emulator.surfaces.convex.failures import ApiError, bad_json_body
from emulator.surfaces.convex.streaming_import.airbyte import read_primary_key, read_table
from emulator.values.convex import InvalidValueError, Value
from emulator.values.durations import MILLISECOND
from emulator.values.formats import Json, decode
from emulator.values.instants import parse_instant

METADATA = "fivetran"
PRIMARY_KEY_INDEX = "by_primary_key"
_DELETED = "deleted"
_SYNCED = "synced"
_TARGET = "Failed to deserialize the JSON body into the target type: "
_SYSTEM_PATHS = frozenset({"_creationTime", f"{METADATA}.{_DELETED}"})


Variant = TypeVar("Variant", bound=Enum)


class Operation(Enum):
    """What is to be done with a row."""

    UPSERT = "Upsert"
    UPDATE = "Update"
    HARD_DELETE = "HardDelete"


class Deletion(Enum):
    """How rows are deleted: for good, or by a mark in them."""

    SOFT = "SoftDelete"
    HARD = "HardDelete"


class Batched(NamedTuple):
    """One operation on one row of a table."""

    table: str
    operation: Operation
    row: Document


class Truncation(NamedTuple):
    """The rows of a table that are to be deleted: those synced before an instant in milliseconds, or all."""

    table: str
    before: float | None
    deletion: Deletion


def read_operations(body: bytes) -> list[Batched]:
    """Read the body of apply_fivetran_operations; raise ApiError."""
    tree = parse_json(body)
    if not isinstance(tree, list):
        raise bad_json_body(f"{_TARGET}invalid type: {unexpected(tree)}, expected a sequence at line 1 column 0")
    needed = {"table": "a string", "operation": "a string", "row": "a map"}
    batched = []
    for number, each in enumerate(tree):
        fields = check_fields(each, needed, {}, body=body, path=f"[{number}].", struct="BatchWriteRow")
        operation = _variant(Operation, fields["operation"], f"[{number}].operation")
        batched.append(Batched(fields["table"], operation, _row(fields["row"], f"[{number}].row")))
    return batched


def read_truncation(body: bytes) -> Truncation:
    """Read the body of fivetran_truncate_table; raise ApiError."""
    needed = {"tableName": "a string", "deleteType": "a string"}
    fields = check_fields(parse_json(body), needed, {"deleteBefore": "any"}, body=body, struct="TruncateTableArgs")
    deletion = _variant(Deletion, fields["deleteType"], "deleteType")
    return Truncation(
        read_table(fields["tableName"], "tableName: "), _milliseconds(fields.get("deleteBefore")), deletion
    )


def read_definition(body: bytes) -> tuple[str, PrimaryKey | None]:
    """Read the body of fivetran_create_table: a table and, of its indexes, the primary key; raise ApiError."""
    definition = check_fields(parse_json(body), {"tableDefinition": "a map"}, {}, body=body, struct="CreateTableArgs")[
        "tableDefinition"
    ]
    path = "tableDefinition."
    optional = {"indexes": "a sequence"}
    fields = check_fields(
        definition, {"tableName": "a string"}, optional, body=body, path=path, struct="TableDefinition"
    )
    key = None
    for index in fields.get("indexes") or ():
        needed = {"indexDescriptor": "a string", "fields": "a sequence"}
        member = check_fields(index, needed, {}, body=body, path=f"{path}indexes.", struct="IndexDefinition")
        if member["indexDescriptor"] == PRIMARY_KEY_INDEX:
            paths: list[Json] = [[*path.split(".")] for path in map(str, member["fields"]) if path not in _SYSTEM_PATHS]
            key = read_primary_key(paths)
    return read_table(fields["tableName"], "tableDefinition.tableName: "), key


def missing_index(table: str) -> ApiError:
    """Return the error for a table without a primary key."""
    message = (
        f"The `{PRIMARY_KEY_INDEX}` index on the `{table}` table is missing. Please edit your `schema.ts` file and add "
        f'the following index to the `{table}` table: .index("{PRIMARY_KEY_INDEX}", '
        "[/* …attributes in the primary key… */])."
    )
    return ApiError(400, "MissingFivetranPrimaryKeyIndex", message)


def updated(old: Document, row: Document) -> Document:
    """Return a row with some fields changed; what Fivetran keeps of it is changed field by field, too."""
    kept, new = old.get(METADATA), row.get(METADATA)
    if isinstance(kept, dict) and isinstance(new, dict):
        return {**old, **row, METADATA: {**kept, **new}}
    return {**old, **row}


def marked(row: Document) -> Document:
    """Return a row with the mark that it is deleted."""
    kept = row.get(METADATA)
    return {**row, METADATA: {**(kept if isinstance(kept, dict) else {}), _DELETED: True}}


def is_marked(row: Document) -> bool:
    """Whether a row has the mark that it is deleted."""
    kept = row.get(METADATA)
    return isinstance(kept, dict) and kept.get(_DELETED) is True


def is_synced_before(row: Document, before: float | None) -> bool:
    """Whether a row was synced before an instant in milliseconds; None is later than all."""
    if before is None:
        return True
    kept = row.get(METADATA)
    synced = kept.get(_SYNCED) if isinstance(kept, dict) else None
    return isinstance(synced, float) and synced < before


def _variant(kind: type[Variant], name: str, path: str) -> Variant:
    try:
        return kind(name)
    except ValueError as error:
        known = ", ".join(f"`{each.value}`" for each in kind)
        raise bad_json_body(f"{_TARGET}{path}: unknown variant `{name}`, expected one of {known}") from error


def _row(tree: dict[str, Json], path: str) -> Document:
    try:
        row: Value = decode(tree)
    except InvalidValueError as error:
        raise bad_json_body(f"{_TARGET}{path}: {error}") from error
    if not isinstance(row, dict):
        raise bad_json_body(f"{_TARGET}{path}: a row is an object")
    return row


def _milliseconds(tree: Json) -> float | None:
    """Read an instant: milliseconds since the epoch, or a text in ISO 8601."""
    if isinstance(tree, str):
        try:
            return parse_instant(tree) / MILLISECOND
        except ValueError as error:
            raise bad_json_body(f"{_TARGET}deleteBefore: {error}") from error
    if isinstance(tree, int | float) and not isinstance(tree, bool) and isfinite(tree):
        return float(tree)
    if tree is None:
        return None
    raise bad_json_body(f"{_TARGET}deleteBefore: expected a timestamp")
