"""Conversations: their messages, oldest first, and when they were last active (contract openclaw §1.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from emulator.engine.store import Document
from emulator.engine.transaction import Transaction
from emulator.values.convex import Int64, Value
from emulator.values.session_keys import parse_session_key

SESSIONS = "$sessions"
MESSAGES = "$messages"
MAX_MESSAGES = 1_000
MAX_SESSIONS = 10_000
_COUNTED = ("user", "assistant")


class Message(NamedTuple):
    """One message; `at` in nanoseconds since the epoch."""

    id: str
    role: str
    content: str
    at: int


class Row(NamedTuple):
    """A session as lists show it; `last_active` in nanoseconds since the epoch."""

    key: str
    last_active: int
    message_count: int

    @property
    def agent(self) -> str:
        """The agent it is with."""
        return parse_session_key(self.key).agent


def open_session(transaction: Transaction, key: str, at: int) -> None:
    """Have a session come into being, unless it is there."""
    if transaction.read(SESSIONS, key) is None:
        rows = transaction.documents(SESSIONS)
        if len(rows) >= MAX_SESSIONS:
            delete_session(transaction, str(rows[0]["_id"]))
        transaction.insert(SESSIONS, _session(key, at, 0, 0, 0))


def append_message(transaction: Transaction, key: str, role: str, content: str, at: int) -> Message:
    """Append a message to a session, which comes into being with it; the oldest ones give way beyond the cap."""
    open_session(transaction, key, at)
    session = transaction.read(SESSIONS, key)
    assert session is not None
    number, count, first = (_number(session, name) for name in ("number", "count", "first"))
    message = Message(f"m{number + 1}", role, content, at)
    document: Document = {
        "_id": f"{key}\0{number + 1}",
        "session": key,
        "role": role,
        "content": content,
        "at": Int64(at),
        "number": Int64(number + 1),
    }
    transaction.insert(MESSAGES, document)
    if number + 1 - first > MAX_MESSAGES:
        transaction.write(MESSAGES, f"{key}\0{first + 1}", None)
        first += 1
    active = max(at, _number(session, "active"))
    changed = _session(key, active, number + 1, count + (role in _COUNTED), first)
    transaction.write(SESSIONS, key, {**changed, "_creationTime": session["_creationTime"]})
    return message


def row_of(document: Document) -> Row:
    """Return a session as lists show it."""
    return Row(str(document["_id"]), _number(document, "active"), _number(document, "count"))


def sessions(transaction: Transaction) -> list[Row]:
    """Return all sessions, the newest activity first, equals by key."""
    rows = map(row_of, transaction.documents(SESSIONS))
    return sorted(rows, key=lambda row: (-row.last_active, row.key))


def history(transaction: Transaction, key: str) -> list[Message] | None:
    """Return a session's messages, oldest first; None when there is no such session."""
    if transaction.read(SESSIONS, key) is None:
        return None
    found = sorted(transaction.lookup(MESSAGES, "session", key), key=lambda each: _number(each, "number"))
    return [
        Message(f"m{_number(each, 'number')}", str(each["role"]), str(each["content"]), _number(each, "at"))
        for each in found
    ]


def created(transaction: Transaction, key: str) -> Value:
    """Return what tells a session from those that had the same key before, None when there is none."""
    session = transaction.read(SESSIONS, key)
    return None if session is None else session["_creationTime"]


def delete_session(transaction: Transaction, key: str) -> bool:
    """Delete a session with all of its messages; say whether it was there."""
    if transaction.read(SESSIONS, key) is None:
        return False
    for message in transaction.lookup(MESSAGES, "session", key):
        transaction.write(MESSAGES, str(message["_id"]), None)
    transaction.write(SESSIONS, key, None)
    return True


def _session(key: str, active: int, number: int, count: int, first: int) -> Document:
    fields: Mapping[str, Value] = {
        "active": Int64(active),
        "number": Int64(number),
        "count": Int64(count),
        "first": Int64(first),
    }
    return {"_id": key, **fields}


def _number(document: Document, name: str) -> int:
    value = document[name]
    assert isinstance(value, Int64)
    return int(value)
