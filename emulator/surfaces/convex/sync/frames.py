"""Frames that the server sends; values in them are always in the encoded format (contract convex §7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from emulator.engine.plan import Ending, Returned, Threw
from emulator.runtime.clock import Clock
from emulator.surfaces.convex.codec import Answer, error_message, write_constant, write_ts
from emulator.values.formats import Format

PING = b'{"type":"Ping"}'
MAX_CHUNK = 5_000_000
"""A longer Transition is cut up, in bytes (contract convex §16)."""
_MAX_KEPT = 1024 * 1024
_CONTINUATION = 0x80  # how the bytes of a letter but the first begin in UTF-8


class Version(NamedTuple):
    """Where a socket stands: with its set of queries, its identity, and in time."""

    query_set: int = 0
    identity: int = 0
    ts: int = 0


class Part(NamedTuple):
    """What is said of one query: what it came to (`query_body`), and whether that is a value; None when it is gone."""

    query_id: int
    body: bytes | None = None
    is_value: bool = True


class Transitions:
    """Writes Transitions; what many sockets are told alike is written once."""

    __slots__ = ("_bytes", "_heads", "_ts", "_version")

    def __init__(self) -> None:
        """Have written none."""
        self._ts = 0
        self._bytes = 0
        self._version = Version()
        self._heads: dict[tuple[Version, Version, tuple[Part, ...]], bytes] = {}

    def version(self, query_set: int, identity: int, ts: int) -> Version:
        """Return a version; sockets that stand at the same one share it."""
        last = self._version
        if last.ts != ts or last.query_set != query_set or last.identity != identity:
            self._version = last = Version(query_set, identity, ts)
        return last

    def write(self, start: Version, end: Version, parts: tuple[Part, ...], skew: bytes, clock: Clock) -> bytes:
        """Write one; `skew` is what `measured` returned."""
        if end.ts != self._ts:
            self._ts = end.ts
            self._bytes = 0
            self._heads.clear()
        key = start, end, parts
        head = self._heads.get(key)
        if head is None:
            head = _head(start, end, parts, clock.now())
            self._bytes += len(head)
            if self._bytes <= _MAX_KEPT:
                self._heads[key] = head
        return b"%b%b}" % (head, skew)


def measured(skew: float) -> bytes:
    """Write by how many milliseconds the clock of a client is ahead."""
    return b',"clientClockSkew":%b' % orjson.dumps(skew)


def chunks(transition: bytes, ts: int) -> Iterator[bytes]:
    """Write a Transition as TransitionChunks, none of which carries more than `MAX_CHUNK` bytes of it."""
    parts = list(_parts(transition))
    tree = {"type": "TransitionChunk", "totalParts": len(parts), "transitionId": write_ts(ts)}
    for number, part in enumerate(parts):
        yield orjson.dumps({**tree, "partNumber": number, "chunk": part})


def query_body(ending: Ending, logs: Sequence[str], answer: Answer, journal: str | None) -> bytes:
    """Write what a query came to, without its id: everything behind that is the same for all who watch it."""
    lines = b"[]" if answer.redacts else orjson.dumps(list(logs))
    rest = b'"logLines":%b,"journal":%b}' % (lines, orjson.dumps(journal))
    if isinstance(ending, Returned):
        return b'"value":%b,%b' % (write_constant(ending.value, Format.ENCODED), rest)
    return b'"errorMessage":%b%b,%b' % (_message(ending, answer), _data(ending), rest)


def response(kind: str, request_id: int, ending: Ending, logs: Sequence[str], answer: Answer, ts: int | None) -> bytes:
    """Write a MutationResponse or an ActionResponse; a mutation that succeeded has the timestamp of its commit."""
    is_success = isinstance(ending, Returned)
    result = write_constant(ending.value, Format.ENCODED) if isinstance(ending, Returned) else _message(ending, answer)
    stamp = b""
    if kind == "Mutation":
        stamp = b',"ts":%b' % orjson.dumps(write_ts(ts) if is_success and ts is not None else None)
    return b'{"type":"%bResponse","requestId":%d,"success":%b,"result":%b%b,"logLines":%b%b}' % (
        kind.encode(),
        request_id,
        b"true" if is_success else b"false",
        result,
        stamp,
        b"[]" if answer.redacts else orjson.dumps(list(logs)),
        _data(ending),
    )


def auth_error(message: str, base_version: int, *, is_update: bool) -> bytes:
    """Write an AuthError, behind which the socket is closed."""
    tree = {"type": "AuthError", "error": message, "baseVersion": base_version, "authUpdateAttempted": is_update}
    return orjson.dumps(tree)


def fatal_error(message: str) -> bytes:
    """Write a FatalError, behind which the socket is closed."""
    return orjson.dumps({"type": "FatalError", "error": message})


def _head(start: Version, end: Version, parts: Iterable[Part], now: int) -> bytes:
    modifications = b",".join(map(_modification, parts))
    return b'{"type":"Transition","startVersion":%b,"endVersion":%b,"modifications":[%b],"serverTs":%d' % (
        _version(start),
        _version(end),
        modifications,
        now,
    )


def _modification(part: Part) -> bytes:
    if part.body is None:
        return b'{"type":"QueryRemoved","queryId":%d}' % part.query_id
    kind = b"QueryUpdated" if part.is_value else b"QueryFailed"
    return b'{"type":"%b","queryId":%d,%b' % (kind, part.query_id, part.body)


def _parts(text: bytes) -> Iterator[str]:
    """Cut a text up between letters."""
    start = 0
    while start < len(text):
        end = start + MAX_CHUNK
        while end < len(text) and text[end] & 0xC0 == _CONTINUATION:
            end -= 1
        yield text[start:end].decode()
        start = end


def _version(version: Version) -> bytes:
    return b'{"querySet":%d,"identity":%d,"ts":"%b"}' % (
        version.query_set,
        version.identity,
        write_ts(version.ts).encode(),
    )


def _message(ending: Ending, answer: Answer) -> bytes:
    return orjson.dumps(error_message(ending, answer))  # type: ignore[arg-type]  # failures close the socket before


def _data(ending: Ending) -> bytes:
    if isinstance(ending, Threw) and ending.data is not None:
        return b',"errorData":%b' % write_constant(ending.data, Format.ENCODED)
    return b""
