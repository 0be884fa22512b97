"""What the control API is asked with; the OpenAPI description is made of these."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emulator.surfaces.control.failures import ControlError, bad_request
from emulator.surfaces.control.selection import Selection, pattern_of
from emulator.values.convex import InvalidValueError
from emulator.values.durations import InvalidDurationError, parse_duration

Body = TypeVar("Body", bound="Asked")
LEVELS = ("state", "counts", "journal", "limits", "clock", "all")


class Asked(BaseModel):
    """What every body has in common: nothing unknown, and nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CallsLike(Asked):
    """Calls: of an operation, with these arguments at least, with this outcome, by this identity."""

    operation: str = "*"
    args: dict[str, Any] | None = None
    outcome: str | None = None
    identity: str | None = None
    after: Annotated[int, Field(ge=0, description="Only calls with a larger number.")] = 0

    def selection(self) -> Selection:
        """Return the selection that this is; raise ControlError for arguments that are no values."""
        try:
            args = None if self.args is None else pattern_of(self.args)
        except InvalidValueError as error:
            raise bad_request(f"args: {error}") from error
        return Selection(self.operation, args, self.outcome, self.identity, self.after)


class Verify(CallsLike):
    """How often such calls are expected; with `sequence`, calls like these one after the other."""

    exactly: Annotated[int, Field(ge=0)] | None = None
    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None
    sequence: list[CallsLike] | None = None


class WaitFor(CallsLike):
    """How many such calls to wait for, and for how long at most."""

    count: Annotated[int, Field(ge=1)] = 1
    timeout: str = "5s"


class Switch(Asked):
    """Whether a fault is switched on."""

    enabled: bool


class Channel(Asked):
    """What a channel does from now on."""

    status: Literal["connected", "disconnected", "connecting", "disabled"]
    error: str | None = None


class Advance(Asked):
    """How far to let time pass at once."""

    by: str


class Rate(Asked):
    """How many times as fast as the machine's the clock goes."""

    rate: Annotated[float, Field(gt=0, le=1_000_000)]


class Reset(Asked):
    """What begins anew."""

    levels: Annotated[list[Literal[LEVELS]], Field(min_length=1)] = ["all"]  # type: ignore[valid-type]  # the one list


class Variables(Asked):
    """State variables with their new values, as Convex encodes values in JSON."""

    set: dict[str, Any]


class Documents(Asked):
    """Documents to insert, as Convex encodes values in JSON."""

    documents: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=10_000)]


def read_body(form: type[Body], body: bytes) -> Body:
    """Return a body as its form; an empty one is an empty object. Raises ControlError."""
    try:
        tree = orjson.loads(body) if body.strip() else {}
        return form.model_validate(tree)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body is not JSON: {error}") from error
    except ValidationError as error:
        raise _told(error) from error


def read_duration(text: str) -> int:
    """Return a duration in nanoseconds; raise ControlError."""
    try:
        return parse_duration(text)
    except InvalidDurationError as error:
        raise bad_request(str(error), "write a number and a unit: 250ms, 3s, 5m") from error


def _told(error: ValidationError) -> ControlError:
    first = error.errors(include_url=False)[0]
    path = ".".join(map(str, first["loc"])) or "the body"
    return bad_request(f"{path}: {first['msg'][:1].lower()}{first['msg'][1:]}")
