"""Errors of the control API: one shape, a sentence and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class ControlError(Exception):
    """An error answer; `code` is its stable name."""

    status: int
    code: str
    message: str
    hint: str | None = None

    def fresh(self) -> ControlError:
        """Return the same error to raise: one that was raised holds the frames it went through."""
        return replace(self)

    @property
    def body(self) -> bytes:
        """The answer's body."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.hint is not None:
            error["hint"] = self.hint
        return orjson.dumps({"error": error})


def not_found(what: str, hint: str | None = None) -> ControlError:
    """Return the error for something that is not there."""
    return ControlError(404, "not_found", what, hint)


def bad_request(message: str, hint: str | None = None) -> ControlError:
    """Return the error for a request that cannot be understood."""
    return ControlError(400, "bad_request", message, hint)


NEEDS_TOKEN = ControlError(
    401,
    "needs_token",
    "this changes something, and needs the control token",
    "send Authorization: Bearer with the token that the emulator printed at its start, or that its ready file has",
)
FOREIGN = ControlError(
    403,
    "foreign",
    "the control API answers this machine only, and no web page",
    "call it by localhost or 127.0.0.1, without an Origin header",
)
INTERNAL = ControlError(500, "internal", "a bug in the emulator; its log says more")
