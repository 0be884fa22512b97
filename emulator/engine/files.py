"""Stored files as documents: what functions and queries see of them, and their URLs (contract convex §11).

Their bytes are none of the engine's business; a document names them by their digest.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from emulator.engine.store import Document
from emulator.engine.transaction import Transaction
from emulator.values.durations import SECOND
from emulator.values.ids import STORAGE
from emulator.values.upload_tokens import read_token, write_token

PATH = "/api/storage/"
UPLOAD_PATH = f"{PATH}upload"
TOKEN_LIFE = 3_600 * SECOND
LINKS = "$files"
"""The collection of what is at each URL."""


class StoredFile(NamedTuple):
    """One stored file: its id, its document's fields, and when it came, in milliseconds."""

    id: str
    sha256: str
    size: int
    content_type: str | None
    created: float


class ExpiredTokenError(ValueError):
    """A token that was good once."""


class FileUrls:
    """The URLs of files, as the functions of expressions give them out."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        """Tell what is there for `transaction`."""
        self._transaction = transaction

    def upload_url(self, now: int, nonce: bytes) -> str:
        """Return where a file can be sent from `now` on."""
        token = write_token(_purpose(self._transaction), now, nonce)
        return f"{self._transaction.state.origins.api}{UPLOAD_PATH}?token={token}"

    def url_of(self, key: str) -> str | None:
        """Return where a file is, None where there is none of that id."""
        document = self._transaction.read(STORAGE, key)
        if document is None:
            return None
        return f"{self._transaction.state.origins.api}{PATH}{_uuid(self._transaction, key, document)}"


def check_token(transaction: Transaction, token: str) -> None:
    """Raise GarbledTokenError, ForeignTokenError or ExpiredTokenError unless a token is good."""
    issued = read_token(_purpose(transaction), token)
    if transaction.now - issued > TOKEN_LIFE:
        raise ExpiredTokenError(token)


def store_file(
    transaction: Transaction, sha256: str, size: int, content_type: str | None, system: Document | None = None
) -> str:
    """Have a file there, whose bytes have this digest, in base64; return its id.

    It gets the id and the time of creation that `system` does not bring.
    """
    document: Document = {**(system or {}), "sha256": sha256, "size": float(size)}
    if content_type is not None:
        document["contentType"] = content_type
    key = transaction.insert(STORAGE, document)
    uuid = _uuid(transaction, key, document)
    transaction.write(LINKS, uuid, {"_id": uuid, "file": key})
    return key


def find_file(transaction: Transaction, uuid: str) -> StoredFile | None:
    """Return the file at a URL, None when there is none, or none any more."""
    link = transaction.read(LINKS, uuid)
    key = None if link is None else str(link["file"])
    document = None if key is None else transaction.read(STORAGE, key)
    if document is None:
        return None
    found = file_of(document)
    return found if _uuid(transaction, found.id, document) == uuid else None


def file_of(document: Document) -> StoredFile:
    """Return the file that a document is of."""
    kind, size, created = document.get("contentType"), document["size"], document["_creationTime"]
    assert isinstance(size, float)
    assert isinstance(created, float)
    return StoredFile(
        str(document["_id"]), str(document["sha256"]), int(size), kind if isinstance(kind, str) else None, created
    )


def stored_files(transaction: Transaction) -> list[StoredFile]:
    """Return all files that are there, the oldest first."""
    return [file_of(each) for each in transaction.documents(STORAGE)]


def _uuid(transaction: Transaction, key: str, document: Document) -> str:
    """Return what stands for a file in its URL: another one for other bytes, for clients keep what was there."""
    told = f"{transaction.seed}\0{key}\0{document['sha256']!s}"
    return str(UUID(bytes=blake2b(told.encode(), digest_size=16, person=b"file").digest(), version=4))


def _purpose(transaction: Transaction) -> str:
    return f"upload {transaction.seed}"
