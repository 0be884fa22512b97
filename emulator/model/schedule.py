"""When cron jobs are due: the one door to cronsim (contract openclaw §1.11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from emulator.values.durations import SECOND

if TYPE_CHECKING:
    from cronsim import CronSim

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_LENGTH = 200
_FIELDS = 5
_NAMES = "minute, hour, day, month and weekday"
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}


class InvalidScheduleError(ValueError):
    """A text that is no schedule, or no time zone; it says what was expected."""


def check_schedule(text: str, timezone: str) -> None:
    """Raise InvalidScheduleError where a text is no cron expression of five fields, or the time zone is unknown.

    A day that never comes, as February 30, is no fault.
    """
    _times(text, _EPOCH)
    _zone(timezone)


def next_run(text: str, timezone: str, after: int) -> int | None:
    """Return the first moment after another at which a schedule is due, or None if it never is within 50 years.

    Both are nanoseconds since the epoch. Where clocks are put forward, a job of the hour that is missing runs as soon
    as it is over; where they are put back, it runs once.
    """
    zone = _zone(timezone)
    try:
        times = _times(text, (_EPOCH + timedelta(seconds=after // SECOND)).astimezone(zone))
        due = (_instant(each) for each in times or ())
        return next((each for each in due if each > after), None)
    except OverflowError:
        return None  # beyond the calendar


def _times(text: str, start: datetime) -> CronSim | None:
    """Return the times of a schedule, or None where there is none."""
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - 5 ms with what it imports; few scenarios have jobs

    fields = _fields(text)
    try:
        return CronSim(" ".join(fields), start)
    except CronSimError as error:
        minute, hour, day, month, weekday = fields
        try:  # a day too late for all its months is no day for cronsim, though each by itself is one
            CronSim(f"{minute} {hour} 1 {month} {weekday}", start)
            CronSim(f"{minute} {hour} {day} * {weekday}", start)
        except CronSimError:
            raise InvalidScheduleError(f"{text!r} is no cron schedule: {str(error).lower()}") from error
        return None


def _fields(text: str) -> list[str]:
    if len(text) > _MAX_LENGTH:
        raise InvalidScheduleError(f"{text[:_MAX_LENGTH]!r}… is no cron schedule: it is too long")
    fields = _MACROS.get(text.strip().lower(), text).split()
    if len(fields) == 1 and fields[0].startswith("@"):
        raise InvalidScheduleError(f"{text!r} is none of {', '.join(_MACROS)}")
    if len(fields) != _FIELDS:
        raise InvalidScheduleError(f"{text!r} has not the five fields of cron: {_NAMES}")
    return fields


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # is there even where no time zones are
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - 5 ms that a start without other zones saves

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidScheduleError(f"{name!r} is no time zone such as Europe/Berlin") from error


def _instant(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1) * SECOND
