"""What the control API is asked with; the OpenAPI description is made of these."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emulator.runtime.emulator import Level
from emulator.surfaces.control.failures import ControlError, bad_request
from emulator.surfaces.control.selection import Selection, pattern_of
from emulator.values.convex import InvalidValueError
from emulator.values.durations import InvalidDurationError, parse_duration

Body = TypeVar("Body", bound="Form")
ALL = "all"
LEVELS = (*(each.value for each in Level), ALL)
_UNSENDABLE = frozenset({1004, 1005, 1006, 1015})
_WANTED = {"model_type": "expected an object", "missing": "this is missing", "extra_forbidden": "there is no such key"}


class Form(BaseModel):
    """What every body has in common: nothing unknown, and nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CallsLike(Form):
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
    """How often such calls are expected; with `sequence` instead, calls like these one after the other."""

    exactly: Annotated[int, Field(ge=0)] | None = None
    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None
    sequence: Annotated[list[CallsLike], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Verify:
        others = sorted(self.model_fields_set - {"sequence", "after"})
        if self.sequence is not None and others:
            raise ValueError(f"sequence excludes {', '.join(others)}")
        if self.exactly is not None and not self.at_least is self.at_most is None:
            raise ValueError("exactly excludes at_least and at_most")
        return self

    @property
    def expected(self) -> str:
        """What is expected, in words."""
        words = [("exactly", self.exactly), ("at least", self.at_least), ("at most", self.at_most)]
        told = [f"{word} {count}" for word, count in words if count is not None]
        return " and ".join(told) or "at least 1"

    @property
    def least(self) -> int:
        """The fewest calls that are enough."""
        if self.exactly is self.at_least is self.at_most is None:
            return 1
        return self.exactly or self.at_least or 0

    def is_enough(self, found: int) -> bool:
        """Whether so many calls are as many as expected."""
        most = self.at_most if self.exactly is None else self.exactly
        return self.least <= found and (most is None or found <= most)


class WaitFor(CallsLike):
    """How many such calls to wait for, and for how long at most."""

    count: Annotated[int, Field(ge=1)] = 1
    timeout: str = "5s"


class Switch(Form):
    """Whether a fault is switched on."""

    enabled: bool


class AddedRule(Form):
    """What is to be asked first of an operation: the keys that a scenario file would have below it."""

    model_config = ConfigDict(extra="allow", strict=True)

    operation: Annotated[str, Field(description="A function path, a route such as POST /http/hook, or POST /api/chat.")]


class ChosenVariant(Form):
    """Which variant is to answer an operation; for one identity of the scenario, or for everybody."""

    operation: Annotated[str, Field(description="A function path, or POST /api/chat; * stands for any text.")]
    variant: str
    identity: str | None = None


class Channel(Form):
    """What a channel does from now on."""

    status: Literal["connected", "disconnected", "connecting", "disabled"]
    error: str | None = None


class Advance(Form):
    """How far to let time pass at once."""

    by: str


class Rate(Form):
    """How many times as fast as the machine's the clock goes."""

    rate: Annotated[float, Field(gt=0, le=1_000_000)]


class Cut(Form):
    """How a socket is closed; without a code it is cut, as by a network that fails."""

    code: Annotated[int, Field(ge=1000, le=4999)] | None = None
    reason: Annotated[str, Field(max_length=123)] = ""

    @model_validator(mode="after")
    def _check(self) -> Cut:
        if self.code is None and self.reason:
            raise ValueError("a reason needs a code")
        if self.code in _UNSENDABLE:
            raise ValueError(f"{self.code} is never sent (RFC 6455 §7.4.1)")
        return self


class Reset(Form):
    """What begins anew."""

    levels: Annotated[list[Literal[LEVELS]], Field(min_length=1)] = [ALL]  # type: ignore[valid-type]  # the one list

    @property
    def wanted(self) -> frozenset[Level]:
        """The levels that are meant."""
        return frozenset(Level if ALL in self.levels else map(Level, self.levels))


class Variables(Form):
    """State variables with their new values, as Convex encodes values in JSON."""

    set: dict[str, Any]


class Documents(Form):
    """Documents to insert, as Convex encodes values in JSON."""

    documents: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=10_000)]


class NewInstance(Form):
    """Of which scenario an instance is, with which seed, what it is called, and how long it may lie idle."""

    scenario: str | None = None
    seed: int | None = None
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = None
    expires: Annotated[str, Field(description="End it when nobody has used it for so long.")] | None = None


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
    message = _WANTED.get(first["type"], first["msg"].removeprefix("Value error, "))
    return bad_request(f"{path}: {message[:1].lower()}{message[1:]}")
