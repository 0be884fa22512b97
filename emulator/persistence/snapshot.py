"""Snapshots: the whole state as the bytes of one SQLite file, the same that a state file is."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

from emulator.engine.image import Image
from emulator.persistence.database import (
    Saved,
    check,
    create,
    is_ours,
    read_saved,
    transaction,
    write_files,
    write_image,
)
from emulator.persistence.errors import BrokenStateError

_VERSIONS_AT = slice(18, 20)
_WITHOUT_LOG = b"\1\1"
"""What a header says of a database that has no log beside it, as one in memory has none."""


def write_snapshot(image: Image, contents: Mapping[str, bytes]) -> bytes:
    """Return an image and the bytes of its files as a file; takes a while, and touches nothing that changes."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        with transaction(connection):
            write_image(connection, image)
            write_files(connection, contents)
        return connection.serialize()


def read_snapshot(data: bytes) -> Saved:
    """Return what is in a file; raise BrokenStateError, or StateFileError for one of a later version."""
    if not is_ours(data):
        raise BrokenStateError("it is no snapshot and no state file of an emulator")
    bare = bytearray(data)
    bare[_VERSIONS_AT] = _WITHOUT_LOG
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        try:
            connection.deserialize(bytes(bare))
            connection.execute("PRAGMA trusted_schema = OFF")
            check(connection)
        except sqlite3.Error as error:
            raise BrokenStateError(f"it is damaged: {error}") from error
        saved = read_saved(connection)
    if saved is None:
        raise BrokenStateError("it is empty")
    return saved
