"""Answers of a deployment before they are HTTP: a status, a body, headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp.hdrs import CONTENT_TYPE

from emulator.runtime.journal import Entry
from emulator.surfaces.convex.failures import ApiError
from emulator.surfaces.http import Reply
from emulator.surfaces.voice import MAX_HEADER, voice_headers

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"


def json_reply(body: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, body, {CONTENT_TYPE: _JSON, **(headers or {})})


def error_reply(error: ApiError) -> Reply:
    """Return the answer to what went wrong with a request."""
    return json_reply(error.body, dict(error.headers), error.status)


def text_reply(text: str, status: int = 200) -> Reply:
    """Return an answer in plain text."""
    return Reply(status, text.encode(), {CONTENT_TYPE: _TEXT})


def empty_reply(status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """Return an answer without a body."""
    return Reply(status, b"", dict(headers or {}))


def function_headers(handled: Entry) -> dict[str, str]:
    """Return the headers of a function's answer, the emulator's own voice among them."""
    headers = voice_headers(handled)
    headers[CONTENT_TYPE] = _JSON
    return headers


def batch_headers(handled: Sequence[Entry]) -> dict[str, str]:
    """Say the same of several calls in one request, one after the other."""
    merged: dict[str, str] = {CONTENT_TYPE: _JSON}
    for each in handled:
        for name, value in function_headers(each).items():
            if name.startswith("X-"):
                merged[name] = f"{merged[name]}, {value}"[:MAX_HEADER] if name in merged else value
    return merged
