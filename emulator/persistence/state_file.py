"""The state file: written at every commit, before anybody is answered, so that it outlives the process.

Each commit is a transaction of SQLite with a write-ahead log, which takes 0.05 to 0.2 ms: what was answered is there
again after the process was killed. A power failure may take the newest commits with it, never the file. The log is
worked into the file by a thread (`Checkpoints`).

As long as a file is open, it is locked in SQLite's shared way; whoever starts tries to lock it for himself alone.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from emulator.engine.definitions import definitions_of
from emulator.engine.files import stored_files
from emulator.engine.image import image_of
from emulator.engine.store import Store, Write
from emulator.model.scenario import Scenario
from emulator.persistence import database
from emulator.persistence.checkpoints import ENOUGH, Checkpoints
from emulator.persistence.database import Saved
from emulator.persistence.errors import BrokenStateError, StateFileError
from emulator.runtime.emulator import Emulator
from emulator.values.ids import STORAGE

_BESIDE = ("", "-wal", "-shm", "-journal")
_OWNER_ONLY = 0o600

logger = logging.getLogger(__name__)


class Aside(NamedTuple):
    """A file that could not be read: where it is kept now, and why."""

    path: Path
    reason: str


class StateFile:
    """One file that holds the state of one emulator; whoever opened it closes it."""

    def __init__(self, path: Path) -> None:
        """Open a file, which is made if it is not there; no other process can until it is closed.

        What is ours and cannot be read is put aside, and a new one begun. Raises StateFileError.
        """
        self.path = path
        self.saved: Saved | None = None
        self.aside: Aside | None = None
        self._emulator: Emulator | None = None
        self._store: Store | None = None
        self._scenario: Scenario | None = None
        self._numbers = 0
        self._is_behind = False
        self._stop_hearing: Callable[[], object] = lambda: None
        try:
            self._connection, self.saved = _opened(path)
        except BrokenStateError as error:
            self.aside = Aside(_put_aside(path), str(error))
            self._connection, self.saved = _opened(path)
        self._turn = Lock()
        self._checkpoints = Checkpoints(path, self._turn)

    def keep(self, emulator: Emulator, changes: tuple[Write, ...] | None = None) -> None:
        """Keep everything that an emulator commits from now on.

        `changes` are what is otherwise in it than in the file; None: everything is. Raises StateFileError.
        """
        self._emulator = emulator
        self._store = None if changes is None else emulator.state.view.store
        self._write(changes or (), is_first=True)
        if self._is_behind:
            raise StateFileError(f"{self.path} cannot be written")
        self._stop_hearing = emulator.on_commit(self._write)
        emulator.on_swap(self._hear_swap)

    def close(self) -> None:
        """Keep no more, and let others open the file; it is one file again, without a log beside it."""
        self._stop_hearing()
        self._emulator = None
        self._checkpoints.close()
        self._connection.close()  # the last one works the log in, and removes it

    def _hear_swap(self) -> None:
        if self._emulator is not None and self._emulator.revision.scenario is not self._scenario:
            self._write(())

    def _write(self, writes: tuple[Write, ...], *, is_first: bool = False) -> None:
        """Write a commit, or everything where what is in the file is something else altogether."""
        emulator = self._emulator
        assert emulator is not None
        try:
            with self._turn, database.transaction(self._connection):
                is_other = self._is_behind or emulator.state.view.store is not self._store
                written = 0
                if is_first or is_other or any(each.collection == STORAGE for each in writes):
                    contents = emulator.files.of(stored_files(emulator.reading()))
                    written = database.write_files(self._connection, contents)
                if is_other:
                    image = image_of(emulator.state, emulator.revision.scenario)
                    database.write_image(self._connection, image)
                    written = ENOUGH
                else:
                    written += self._write_changes(emulator, writes)
        except sqlite3.Error as error:
            if not self._is_behind:
                text = "the state file cannot be written: %s; what happens from now on is lost at the end"
                logger.error(text, error)  # noqa: TRY400 - where in our code it was tells nobody anything
            self._is_behind = True
            return
        if self._is_behind:
            logger.info("the state file is written again")
        self._is_behind = False
        self._store = emulator.state.view.store
        self._scenario = emulator.revision.scenario
        self._numbers = len(self._store.numbers)
        self._checkpoints.hear(written)

    def _write_changes(self, emulator: Emulator, writes: tuple[Write, ...]) -> int:
        """Return about how many bytes of log that makes."""
        view, scenario = emulator.state.view, emulator.revision.scenario
        if scenario is not self._scenario:
            database.write_definitions(self._connection, definitions_of(scenario))
        if len(view.numbers) != self._numbers:
            database.write_numbers(self._connection, view.numbers)
        database.write_head(self._connection, scenario.name, view.ts)
        return database.write_changes(self._connection, writes, view.store.collections)


def _opened(path: Path) -> tuple[sqlite3.Connection, Saved | None]:
    """Return a connection to a file that no other process has open, and what is in it; None where it is new."""
    try:
        _check_header(path)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _OWNER_ONLY))
    except OSError as error:
        raise StateFileError(f"{path} cannot be opened: {error.strerror or error}") from error
    try:
        with _beginning(path):
            saved = _read(path)
            return _shared(path), saved
    except (BrokenStateError, StateFileError, sqlite3.Error) as error:
        raise _explained(error, path) from error


@contextmanager
def _beginning(path: Path) -> Iterator[None]:
    """Let nobody else begin with a file until the block ends: it is not locked all the time while one does."""
    lock = path.with_name(f"{path.name}-lock")
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes nothing that is open
                lock.unlink()


def _read(path: Path) -> Saved | None:
    """Return what is in a file, which has its tables then; raise what SQLite does where another process has it open."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        (is_made,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not is_made:
            database.create(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        database.check(connection)
        return database.read_saved(connection)


def _shared(path: Path) -> sqlite3.Connection:
    """Return a connection that others of this process may have one beside, and that never works the log in."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {ENOUGH}")
        connection.execute("SELECT count(*) FROM head").fetchone()  # from here on it is locked
    except BaseException:
        connection.close()
        raise
    return connection


def _explained(error: BaseException, path: Path) -> BaseException:
    if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return StateFileError(f"{path} is in use by another emulator; stop that one, or name another file")
    if isinstance(error, sqlite3.OperationalError):
        return StateFileError(f"{path} cannot be used: {error}")
    if isinstance(error, sqlite3.Error):
        return BrokenStateError(f"it is damaged: {error}")
    if isinstance(error, StateFileError):
        return StateFileError(f"{path} cannot be used: {error}")
    return error


def _check_header(path: Path) -> None:
    """Raise StateFileError for a file that is not ours: nobody wants it to be overwritten, or moved."""
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        header = file.read(database.HEADER)
    if not database.is_ours(header):
        raise StateFileError(f"{path} is no state file of an emulator; it is left as it is: name another file")


def _put_aside(path: Path) -> Path:
    """Rename a file, and its logs with it, to a name that nobody has; return the name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    for ending in _BESIDE:
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + ending))
    return aside
