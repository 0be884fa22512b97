"""Errors of the control API: one shape, a sentence and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from emulator.surfaces.control.answers import Code, Error, ErrorAnswer
    from emulator.surfaces.control.rows import PlacedProblem


@dataclass(frozen=True, slots=True)
class ControlError(Exception):
    """An error answer; `code` is its stable name, `problems` are those of a rule that was to be added."""

    status: int
    code: Code
    message: str
    hint: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    problems: tuple[PlacedProblem, ...] = ()

    def fresh(self) -> ControlError:
        """Return the same error to raise: one that was raised holds the frames it went through."""
        return replace(self)

    @property
    def body(self) -> bytes:
        """The answer's body."""
        error: Error = {"code": self.code, "message": _sound(self.message)}
        if self.hint is not None:
            error["hint"] = _sound(self.hint)
        if self.problems:
            error["problems"] = list(self.problems)
        answer: ErrorAnswer = {"error": error}
        return orjson.dumps(answer)


def not_found(what: str, hint: str | None = None) -> ControlError:
    """Return the error for something that is not there."""
    return ControlError(404, "not_found", what, hint)


def bad_request(message: str, hint: str | None = None) -> ControlError:
    """Return the error for a request that cannot be understood."""
    return ControlError(400, "bad_request", message, hint)


def conflict(code: Code, message: str, hint: str | None = None) -> ControlError:
    """Return the error for something that cannot be done as things are."""
    return ControlError(409, code, message, hint)


def method_not_allowed(message: str, allowed: Sequence[str]) -> ControlError:
    """Return the error for a method that a path does not have."""
    names = ", ".join(allowed)
    return ControlError(405, "method_not_allowed", message, f"use {names}", (("Allow", names),))


def too_large(message: str) -> ControlError:
    """Return the error for a body that is too large."""
    return ControlError(413, "too_large", message)


def _sound(text: str) -> str:
    """Return a text without the halves of letters that paths may have."""
    return text.encode("utf-8", "replace").decode()


NEEDS_TOKEN = ControlError(
    401,
    "needs_token",
    "this needs the control token",
    "send Authorization: Bearer with the token that the emulator printed at its start, or that its ready file has",
    (("WWW-Authenticate", "Bearer"),),
)
DEMO = ControlError(
    403,
    "demo",
    "this is a demo: through the control API nothing is changed, and only this machine may read",
    "start an emulator of your own without --demo",
)
FOREIGN = ControlError(
    403,
    "foreign",
    "the control API answers this machine only, and no web page",
    "call it by localhost or 127.0.0.1, without an Origin header; or by any name, with the control token",
)
INTERNAL = ControlError(500, "internal", "a bug in the emulator; its log says more")
