"""Faker's functions on dates, by a clock of ours: Faker itself reads the machine's, in the machine's time zone.

These come before Faker's own (see `emulator.expressions.fake`), so that what Faker makes of dates, such as the day on
which a credit card expires, follows the same clock. Moments are naive and mean UTC.
"""
# ruff: noqa: FBT001, FBT002 - the parameters are Faker's own

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeAlias

Said: TypeAlias = datetime | date | timedelta | str | float | None

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive as all of Faker's moments are
_OFFSET = re.compile(r"([+-]\d{1,9})([yMwdhms])")
_SECONDS = {"y": 365.24 * 86_400, "M": 30.42 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_YEARS = {"century": 100, "decade": 10, "year": 1}


class Moments:
    """Part of a provider of Faker's: dates as they are drawn at the time of the evaluation that draws."""

    generator: Any

    @property
    def _now(self) -> datetime:
        """The present moment; whoever asks depends on the time."""
        return EPOCH + timedelta(microseconds=self.generator.random.context.now // 1_000)

    def unix_time(self, end_datetime: Said = None, start_datetime: Said = None) -> float:
        """Draw seconds since 1970."""
        return (self.date_time_ad(None, end_datetime, start_datetime or 0) - EPOCH) / timedelta(seconds=1)

    def time_delta(self, end_datetime: Said = None) -> timedelta:
        """Draw a part of the time from now to a moment."""
        return self._between(self._now, self._moment(end_datetime, self._now)) - self._now

    def date_time(self, tzinfo: tzinfo | None = None, end_datetime: Said = None) -> datetime:
        """Draw a moment since 1970."""
        return self.date_time_ad(tzinfo, end_datetime, EPOCH)

    def date_time_ad(
        self, tzinfo: tzinfo | None = None, end_datetime: Said = None, start_datetime: Said = None
    ) -> datetime:
        """Draw a moment since the year 1."""
        start = self._moment(start_datetime, datetime.min)  # noqa: DTZ901 - naive as all of them
        return _in_zone(self._in_order(start, self._moment(end_datetime, self._now)), tzinfo)

    def date_time_between(
        self, start_date: Said = "-30y", end_date: Said = "now", tzinfo: tzinfo | None = None
    ) -> datetime:
        """Draw a moment between two, by default of the last 30 years."""
        return self.date_time_between_dates(start_date, end_date, tzinfo)

    def date_time_between_dates(
        self, datetime_start: Said = None, datetime_end: Said = None, tzinfo: tzinfo | None = None
    ) -> datetime:
        """Draw a moment between two, which are now if not said."""
        start, end = self._moment(datetime_start, self._now), self._moment(datetime_end, self._now)
        return _in_zone(self._in_order(start, end), tzinfo)

    def date_between(self, start_date: Said = "-30y", end_date: Said = "today") -> date:
        """Draw a day between two, both included, by default of the last 30 years."""
        return self.date_between_dates(start_date, end_date)

    def date_between_dates(self, date_start: Said = None, date_end: Said = None) -> date:
        """Draw a day between two, both included, which are today if not said."""
        start, end = self._day(date_start), self._day(date_end)
        if end < start:
            raise ValueError(f"the end, {end}, is before the start, {start}")
        return start + timedelta(days=self.generator.random.randint(0, (end - start).days))

    def date_of_birth(self, tzinfo: tzinfo | None = None, minimum_age: int = 0, maximum_age: int = 115) -> date:
        """Draw the birthday of somebody so old."""
        del tzinfo  # a day of birth is the same everywhere
        if not 0 <= minimum_age <= maximum_age:
            raise ValueError(f"nobody is from {minimum_age} to {maximum_age} years old")
        eldest = _years_before(self._now.date(), maximum_age + 1) + timedelta(days=1)
        return self.date_between_dates(eldest, _years_before(self._now.date(), minimum_age))

    def date_time_this_century(
        self, before_now: bool = True, after_now: bool = False, tzinfo: tzinfo | None = None
    ) -> datetime:
        """Draw a moment of this century."""
        return _in_zone(self._of_this("century", before=before_now, after=after_now), tzinfo)

    def date_time_this_decade(
        self, before_now: bool = True, after_now: bool = False, tzinfo: tzinfo | None = None
    ) -> datetime:
        """Draw a moment of this decade."""
        return _in_zone(self._of_this("decade", before=before_now, after=after_now), tzinfo)

    def date_time_this_year(
        self, before_now: bool = True, after_now: bool = False, tzinfo: tzinfo | None = None
    ) -> datetime:
        """Draw a moment of this year."""
        return _in_zone(self._of_this("year", before=before_now, after=after_now), tzinfo)

    def date_time_this_month(
        self, before_now: bool = True, after_now: bool = False, tzinfo: tzinfo | None = None
    ) -> datetime:
        """Draw a moment of this month."""
        return _in_zone(self._of_this("month", before=before_now, after=after_now), tzinfo)

    def date_this_century(self, before_today: bool = True, after_today: bool = False) -> date:
        """Draw a day of this century."""
        return self._day_of_this("century", before=before_today, after=after_today)

    def date_this_decade(self, before_today: bool = True, after_today: bool = False) -> date:
        """Draw a day of this decade."""
        return self._day_of_this("decade", before=before_today, after=after_today)

    def date_this_year(self, before_today: bool = True, after_today: bool = False) -> date:
        """Draw a day of this year."""
        return self._day_of_this("year", before=before_today, after=after_today)

    def date_this_month(self, before_today: bool = True, after_today: bool = False) -> date:
        """Draw a day of this month."""
        return self._day_of_this("month", before=before_today, after=after_today)

    def _moment(self, said: Said, default: datetime) -> datetime:
        """Return a moment as Faker understands one: numbers are seconds since 1970, texts are told by now."""
        match said:
            case None:
                return default
            case datetime():
                return said.astimezone(UTC).replace(tzinfo=None) if said.tzinfo else said
            case date():
                return datetime(said.year, said.month, said.day)  # noqa: DTZ001 - naive as all of them
            case timedelta():
                return self._now + said
            case "now":
                return self._now
            case "today":
                return datetime(self._now.year, self._now.month, self._now.day)  # noqa: DTZ001 - likewise
            case str():
                return self._now + _offset(said)
            case _:
                return EPOCH + timedelta(seconds=said)

    def _day(self, said: Said) -> date:
        """Return a day as Faker understands one: numbers are days from today."""
        if isinstance(said, int | float):
            return self._now.date() + timedelta(days=said)
        return self._moment(said, self._now).date()

    def _between(self, start: datetime, end: datetime) -> datetime:
        return start + timedelta(seconds=self.generator.random.uniform(0, (end - start) / timedelta(seconds=1)))

    def _in_order(self, start: datetime, end: datetime) -> datetime:
        if end < start:
            raise ValueError(f"the end, {end}, is before the start, {start}")
        return self._between(start, end)

    def _of_this(self, unit: str, *, before: bool, after: bool) -> datetime:
        first, following = self._span(unit)
        start, end = (first if before else self._now), (following if after else self._now)
        return self._between(start, end) if before or after else self._now

    def _day_of_this(self, unit: str, *, before: bool, after: bool) -> date:
        first, following = self._span(unit)
        return self.date_between_dates(
            first if before else self._now, following - timedelta(days=1) if after else self._now
        )

    def _span(self, unit: str) -> tuple[datetime, datetime]:
        """Return when the present century, decade, year or month began, and when the next one does."""
        first = self._now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        if unit == "month":
            return first, (first + timedelta(days=31)).replace(day=1)
        years = _YEARS[unit]
        first = first.replace(month=1, year=first.year - first.year % years)
        return first, first.replace(year=first.year + years)


def _offset(said: str) -> timedelta:
    """Return what ``-30d`` or ``+1y6M`` means."""
    parts = _OFFSET.findall(said)
    if not parts or "".join(map("".join, parts)) != said:
        raise ValueError(f"{said!r} is no moment; write one in ISO 8601, now, today, or as -30d or +1y")
    return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(zone) if zone else moment


def _years_before(day: date, years: int) -> date:
    """Return the same day so many years before, the first of March for a 29th of February that there was not."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, month=3, day=1)
