"""What endpoints are asked with, and how they answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from aiohttp import web

from emulator.engine.meters import Reading
from emulator.model.gateway import Json, Scope
from emulator.surfaces.http import BodyTooLargeError, BrokenBodyError, Reply, read_body
from emulator.surfaces.openclaw.authorization import Identity
from emulator.surfaces.openclaw.codec import json_bytes
from emulator.surfaces.openclaw.failures import GatewayError, invalid_request, payload_too_large

MAX_BODY = 1024 * 1024
_JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}


class Asked(NamedTuple):
    """One request, after its path, its caller and its method were found to be right.

    `headers` are those that let a page of another origin read the answer; whoever does not return a reply sends them.
    `readings` say where the caller stands with the limits of the request.
    """

    request: web.BaseRequest
    parameters: Mapping[str, str]
    identity: Identity | None
    headers: Mapping[str, str] = MappingProxyType({})
    readings: tuple[Reading, ...] = ()

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters behind the question mark; the first one of a name counts."""
        return self.request.query

    async def body(self) -> bytes:
        """Return the body; raise GatewayError when it is too long, or ends too soon."""
        try:
            return await read_body(self.request, MAX_BODY)
        except BodyTooLargeError as error:
            raise payload_too_large(MAX_BODY) from error
        except BrokenBodyError as error:
            raise invalid_request(f"the body cannot be read: {error}") from error


Answer: TypeAlias = Reply | web.StreamResponse
Endpoint: TypeAlias = Callable[[Asked], Awaitable[Answer]]


class Route(NamedTuple):
    """An endpoint and the scope it needs; without one it is open to everybody."""

    endpoint: Endpoint
    scope: Scope | None


def error_answer(error: GatewayError) -> Reply:
    """Return the answer to what went wrong."""
    return json_answer({"error": error.payload}, dict(error.headers), error.status)


def json_answer(tree: Json, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, json_bytes(tree), {**_JSON_HEADERS, **(headers or {})})
