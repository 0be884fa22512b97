"""Answers of HTTP actions: a status, headers, and a body, whole or in pieces (contract convex §12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from emulator.engine.plan import Responded
from emulator.engine.reply import pieces_of
from emulator.engine.surroundings import UncomputableError
from emulator.expressions.text import text_of
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.rule import Pace, Respond
from emulator.values.convex import Value
from emulator.values.display import javascript_json, spell

MAX_BODY = 20 * 1024 * 1024
LOWEST_STATUS, HIGHEST_STATUS = 200, 599
WITHOUT_BODY = frozenset({204, 205, 304})
_CONTENT_TYPE = "content-type"
_TEXT, _JSON, _BYTES = "text/plain;charset=UTF-8", "application/json", "application/octet-stream"

Settle: TypeAlias = Callable[[Constant | Computed], Value]


def responded(outcome: Respond, value: Settle) -> Responded:
    """Return what a request is answered with; raise UncomputableError where that cannot be sent.

    `value` gives the value of what a scenario writes.
    """
    status = _status(outcome.status, value)
    headers = tuple((name, _header(written, value)) for name, written in outcome.headers)
    if outcome.pace is not None:
        pieces = _pieces(outcome, outcome.pace, value)
        kind, body = _TEXT, "".join(pieces).encode("utf-8", "replace")
        _check_size(body, outcome.chunks or outcome.body)
        return Responded(status, _with_type(headers, kind), body, pieces, outcome.pace)
    kind, body = written_body(value(outcome.body))
    _check_size(body, outcome.body)
    if body and status in WITHOUT_BODY:
        raise _fault(outcome.body, outcome.status, f"an answer with status {status} has no body")
    return Responded(status, _with_type(headers, kind) if body else headers, body)


def written_body(value: Value) -> tuple[str, bytes]:
    """Return a body and its content type: a text as text, bytes as they are, null as nothing, the rest as JSON."""
    if value is None:
        return _TEXT, b""
    if isinstance(value, str):
        return _TEXT, value.encode("utf-8", "replace")
    if isinstance(value, bytes):
        return _BYTES, value
    return _JSON, javascript_json(value).encode("utf-8", "replace")


def _pieces(outcome: Respond, pace: Pace, value: Settle) -> tuple[str, ...]:
    if outcome.chunks is None:
        body = value(outcome.body)
        return tuple(pieces_of(body if isinstance(body, str) else _text(body), pace.unit))
    chunks = value(outcome.chunks)
    if not isinstance(chunks, list):
        raise _fault(outcome.chunks, outcome.chunks, f"chunks is {spell(chunks)}, and must be a list")
    return tuple(each if isinstance(each, str) else _text(each) for each in chunks)


def _text(value: Value) -> str:
    return written_body(value)[1].decode("utf-8", "replace")


def _status(written: Constant | Computed, value: Settle) -> int:
    status = value(written)
    is_number = isinstance(status, int | float) and not isinstance(status, bool)
    if not is_number or not LOWEST_STATUS <= float(status) <= HIGHEST_STATUS or float(status) % 1:  # type: ignore[arg-type]
        raise _fault(written, written, f"status is {spell(status)}, and must be a whole number from 200 to 599")
    return int(status)  # type: ignore[arg-type]  # a number, as was just asked


def _header(written: Constant | Computed, value: Settle) -> str:
    text = text_of(value(written))
    if not text.isprintable():
        raise _fault(written, written, "a header cannot hold control characters")
    return text


def _with_type(headers: tuple[tuple[str, str], ...], kind: str) -> tuple[tuple[str, str], ...]:
    has_type = any(name.lower() == _CONTENT_TYPE for name, _ in headers)
    return headers if has_type else ((_CONTENT_TYPE, kind), *headers)


def _check_size(body: bytes, written: Constant | Computed) -> None:
    if len(body) > MAX_BODY:
        raise _fault(written, written, f"the body has {len(body)} bytes, and may have {MAX_BODY}")


def _fault(one: Constant | Computed, other: Constant | Computed, reason: str) -> UncomputableError:
    """Return the error for something computed; what is written plainly was checked when it was loaded."""
    computed = next(each for each in (one, other) if isinstance(each, Computed))
    return UncomputableError(computed.place, reason)
