"""What every surface's endpoints share: a route table, and reading a body within its limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from aiohttp import ClientPayloadError, web
from aiohttp.hdrs import EXPECT
from aiohttp.web_protocol import RequestPayloadError

Endpoint = TypeVar("Endpoint")
_ADDED: ContextVar[Mapping[str, str]] = ContextVar("added", default=MappingProxyType({}))


class Reply(NamedTuple):
    """An answer before it is HTTP; whoever sends it adds cross-origin headers to its own `headers`."""

    status: int
    body: bytes
    headers: MutableMapping[str, str]


class BodyTooLargeError(Exception):
    """The request's body is longer than its route takes."""


class BrokenBodyError(Exception):
    """The request's body is not what its headers say, or its client went away in the middle of it."""


class RouteTable(Generic[Endpoint]):
    """Paths as clients send them, undecoded, and what answers each method; HEAD is answered wherever GET is."""

    def __init__(self) -> None:
        """Begin empty."""
        self._exact: dict[str, dict[str, Endpoint]] = {}
        self._prefixes: dict[str, dict[str, Endpoint]] = {}

    def add(self, methods: Iterable[str], path: str, endpoint: Endpoint) -> None:
        """Answer `path`; a path that ends in a slash stands for everything below it, too, except for ``/``."""
        table = self._prefixes if path.endswith("/") and path != "/" else self._exact
        known = table.setdefault(path, {})
        for method in methods:
            known[method] = endpoint
            if method == "GET":
                known["HEAD"] = endpoint

    def find(self, path: str) -> dict[str, Endpoint] | None:
        """Return what answers each method at `path`, None when nothing does."""
        methods = self._exact.get(path)
        if methods is None:
            methods = next((each for prefix, each in self._prefixes.items() if path.startswith(prefix)), None)
        return methods


def add_later(headers: Mapping[str, str]) -> None:
    """Have the handshake that answers the request of this task say more."""
    _ADDED.set(headers)


def added() -> Mapping[str, str]:
    """Return what the handshake that answers the request of this task is to say beside what it says."""
    return _ADDED.get()


def path_of(request: web.BaseRequest) -> str:
    """Return the path as it was sent: not decoded, without the query."""
    target = request.raw_path
    return target.partition("?")[0] if target[:1] == "/" else request.rel_url.raw_path


def target_of(request: web.BaseRequest) -> str:
    """Return path and query as they were sent."""
    return request.raw_path if request.raw_path[:1] == "/" else request.rel_url.raw_path_qs


def text_headers(request: web.BaseRequest) -> dict[str, str]:
    """Return the headers by their names in lower case, those given twice as one; all of them are sound text."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        text = value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def buffered_body(request: web.BaseRequest, limit: int) -> bytes | None:
    """Return the body if all of it has arrived and it is within `limit` bytes; most have, and need no waiting."""
    content = request.content
    if not content.is_eof() or content.exception() is not None or content.total_bytes > limit:
        return None
    return content.read_nowait()


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return the whole body.

    Raises BodyTooLargeError as soon as it is known to be over `limit` bytes, and BrokenBodyError.
    """
    try:
        return await _read(request, limit)
    except (ClientPayloadError, RequestPayloadError, ConnectionError) as error:
        raise BrokenBodyError(_reason(error)) from error


async def _read(request: web.BaseRequest, limit: int) -> bytes:
    content = request.content
    if not content.is_eof():
        await _invite_body(request, limit)
    body = await content.readany()
    if not content.at_eof():
        parts = [body]
        size = len(body)
        while not content.at_eof() and size <= limit:
            part = await content.readany()
            parts.append(part)
            size += len(part)
        body = b"".join(parts)
    if len(body) > limit:
        raise BodyTooLargeError
    return body


def _reason(error: Exception) -> str:
    return str(error.__cause__ or error).splitlines()[-1].strip() or type(error).__name__


async def _invite_body(request: web.BaseRequest, limit: int) -> None:
    """Tell a client that waits to be asked (curl does, from 1 MiB on) to send its body, unless it is too large."""
    length = request.content_length
    if length is not None and length > limit:
        raise BodyTooLargeError
    if request.headers.get(EXPECT, "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
