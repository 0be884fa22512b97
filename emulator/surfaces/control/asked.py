"""One request of the control API, and what its endpoints answer with."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import orjson
from aiohttp import web

from emulator.surfaces.control.failures import bad_request
from emulator.surfaces.http import Reply
from emulator.values.convex import InvalidValueError, Value
from emulator.values.formats import Format, decode, encode

Json = Any
JSON = "application/json"
_LONGEST_NUMBER = 15


class Asked(NamedTuple):
    """One request: its parameters, its query and its body."""

    request: web.BaseRequest
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


Answer: TypeAlias = Json | Reply | web.StreamResponse
"""What is no reply and no stream is a tree, to be written as JSON."""

Endpoint: TypeAlias = Callable[[Asked], Awaitable[Answer]]


def whole_number(name: str, text: str | None, default: int) -> int:
    """Return a number of the query; raise ControlError for what is none."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise bad_request(f"{name}: expected a whole number")
    return int(text)


def encoded(document: Mapping[str, Value]) -> Json:
    """Write values as Convex encodes them in JSON."""
    return encode(dict(document), Format.ENCODED)


def decoded(name: str, tree: Json) -> Value:
    """Read what Convex encodes in JSON; raise ControlError for what is no value."""
    try:
        return decode(tree)
    except InvalidValueError as error:
        raise bad_request(f"{name}: {error}") from error


def json_bytes(tree: Json) -> bytes:
    """Return JSON as bytes; letters that are no Unicode, which paths may have, become question marks."""
    try:
        return orjson.dumps(tree)
    except orjson.JSONEncodeError:
        return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
