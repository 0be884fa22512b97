"""Moments: written in ISO 8601, kept as whole nanoseconds since the Unix epoch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from emulator.values.durations import SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = 1_000
MAX_INSTANT = 253_402_300_799 * SECOND
"""The last second of the year 9999; what is later cannot be written."""


class InvalidInstantError(ValueError):
    """A text that is no moment; it says so."""


def parse_instant(text: str) -> int:
    """Return a moment in nanoseconds since the epoch; one without an offset is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInstantError(f"{text!r} is no moment in ISO 8601") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * _MICROSECOND


def format_instant(instant: int) -> str:
    """Write a moment in UTC, to the second: ``2024-02-08T12:00:00Z``."""
    return (_EPOCH + timedelta(seconds=instant // SECOND)).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_moment(instant: int) -> str:
    """Write a moment in UTC, to the millisecond: ``2024-02-08T12:00:00.250Z``."""
    return f"{format_instant(instant)[:-1]}.{instant % SECOND // 1_000_000:03}Z"
