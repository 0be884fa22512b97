"""Python's objects as values of Convex, and moments as Python has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from emulator.testing.errors import UsageError, is_misuse
from emulator.values.convex import Int64, InvalidValueError, Value
from emulator.values.durations import InvalidDurationError, parse_duration
from emulator.values.formats import Format, decode, encode
from emulator.values.instants import MAX_INSTANT

__tracebackhide__ = is_misuse
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = 1_000


def value_of(thing: object) -> Value:
    """Return an object as a value; a plain ``int`` is a number, which is a Float64. Raises UsageError."""
    value = _value_of(thing)
    try:
        return decode(encode(value, Format.ENCODED))
    except InvalidValueError as error:
        raise UsageError(f"{_short(thing)} is no value of Convex: {error}") from None


def document_of(thing: object, what: str = "a document") -> dict[str, Value]:
    """Return a mapping as a document; raise UsageError."""
    if not isinstance(thing, Mapping):
        raise UsageError(f"{what} is a mapping such as {{'author': 'Ada'}}, not {_short(thing)}")
    document = value_of(thing)
    assert isinstance(document, dict)
    return document


def duration_of(duration: str | float | timedelta, what: str) -> int:
    """Return a duration in nanoseconds: a text such as ``5m``, a number of seconds, or a timedelta."""
    match duration:
        case str():
            try:
                return parse_duration(duration)
            except InvalidDurationError as error:
                raise UsageError(f"{what}: {error}") from None
        case timedelta():
            nanoseconds = duration // timedelta(microseconds=1) * _MICROSECOND
        case int() | float() if not isinstance(duration, bool):
            nanoseconds = round(duration * 1_000_000_000)
        case _:
            raise UsageError(f"{what}: expected a text such as '5m', seconds or a timedelta, not {_short(duration)}")
    if nanoseconds < 0:
        raise UsageError(f"{what}: time does not go back: {duration}")
    return nanoseconds


def moment_of(instant: int) -> datetime:
    """Return an instant, in nanoseconds since the epoch, to the microsecond."""
    return _EPOCH + timedelta(microseconds=min(instant, MAX_INSTANT) // _MICROSECOND)


def _value_of(thing: object) -> Value:
    match thing:
        case None | bool() | float() | str() | bytes() | Int64():
            return thing
        case int():
            return float(thing)
        case Mapping():
            odd = next((key for key in thing if not isinstance(key, str)), None)
            if odd is not None:
                raise UsageError(f"a field of an object is named by a text, not by {_short(odd)}")
            return {key: _value_of(each) for key, each in thing.items()}
        case list() | tuple():
            return [_value_of(each) for each in thing]
        case _:
            raise UsageError(
                f"{_short(thing)} is no value of Convex, which has None, bool, float, Int64, str, bytes, list and dict"
            )


def _short(thing: object) -> str:
    text = repr(thing)
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004 - a line
