"""Snapshots of all tables as zip files, as a deployment exports them; pure but for what it takes (contract §14).

Each table has a folder with one document a line, in the export format; ``"uniform"`` beside it says so.
"""

from __future__ import annotations

import io
import mimetypes
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from emulator.engine.store import Document
from emulator.values.durations import SECOND
from emulator.values.formats import Format, encode
from emulator.values.ids import STORAGE

README = """# A snapshot of this deployment's tables

Documents of each table are lines of JSON in <table>/documents.jsonl. `npx convex import` takes this file as it is.
"""
_READABLE = 0o644 << 16
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
_OLDEST = datetime(1980, 1, 1, tzinfo=UTC)
_NEWEST = datetime(2107, 12, 31, tzinfo=UTC)
_A_WRITE = 1_000


class TableSnapshot(NamedTuple):
    """One table as it was, and its number."""

    name: str
    number: int
    documents: Sequence[Document]


class FileSnapshot(NamedTuple):
    """One stored file: its document and its bytes."""

    document: Document
    content: bytes


def write_zip(tables: Sequence[TableSnapshot], files: Sequence[FileSnapshot] | None, at: int) -> bytes:
    """Return the zip, with stored files if they are given; `at` is when, in nanoseconds since the epoch."""
    moment = min(max(datetime.fromtimestamp(at // SECOND, UTC), _OLDEST), _NEWEST).timetuple()[:6]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name: str, parts: Iterable[bytes]) -> None:
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _READABLE
            with archive.open(entry, "w") as target:
                for part in parts:
                    target.write(part)

        add("README.md", [README.encode()])
        add("_tables/documents.jsonl", (_line({"name": each.name, "id": each.number}) for each in tables))
        if files is not None:
            add(f"{STORAGE}/documents.jsonl", _lines([each.document for each in files]))
            for file in files:
                add(f"{STORAGE}/{file.document['_id']!s}{_extension(file.document)}", [file.content])
        for each in tables:
            add(f"{each.name}/generated_schema.jsonl", [b'"uniform"\n'])
            add(f"{each.name}/documents.jsonl", _lines(each.documents))
    return written.getvalue()


def _extension(document: Document) -> str:
    kind = document.get("contentType")
    return mimetypes.guess_extension(kind.partition(";")[0].strip()) or "" if isinstance(kind, str) else ""


def _lines(documents: Sequence[Document]) -> Iterable[bytes]:
    for start in range(0, len(documents), _A_WRITE):
        some = documents[start : start + _A_WRITE]
        yield b"".join(_line(encode(each, Format.EXPORT)) for each in some)


def _line(tree: object) -> bytes:
    return orjson.dumps(tree, option=_OPTIONS)
