"""Exports and imports of whole snapshots as documents, by which clients watch how they go (contract convex §14)."""

from __future__ import annotations

from enum import Enum

from emulator.engine.store import Document
from emulator.engine.transaction import Transaction
from emulator.values.convex import Int64, Value

EXPORTS = "$exports"
IMPORTS = "$imports"
MAX_REMEMBERED = 100


class ImportMode(Enum):
    """What becomes of the documents that a table has already."""

    REQUIRE_EMPTY = "requireEmpty"
    APPEND = "append"
    REPLACE = "replace"
    REPLACE_ALL = "replaceAll"


def begin_export(transaction: Transaction, ts: int, *, includes_files: bool) -> str:
    """Have an export under way of what is there at a timestamp; return its id."""
    _forget_oldest(transaction, EXPORTS)
    document: Document = {"state": "in_progress", "start_ts": Int64(ts), "include_storage": includes_files}
    return transaction.insert(EXPORTS, document)


def end_export(transaction: Transaction, key: str, ts: int, zip_key: str | None) -> None:
    """Have an export be done, or with no key of a zip failed; one that was forgotten meanwhile stays so."""
    document = transaction.read(EXPORTS, key)
    if document is None:
        return
    if zip_key is None:
        transaction.write(EXPORTS, key, {**document, "state": "failed", "failed_ts": Int64(ts)})
        return
    done: Document = {"state": "completed", "complete_ts": Int64(ts), "zip_object_key": zip_key}
    transaction.write(EXPORTS, key, {**document, **done})


def begin_import(transaction: Transaction, mode: ImportMode, form: str, table: str | None) -> str:
    """Have an import of a file that was uploaded; return its id."""
    _forget_oldest(transaction, IMPORTS)
    document: Document = {"state": {"state": "uploaded"}, "mode": mode.value, "format": form, "table": table}
    return transaction.insert(IMPORTS, document)


def import_state(transaction: Transaction, key: str) -> str | None:
    """Return where an import stands, None when there is none."""
    document = transaction.read(IMPORTS, key)
    state = None if document is None else document["state"]
    return str(state["state"]) if isinstance(state, dict) else None


def set_import_state(transaction: Transaction, key: str, state: str, **facts: Value) -> None:
    """Have an import stand somewhere; one that was forgotten meanwhile stays so."""
    document = transaction.read(IMPORTS, key)
    if document is not None:
        transaction.write(IMPORTS, key, {**document, "state": {"state": state, **facts}})


def _forget_oldest(transaction: Transaction, collection: str) -> None:
    known = transaction.documents(collection)
    for document in known[: len(known) - MAX_REMEMBERED + 1] if len(known) >= MAX_REMEMBERED else ():
        transaction.write(collection, str(document["_id"]), None)
