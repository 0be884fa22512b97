"""The bytes of stored files, by their digests; which of them are there is said by documents, not here."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping

from emulator.engine.files import StoredFile

MAX_FILE = 128 * 1024 * 1024
MAX_TOTAL = 256 * 1024 * 1024

logger = logging.getLogger(__name__)


class FilesFullError(Exception):
    """There is no room for a file."""


class FileStore:
    """Bytes, kept once for equal ones.

    Those of deleted files stay, so that a deletion can be taken back, until others need their room.
    """

    def __init__(self, max_total: int = MAX_TOTAL) -> None:
        """Begin empty; at most `max_total` bytes are kept."""
        self._contents: dict[str, bytes] = {}
        self._max_total = max_total
        self.total = 0

    def add(self, sha256: str, content: bytes, needed: Collection[str]) -> None:
        """Keep bytes by their digest; those of `needed` digests stay in any case.

        Raises FilesFullError, with nothing changed, when there is no room for them.
        """
        if sha256 in self._contents:
            self._contents[sha256] = self._contents.pop(sha256)  # the newest again
            return
        spare = [key for key in self._contents if key not in needed]
        room = self._max_total - self.total + sum(len(self._contents[key]) for key in spare)
        if len(content) > room:
            raise FilesFullError(f"{len(content)} bytes are too many: {room} of {self._max_total} are free")
        while self.total + len(content) > self._max_total:
            gone = self._contents.pop(spare.pop(0))
            self.total -= len(gone)
            logger.warning("the %d bytes of a deleted file are forgotten: a new one needs their room", len(gone))
        self._contents[sha256] = content
        self.total += len(content)

    def take(self, contents: Mapping[str, bytes]) -> None:
        """Keep all of these bytes, and of others what there is room for.

        Raises FilesFullError, with nothing changed, when there is no room for them.
        """
        size = sum(map(len, contents.values()))
        if size > self._max_total:
            raise FilesFullError(f"its files have {size} bytes: {self._max_total} are kept at most")
        for sha256, content in contents.items():
            self.add(sha256, content, contents.keys())

    def of(self, documents: Iterable[StoredFile]) -> dict[str, bytes]:
        """Return the bytes of files by their digests, as far as they are kept."""
        found = {each.sha256: self._contents.get(each.sha256) for each in documents}
        return {sha256: content for sha256, content in found.items() if content is not None}

    def get(self, sha256: str) -> bytes | None:
        """Return bytes by their digest, None where they are not kept any more."""
        return self._contents.get(sha256)

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents)

    def __len__(self) -> int:
        return len(self._contents)
