"""The log of a state file is worked into it by a thread, so that no commit waits for the disk."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from emulator.persistence.database import PAGE

ENOUGH = 16 * 1024 * 1024
"""After about how many bytes more the log is worked into the file; some 900 commits."""

TOO_MUCH = 8 * ENOUGH
"""From how many bytes on commits wait, for as long as the disk takes, until the log is at its beginning again."""

logger = logging.getLogger(__name__)


class Checkpoints:
    """Hears of each commit, and now and then has a thread work the log in; whoever made it closes it."""

    def __init__(self, path: Path, turn: Lock) -> None:
        """Work in the log of the file at `path`, which somebody has open; who holds `turn` may write."""
        self._turn = turn
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._working: Future[None] | None = None
        self._is_failing = False
        self._written = 0

    def hear(self, written: int) -> None:
        """Take note of about how many bytes of log more there are, and have it worked in if it is enough."""
        self._written += written
        if self._written >= ENOUGH and (self._working is None or self._working.done()):
            self._written = 0
            self._working = self._thread.submit(self._work)

    def close(self) -> None:
        """Wait for what is under way, and work no more."""
        self._thread.shutdown()
        self._connection.close()

    def _work(self) -> None:
        """Work in what is there; what is written meanwhile is next, unless that has gone on for too long."""
        try:
            if self._checkpoint("PASSIVE") >= TOO_MUCH:
                self._checkpoint("PASSIVE")  # so that little is left to be done while others wait
                with self._turn:
                    self._checkpoint("RESTART")
        except sqlite3.Error as error:
            if not self._is_failing:
                text = "the log of the state file cannot be worked into it: %s; it grows until it can"
                logger.error(text, error)  # noqa: TRY400 - where in our code it was tells nobody anything
            self._is_failing = True
        else:
            self._is_failing = False

    def _checkpoint(self, mode: str) -> int:
        """Return how many bytes the log has."""
        _, pages, _ = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return int(pages) * PAGE
