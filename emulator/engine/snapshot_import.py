"""Rows of an uploaded snapshot as writes: what an import would change, and the changing of it, all or nothing.

Ids of another deployment become ids of this one: they keep their bytes and get the numbers that tables have here, in
references to documents as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from emulator.engine.documents import SYSTEM_FIELDS, checked, own_fields
from emulator.engine.files import LINKS, store_file
from emulator.engine.snapshots import ImportMode
from emulator.engine.store import Document
from emulator.engine.tables import create_table
from emulator.engine.transaction import EffectError, Transaction
from emulator.model.scenario import Scenario
from emulator.values.convex import InvalidValueError, Value, check_identifier
from emulator.values.ids import STORAGE, InvalidIdError, decode_id, encode_id

_ID_LENGTHS = range(31, 38)


class ImportFailedError(Exception):
    """An import that cannot be done; its text is for whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The documents that are to go into one table."""

    table: str
    documents: Sequence[Document]


class FileRow(NamedTuple):
    """A stored file: its id and its time of creation, where it brings those, and what it is."""

    system: Document
    sha256: str
    size: int
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a file holds; `numbers` are those its tables had where it comes from.

    `files` are None where it says nothing of stored files; `contents` are their bytes, by their digests.
    """

    tables: Sequence[Rows]
    numbers: Mapping[int, str] = field(default_factory=dict)
    files: Sequence[FileRow] | None = None
    contents: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def touched(self) -> set[str]:
        """The collections that it writes to."""
        return {rows.table for rows in self.tables} | (set() if self.files is None else {STORAGE, LINKS})


class TableChange(NamedTuple):
    """What an import does to one table: how many documents come, go, and are there."""

    table: str
    added: int
    deleted: int
    existing: int

    @property
    def unit(self) -> str:
        """What is counted, where it is no documents."""
        return " files" if self.table == STORAGE else ""


def changes_of(snapshot: Snapshot, mode: ImportMode, present: Mapping[str, int]) -> list[TableChange]:
    """Return what an import would do to tables; `present` counts the documents of those that are there.

    Stored files stay as they are where the snapshot says nothing of them. Raises ImportFailedError where it may not.
    """
    added = {rows.table: 0 for rows in snapshot.tables}
    if mode is ImportMode.REPLACE_ALL:
        added = {table: 0 for table in present if table != STORAGE} | added
    for rows in snapshot.tables:
        check_table_name(rows.table)
        added[rows.table] += len(rows.documents)
    if snapshot.files is not None:
        added[STORAGE] = len(snapshot.files)
    return [_change_of(table, count, mode, present.get(table, 0)) for table, count in sorted(added.items())]


def check_table_name(name: str) -> None:
    """Raise ImportFailedError for a name that no table can have."""
    try:
        check_identifier(name, "Table name")
    except InvalidValueError as error:
        raise ImportFailedError(f'"{name}" isn\'t a valid table name: {error}') from error


def summary_of(changes: Sequence[TableChange]) -> str:
    """Return what is to be confirmed."""
    rows = [("table", "create", "delete")]
    rows += [(each.table, f"{each.added:,}", f"{each.deleted:,} of {each.existing:,}{each.unit}") for each in changes]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(["Import change summary:", *lines])


def write_snapshot(
    snapshot: Snapshot, gone: Mapping[str, Sequence[str]], scenario: Scenario, transaction: Transaction
) -> int:
    """Write all documents, deleting those with the ids in `gone`, by table; return how many were written.

    May run beside the loop, for it reads single documents only. Raises ImportFailedError.
    """
    for table, keys in gone.items():
        for key in keys:
            transaction.write(table, key, None)
    for rows in snapshot.tables:
        if rows.table not in scenario.tables:
            create_table(transaction, rows.table)
    numbers = _renumbering(snapshot, transaction)
    written = 0
    for file in snapshot.files or ():
        try:
            system = _system_of(STORAGE, _renumbered(file.system, numbers), transaction)
        except EffectError as error:
            raise ImportFailedError(f"Row {written + 1} of table {STORAGE}: {error}") from error
        store_file(transaction, file.sha256, file.size, file.content_type, system)
        written += 1
    for rows in snapshot.tables:
        for place, document in enumerate(rows.documents, 1):
            try:
                _insert(rows.table, _renumbered(document, numbers), scenario, transaction)
            except (EffectError, InvalidValueError) as error:
                raise ImportFailedError(f"Row {place} of table {rows.table}: {error}") from error
            written += 1
    return written


def _change_of(table: str, added: int, mode: ImportMode, existing: int) -> TableChange:
    if mode is ImportMode.REQUIRE_EMPTY and existing:
        raise ImportFailedError(
            f"Table {table} already exists. Please choose a new table name or use replace/append modes."
        )
    deleted = existing if mode in {ImportMode.REPLACE, ImportMode.REPLACE_ALL} else 0
    return TableChange(table, added, deleted, existing)


def _insert(table: str, written: Document, scenario: Scenario, transaction: Transaction) -> None:
    system = _system_of(table, written, transaction)
    transaction.insert(table, {**system, **checked(table, own_fields(written), scenario, transaction)})


def _system_of(table: str, written: Document, transaction: Transaction) -> Document:
    """Return the system fields that a document brings; raise EffectError where it could not have them here."""
    system: Document = {name: written[name] for name in sorted(SYSTEM_FIELDS & written.keys())}
    key, created = system.get("_id"), system.get("_creationTime", 0.0)
    if "_id" in system and (not isinstance(key, str) or _number_of(key) != transaction.table_number(table)):
        raise EffectError(f"its _id is no id of {table}")
    if isinstance(key, str) and transaction.read(table, key) is not None:
        raise EffectError(f"there is a document with the _id {key} already")
    if not isinstance(created, float) or not isfinite(created):
        raise EffectError("its _creationTime is no number of milliseconds since 1970")
    return system


def _renumbering(snapshot: Snapshot, transaction: Transaction) -> dict[int, int]:
    """Return the numbers of tables that are others here, and what they are here."""
    known = dict(snapshot.numbers)
    firsts = [(rows.table, rows.documents[0]) for rows in snapshot.tables if rows.documents]
    firsts += [(STORAGE, each.system) for each in (snapshot.files or ())[:1]]
    for table, first in firsts:
        key = first.get("_id")
        number = _number_of(key) if isinstance(key, str) else None
        if number is not None:
            known.setdefault(number, table)
    here = {number: transaction.table_number(table) for number, table in known.items()}
    return {number: new for number, new in here.items() if number != new}


def _renumbered(document: Document, numbers: Mapping[int, int]) -> Document:
    return {name: _with_new_ids(value, numbers) for name, value in document.items()} if numbers else document


def _with_new_ids(value: Value, numbers: Mapping[int, int]) -> Value:
    if isinstance(value, str):
        number = _number_of(value)
        return value if number is None or number not in numbers else encode_id(numbers[number], decode_id(value)[1])
    if isinstance(value, list):
        return [_with_new_ids(each, numbers) for each in value]
    if isinstance(value, dict):
        return {name: _with_new_ids(each, numbers) for name, each in value.items()}
    return value


def _number_of(text: str) -> int | None:
    """Return the number of the table that an id is of, None for what is none."""
    if len(text) not in _ID_LENGTHS:
        return None
    try:
        return decode_id(text)[0]
    except InvalidIdError:
        return None


def ids_of(documents: Iterable[Document]) -> list[str]:
    """Return the ids of documents."""
    return [str(each["_id"]) for each in documents]
