"""Cursors: opaque texts that say behind which document a page begins (contract convex §8)."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TypeAlias

from emulator.values.convex import Value
from emulator.values.formats import Format, decode, encode

Position: TypeAlias = "list[Value] | None"
"""What places a document among those of its query: the sorted field if there is one, creation time and id.

None is the end, behind every document.
"""

_MARK_BYTES = 8


class InvalidCursorError(ValueError):
    """A cursor that is none of this query's."""


def query_mark(query: Value) -> bytes:
    """Return a few bytes that tell this query's cursors from another's."""
    text = json.dumps(encode(query, Format.ENCODED), sort_keys=True)
    return blake2b(text.encode(), digest_size=_MARK_BYTES, person=b"cursor").digest()


def write_cursor(mark: bytes, position: Position) -> str:
    """Return the cursor of a position; the same position always has the same."""
    body = json.dumps(encode(position, Format.ENCODED), separators=(",", ":")).encode()
    return (mark + _veil(mark, body)).hex()


def read_cursor(mark: bytes, cursor: str) -> Position:
    """Return a cursor's position; raise InvalidCursorError when it is not this query's."""
    try:
        raw = bytes.fromhex(cursor)
        body = _veil(mark, raw[_MARK_BYTES:])
        position = decode(json.loads(body)) if raw[:_MARK_BYTES] == mark else False
    except (ValueError, RecursionError) as error:
        raise InvalidCursorError(cursor) from error
    if position is not None and not isinstance(position, list):
        raise InvalidCursorError(cursor)
    return position


def _veil(mark: bytes, body: bytes) -> bytes:
    """Return the body unreadable, or readable again: nobody shall come to rely on what is in a cursor."""
    mask = b"".join(blake2b(mark + part.to_bytes(4, "big")).digest() for part in range(len(body) // 64 + 1))
    return bytes(one ^ other for one, other in zip(body, mask, strict=False))
