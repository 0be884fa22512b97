"""Files that are imported, as rows of tables; pure (contract convex §14). What is wrong is said by its line."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

import orjson

from emulator.engine.documents import SYSTEM_FIELDS
from emulator.engine.snapshot_import import FileRow, ImportFailedError, Rows, Snapshot, check_table_name
from emulator.engine.store import Document
from emulator.values.convex import InvalidValueError, check_field_name
from emulator.values.digests import digest_of
from emulator.values.formats import Format, Json, decode
from emulator.values.ids import STORAGE

MAX_UNPACKED = 256 * 1024 * 1024
MAX_ENTRIES = 10_000
_TABLES = "_tables"
_KINDS = ("documents", "generated_schema")
_ENTRY = re.compile(rf"(?:.*/)?([^/]+)/({'|'.join(_KINDS)})\.jsonl")
_FILE = re.compile(rf"(?:.*/)?({STORAGE})/([^/.]+)(?:\.[^/]+)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOM = b"\xef\xbb\xbf"
_UNIFORM = b'"uniform"'
_CHUNK = 64 * 1024


class ImportFormat(Enum):
    """What kind of file is imported."""

    CSV = "csv"
    JSON_LINES = "jsonLines"
    JSON_ARRAY = "jsonArray"
    ZIP = "zip"


def read_snapshot(data: bytes, form: ImportFormat, table: str | None) -> Snapshot:
    """Return what a file holds; raise ImportFailedError when it is not what it should be."""
    if form is ImportFormat.ZIP:
        return _read_zip(data)
    assert table is not None, "every other file is of one table"
    check_table_name(table)
    readers = {ImportFormat.CSV: _csv, ImportFormat.JSON_LINES: _lines, ImportFormat.JSON_ARRAY: _array}
    return Snapshot([Rows(table, _documents(readers[form](data), Format.ENCODED))])


def _documents(rows: Iterable[Json], form: Format) -> list[Document]:
    documents = []
    for place, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise ImportFailedError(f"Row {place} wasn't an object")
        try:
            value = decode(row, form)
        except InvalidValueError as error:
            raise ImportFailedError(f"Row {place} wasn't a valid Convex value: {error}") from error
        if not isinstance(value, dict):
            raise ImportFailedError(f"Row {place} wasn't an object")
        documents.append(value)
    return documents


def _lines(data: bytes) -> Iterator[Json]:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for place, line in enumerate(lines, 1):
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ImportFailedError(f"Row {place} wasn't valid JSON: {error}") from error


def _array(data: bytes) -> list[Json]:
    try:
        tree: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ImportFailedError(f"Not valid JSON: {error}") from error
    if not isinstance(tree, list):
        raise ImportFailedError("Not a JSON array")
    return tree


def _csv(data: bytes) -> Iterator[Json]:
    try:
        text = data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise ImportFailedError(f"Import wasn't valid UTF8: {error}") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [each.strip(" ") for each in next(rows, [])]
        _check_header(header)
        for place, row in enumerate(filter(None, rows), 1):
            if len(row) != len(header):
                raise ImportFailedError(f"CSV row {place} doesn't have all of the fields in the header")
            yield dict(zip(header, map(_cell, row), strict=True))
    except csv.Error as error:
        raise ImportFailedError(f"Failed to parse CSV row {rows.line_num}: {error}") from error


def _check_header(header: list[str]) -> None:
    if not header:
        raise ImportFailedError("CSV file doesn't have headers")
    for name in header:
        try:
            check_field_name(name)
        except InvalidValueError as error:
            raise ImportFailedError(f"CSV header {name!r} isn't a valid field name: {error}") from error
        if header.count(name) > 1:
            raise ImportFailedError(f"CSV header {name!r} is there twice")


def _cell(text: str) -> Json:
    return float(text) if _NUMBER.fullmatch(text) else text


def _read_zip(data: bytes) -> Snapshot:
    lines: dict[str, bytes] = {}
    uniform: set[str] = set()
    files: dict[str, bytes] = {}
    for table, kind, content in _entries(data):
        if table == STORAGE and kind not in _KINDS:
            files[kind] = content
        elif kind == "documents":
            lines[table] = content
        elif content.strip() == _UNIFORM:
            uniform.add(table)
    numbers = _numbers(lines.pop(_TABLES, b""))
    stored = _files(lines.pop(STORAGE, None), files)
    missing = [name for name in numbers.values() if name not in lines]
    tables = []
    for table in (*lines, *missing):
        if table.startswith("_"):
            continue  # a system table, which only the system writes
        check_table_name(table)
        form = Format.EXPORT if table in uniform else Format.ENCODED
        try:
            tables.append(Rows(table, _documents(_lines(lines.get(table, b"")), form)))
        except ImportFailedError as error:
            raise ImportFailedError(f"{table}/documents.jsonl: {error}") from error
    return Snapshot(tables, numbers, stored, {digest_of(content): content for content in files.values()})


def _files(written: bytes | None, files: Mapping[str, bytes]) -> list[FileRow] | None:
    """Return the stored files of a snapshot, as their documents say, and those that no document tells of."""
    if written is None and not files:
        return None
    documents = {str(each.get("_id")): each for each in _documents(_lines(written or b""), Format.EXPORT)}
    missing = next((key for key in documents if key not in files), None)
    if missing is not None:
        raise ImportFailedError(f"{STORAGE}/documents.jsonl: there is no file {missing} in the zip")
    rows = []
    for key, content in files.items():
        document = documents.get(key, {})
        kind = document.get("contentType")
        system: Document = {"_id": key, **{name: each for name, each in document.items() if name in SYSTEM_FIELDS}}
        rows.append(FileRow(system, digest_of(content), len(content), kind if isinstance(kind, str) else None))
    return rows


def _entries(data: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield table, kind and content of what a zip has of tables; of stored files the kind is their id.

    Nothing is unpacked to disk, nor without bound.
    """
    room = MAX_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise ImportFailedError(f"invalid zip file: it has {len(entries):,} entries, at most {MAX_ENTRIES:,}")
            for entry in entries:
                _check_path(entry.filename)
                match = _ENTRY.fullmatch(entry.filename) or _FILE.fullmatch(entry.filename)
                if match is not None:
                    content = _unpacked(archive, entry, room)
                    room -= len(content)
                    yield match[1], match[2], content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ImportFailedError(f"invalid zip file: {error}") from error


def _check_path(name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")):
        raise ImportFailedError(f"invalid zip file: {name!r} leads outside of it")
    if "_components" in parts:
        raise ImportFailedError(f"invalid zip file: {name!r} is of a component, which this deployment has none of")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> bytes:
    parts: list[bytes] = []
    with archive.open(entry) as source:
        while part := source.read(_CHUNK):
            room -= len(part)
            if room < 0:
                raise ImportFailedError(f"invalid zip file: unpacked it is larger than {MAX_UNPACKED >> 20} MiB")
            parts.append(part)
    return b"".join(parts)


def _numbers(data: bytes) -> dict[int, str]:
    """Return the numbers that tables had where a snapshot comes from, by name."""
    numbers: dict[int, str] = {}
    for place, row in enumerate(_lines(data), 1):
        name, number = (row.get("name"), row.get("id")) if isinstance(row, dict) else (None, None)
        if not isinstance(name, str):
            raise ImportFailedError(
                f"_tables/documents.jsonl: Row {place} wasn't a valid Convex value: table requires name"
            )
        if isinstance(number, int | float) and not isinstance(number, bool):
            numbers[int(number)] = name
    return numbers
