"""Errors the gateway itself makes: a status, a code, a sentence, perhaps details (contract openclaw §1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import orjson

from emulator.model.gateway import Json

_CHALLENGE = 'Bearer realm="openclaw"'


@dataclass(frozen=True, slots=True)
class GatewayError(Exception):
    """An error answer of the gateway; `payload` is the same as a part of a frame or an event."""

    status: int
    code: str
    message: str
    details: Mapping[str, Json] | None = field(default=None, hash=False)
    headers: tuple[tuple[str, str], ...] = ()

    def fresh(self) -> GatewayError:
        """Return the same error to raise: one that was raised holds the frames it went through."""
        return replace(self)

    def with_headers(self, headers: Mapping[str, str]) -> GatewayError:
        """Return the same error with more headers."""
        return replace(self, headers=(*self.headers, *headers.items()))

    @property
    def payload(self) -> dict[str, Json]:
        """What stands behind `error` in the envelope: code, message and, if there are any, details."""
        payload: dict[str, Json] = {"code": self.code, "message": _writable(self.message)}
        if self.details is not None:
            payload["details"] = _writable(self.details)
        return payload

    @property
    def body(self) -> bytes:
        """The answer's body: the envelope."""
        return orjson.dumps({"error": self.payload})


class WrongSecretError(GatewayError):
    """A caller showed a secret that nobody has: unlike one who showed none, it may be guessing."""


class Issue(NamedTuple):
    """One thing that is wrong with a request, and the member or parameter it is wrong with; ``""`` is the whole."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def auth_required(message: str = "authentication required") -> GatewayError:
    """Return the error for a caller without a credential, or with one that is no longer good."""
    return GatewayError(401, "AUTH_REQUIRED", message, headers=(("WWW-Authenticate", _CHALLENGE),))


def wrong_secret(message: str = "invalid credentials") -> WrongSecretError:
    """Return the error for a caller with a wrong password or token."""
    return WrongSecretError(401, "AUTH_REQUIRED", message, headers=(("WWW-Authenticate", _CHALLENGE),))


def forbidden(message: str, details: Mapping[str, Json] | None = None) -> GatewayError:
    """Return the error for a caller that is known and must not do this."""
    return GatewayError(403, "FORBIDDEN", message, details)


def not_found(message: str) -> GatewayError:
    """Return the error for a path or a resource that is not there."""
    return GatewayError(404, "NOT_FOUND", message)


def method_not_allowed(allowed: Iterable[str]) -> GatewayError:
    """Return the error for a path that is there, but not for this method."""
    methods = ", ".join(allowed)
    return GatewayError(405, "METHOD_NOT_ALLOWED", f"method not allowed; use {methods}", headers=(("Allow", methods),))


def rate_limited(retry_after: int, message: str = "too many requests") -> GatewayError:
    """Return the error for a caller that is to come back after so many seconds, at least one."""
    seconds = max(1, retry_after)
    return GatewayError(429, "RATE_LIMIT", message, {"retryAfter": seconds}, headers=(("Retry-After", str(seconds)),))


def internal(message: str = "internal error") -> GatewayError:
    """Return the error for anything that broke, an agent's run included."""
    return GatewayError(500, "INTERNAL", message)


def invalid_request(message: str, path: str = "") -> GatewayError:
    """Return the error for a request that is wrong at `path`: a member, a parameter, or as a whole."""
    return invalid([Issue(path, message)])


def invalid(issues: Iterable[Issue]) -> GatewayError:
    """Return the error for a request that is wrong in at least one place."""
    listed = list(issues)
    details = {"issues": [{"path": each.path, "message": each.message} for each in listed]}
    return GatewayError(400, "INVALID_REQUEST", "; ".join(map(str, listed)), details)


def payload_too_large(limit: int) -> GatewayError:
    """Return the error for a body of more than `limit` bytes."""
    return GatewayError(413, "PAYLOAD_TOO_LARGE", f"request body is larger than {limit} bytes")


def precondition_failed(message: str) -> GatewayError:
    """Return the error for a change that was meant for another state of things."""
    return GatewayError(412, "INVALID_REQUEST", message)


def upgrade_required() -> GatewayError:
    """Return the error for a plain request where only a WebSocket is spoken."""
    headers = (("Connection", "Upgrade"), ("Upgrade", "websocket"))
    return GatewayError(426, "INVALID_REQUEST", "WebSocket upgrade required", headers=headers)


def _writable(value: Json) -> Json:
    """Return a JSON value whose texts can all be written in UTF-8."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case Mapping():
            return {_writable(key): _writable(each) for key, each in value.items()}
        case list() | tuple():
            return [_writable(each) for each in value]
        case _:
            return value
