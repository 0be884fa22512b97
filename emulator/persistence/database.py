"""The tables of SQLite in which an emulator's state is: made, checked, written and read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import orjson

from emulator.engine.image import Image, Kept, check_image
from emulator.engine.store import Collection, Document, Write
from emulator.persistence.errors import BrokenStateError, StateFileError
from emulator.values.convex import InvalidValueError, Value
from emulator.values.digests import digest_of
from emulator.values.formats import Format, decode, encode

APPLICATION = 0x434F4553
"""What tells our files from other databases."""

VERSION = 1
HEADER = 100
PAGE = 4096
_TOLD = 3
_MAGIC = b"SQLite format 3\0"
_APPLICATION_AT = slice(68, 72)
_UPSERT = """
    INSERT INTO documents VALUES (?, ?, ?)
    ON CONFLICT (collection, id) DO UPDATE SET document = excluded.document
"""
_TABLES = (
    "CREATE TABLE head (only INTEGER PRIMARY KEY CHECK (only = 1), scenario TEXT NOT NULL, ts TEXT NOT NULL)",
    "CREATE TABLE numbers (name TEXT PRIMARY KEY, number INTEGER NOT NULL)",
    "CREATE TABLE definitions (part TEXT PRIMARY KEY, digest TEXT NOT NULL)",
    "CREATE TABLE collections (name TEXT PRIMARY KEY, inserted INTEGER NOT NULL, newest REAL NOT NULL) WITHOUT ROWID",
    # in the order of rowids; ids are bytes, for they may hold what SQLite takes for the end of a text
    "CREATE TABLE documents (collection TEXT, id BLOB, document BLOB NOT NULL, UNIQUE (collection, id))",
    "CREATE TABLE files (digest TEXT PRIMARY KEY, content BLOB NOT NULL)",
)


class Saved(NamedTuple):
    """An image, and the bytes of its files by their digests, as far as they are there and sound."""

    image: Image
    contents: Mapping[str, bytes]

    @property
    def lost(self) -> list[str]:
        """The ids of the files whose bytes are not there."""
        return [each.id for each in self.image.files if each.sha256 not in self.contents]

    @property
    def told_lost(self) -> str:
        """How many they are, and which the first ones."""
        lost = self.lost
        return f"{len(lost)}, {', '.join(lost[:_TOLD])}{', …' if len(lost) > _TOLD else ''}"


def is_ours(header: bytes) -> bool:
    """Whether the first bytes of a file are those of a state of an emulator."""
    return header.startswith(_MAGIC) and header[_APPLICATION_AT] == APPLICATION.to_bytes(4, "big")


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty database."""
    with transaction(connection):
        for statement in (f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {VERSION}", *_TABLES):
            connection.execute(statement)


def check(connection: sqlite3.Connection) -> None:
    """Raise BrokenStateError unless a database is sound and of this version, StateFileError if it is of a later one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StateFileError(f"it was written by a later version of the emulator (form {version}, known is {VERSION})")
    if version < VERSION:
        raise BrokenStateError(f"it was written by an earlier version of the emulator (form {version} of {VERSION})")
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise BrokenStateError(f"it is damaged: {finding}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything in the block, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def write_image(connection: sqlite3.Connection, image: Image) -> None:
    """Replace everything by an image; within a transaction."""
    for table in ("numbers", "definitions", "collections", "documents"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
    write_head(connection, image.scenario, image.ts)
    write_numbers(connection, image.numbers)
    write_definitions(connection, image.definitions)
    for name, kept in image.collections.items():
        _write_collection(connection, name, kept.inserted, kept.newest)
        rows = ((name, _key(str(each["_id"])), written(each)) for each in kept.documents)
        connection.executemany("INSERT INTO documents VALUES (?, ?, ?)", rows)


def write_head(connection: sqlite3.Connection, scenario: str, ts: int) -> None:
    """Write of which scenario the state is, and as of which timestamp."""
    connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (scenario, str(ts)))


def write_numbers(connection: sqlite3.Connection, numbers: Mapping[str, int]) -> None:
    """Write the numbers of tables, none of which goes away."""
    connection.executemany("INSERT OR REPLACE INTO numbers VALUES (?, ?)", numbers.items())


def write_definitions(connection: sqlite3.Connection, definitions: Mapping[str, str]) -> None:
    """Replace the digests of what the scenario says."""
    connection.execute("DELETE FROM definitions")
    connection.executemany("INSERT INTO definitions VALUES (?, ?)", definitions.items())


def write_changes(
    connection: sqlite3.Connection, writes: Iterable[Write], collections: Mapping[str, Collection]
) -> int:
    """Write what a commit wrote; `collections` are as they are after it. Return about how many bytes of pages that is.

    Each document is on a page of the table and on one of the index, beside what others are on.
    """
    changed: dict[str, None] = {}
    size = 2 * PAGE
    for name, key, document in writes:
        changed[name] = None
        size += 2 * PAGE
        if document is None:
            connection.execute("DELETE FROM documents WHERE collection = ? AND id = ?", (name, _key(key)))
        else:
            data = written(document)
            size += len(data)
            connection.execute(_UPSERT, (name, _key(key), data))
    for name in changed:
        _write_collection(connection, name, collections[name].inserted, collections[name].newest)
    return size


def write_files(connection: sqlite3.Connection, contents: Mapping[str, bytes]) -> int:
    """Keep these bytes by their digests, and no others; within a transaction. Return how many are new."""
    there = {digest for (digest,) in connection.execute("SELECT digest FROM files")}
    connection.executemany("DELETE FROM files WHERE digest IS ?", [(each,) for each in there - contents.keys()])
    new = [(digest, content) for digest, content in contents.items() if digest not in there]
    connection.executemany("INSERT INTO files VALUES (?, ?)", new)
    return sum(len(content) for _, content in new)


def read_saved(connection: sqlite3.Connection) -> Saved | None:
    """Return what is in a database, None where nothing was ever written; raise BrokenStateError."""
    image = read_image(connection)
    if image is None:
        return None
    wanted = {each.sha256 for each in image.files}
    try:
        rows = connection.execute("SELECT digest, content FROM files")
        contents = {digest: content for digest, content in rows if digest in wanted and _is_sound(digest, content)}
    except (sqlite3.Error, ValueError) as error:
        raise BrokenStateError(f"its files cannot be read: {error}") from error
    return Saved(image, contents)


def _is_sound(digest: str, content: Any) -> bool:  # noqa: ANN401 - whatever somebody wrote there
    return isinstance(content, bytes) and digest_of(content) == digest


def read_image(connection: sqlite3.Connection) -> Image | None:
    """Return the image in a database, None where none was ever written; raise BrokenStateError."""
    try:
        head = connection.execute("SELECT scenario, ts FROM head").fetchone()
        if head is None:
            return None
        documents: dict[str, list[Document]] = {}
        for name, key, data in connection.execute("SELECT collection, id, document FROM documents ORDER BY rowid"):
            documents.setdefault(name, []).append(_read(name, key, data))
        kept = {
            name: Kept(documents.pop(name, []), inserted, newest)
            for name, inserted, newest in connection.execute("SELECT name, inserted, newest FROM collections")
        }
        if documents:
            raise BrokenStateError(f"it has documents of {next(iter(documents))}, of which it knows nothing")
        numbers = dict(connection.execute("SELECT name, number FROM numbers"))
        definitions = dict(connection.execute("SELECT part, digest FROM definitions"))
        image = Image(str(head[0]), int(head[1]), numbers, kept, definitions)
        check_image(image)
    except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
        raise BrokenStateError(f"it cannot be read: {error}") from error
    return image


def written(document: Document) -> bytes:
    """Return a document as JSON, in which no value is lost."""
    tree = encode(document, Format.ENCODED)
    try:
        return orjson.dumps(tree)
    except orjson.JSONEncodeError:  # half a surrogate pair
        return json.dumps(tree).encode()


def _read(name: str, key: bytes, data: bytes) -> Document:
    try:
        tree = orjson.loads(data)
    except orjson.JSONDecodeError:
        tree = json.loads(data)
    document = _value(tree)
    if not isinstance(document, dict) or document.get("_id") != key.decode("utf-8", "surrogatepass"):
        raise BrokenStateError(f"a document of {name} is none, or another than its id says")
    return document


def _value(tree: Any) -> Value:  # noqa: ANN401 - JSON
    """Return a value without asking whether Convex would take it: it did, and scenarios may keep more than that."""
    if isinstance(tree, dict):
        if len(tree) == 1 and next(iter(tree)).startswith("$"):
            return decode(tree)
        return {key: _value(each) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_value(each) for each in tree]
    if isinstance(tree, bool | float | str | None):
        return tree
    raise InvalidValueError(f"{tree!r} is no value")


def _key(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _write_collection(connection: sqlite3.Connection, name: str, inserted: int, newest: float) -> None:
    connection.execute("INSERT OR REPLACE INTO collections VALUES (?, ?, ?)", (name, inserted, newest))
