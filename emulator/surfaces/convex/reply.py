"""Answers before they are HTTP: a status, a body, headers; and the emulator's own voice in headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from aiohttp.hdrs import CONTENT_TYPE

from emulator.model.place import Place
from emulator.runtime.journal import Entry

_TEXT = "text/plain; charset=utf-8"
_MAX_HEADER = 1_000
_JSON = "application/json"


class Reply(NamedTuple):
    """An answer; whoever sends it adds cross-origin headers to its own `headers`."""

    status: int
    body: bytes
    headers: dict[str, str]


def json_reply(body: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, body, {CONTENT_TYPE: _JSON, **(headers or {})})


def text_reply(text: str, status: int = 200) -> Reply:
    """Return an answer in plain text."""
    return Reply(status, text.encode(), {CONTENT_TYPE: _TEXT})


def empty_reply(status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """Return an answer without a body."""
    return Reply(status, b"", dict(headers or {}))


def function_headers(handled: Entry) -> dict[str, str]:
    """Say in headers which rule answered, or why none did, at which revision, and the call's number in the journal."""
    rule = handled.decision.rule
    headers = {
        CONTENT_TYPE: _JSON,
        "X-Emulator-Call": str(handled.number),
        "X-Emulator-Revision": str(handled.revision.number),
    }
    if rule is not None:
        headers["X-Emulator-Rule"] = _rule_text(rule.place)
    if handled.explanation is not None:
        headers["X-Emulator-Miss"] = _header_text(handled.explanation)
    return headers


def batch_headers(handled: Sequence[Entry]) -> dict[str, str]:
    """Say the same of several calls in one request, one after the other."""
    merged: dict[str, str] = {CONTENT_TYPE: _JSON}
    for each in handled:
        for name, value in function_headers(each).items():
            if name.startswith("X-"):
                merged[name] = f"{merged[name]}, {value}"[:_MAX_HEADER] if name in merged else value
    return merged


@lru_cache(maxsize=4096)
def _rule_text(place: Place) -> str:
    return _header_text(str(place))


def _header_text(text: str) -> str:
    if text.isascii() and text.isprintable() and len(text) <= _MAX_HEADER:
        return text
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= _MAX_HEADER else f"{escaped[:_MAX_HEADER]}..."
