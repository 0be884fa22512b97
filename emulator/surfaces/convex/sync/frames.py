"""Frames that the server sends; values in them are always in the encoded format (contract convex §7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from emulator.engine.plan import Ending, Returned, Threw
from emulator.surfaces.convex.codec import Answer, error_message, write_constant, write_ts
from emulator.values.formats import Format

PING = b'{"type":"Ping"}'
MAX_CHUNK = 5_000_000
"""A longer Transition is cut up, in bytes (contract convex §16)."""
_CONTINUATION = 0x80  # how the bytes of a letter but the first begin in UTF-8


class Version(NamedTuple):
    """Where a socket stands: with its set of queries, its identity, and in time."""

    query_set: int = 0
    identity: int = 0
    ts: int = 0


def transition(start: Version, end: Version, modifications: Iterable[bytes], skew: float | None, now: int) -> bytes:
    """Write a Transition."""
    measured = b"" if skew is None else b',"clientClockSkew":%b' % orjson.dumps(skew)
    return b'{"type":"Transition","startVersion":%b,"endVersion":%b,"modifications":[%b]%b,"serverTs":%d}' % (
        _version(start),
        _version(end),
        b",".join(modifications),
        measured,
        now,
    )


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


def query_result(query_id: int, body: bytes, *, is_value: bool) -> bytes:
    """Write a QueryUpdated or a QueryFailed."""
    kind = b"QueryUpdated" if is_value else b"QueryFailed"
    return b'{"type":"%b","queryId":%d,%b' % (kind, query_id, body)


def query_removed(query_id: int) -> bytes:
    """Write a QueryRemoved."""
    return b'{"type":"QueryRemoved","queryId":%d}' % query_id


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
