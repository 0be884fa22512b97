"""Cron times: the next one, in any time zone, and what is no schedule."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.model.schedule import InvalidScheduleError, check_schedule, next_run
from emulator.values.durations import MILLISECOND, SECOND
from emulator.values.instants import format_instant, parse_instant

BERLIN, SEOUL = "Europe/Berlin", "Asia/Seoul"


def following(schedule: str, after: str, timezone: str = "UTC", count: int = 1) -> list[str]:
    """Return the next times of a schedule, as they are in UTC."""
    moment, times = parse_instant(after), []
    for _ in range(count):
        due = next_run(schedule, timezone, moment)
        assert due is not None
        times.append(format_instant(due))
        moment = due
    return times


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * *", "2024-02-08T12:01:00Z"),
        ("*/15 * * * *", "2024-02-08T12:15:00Z"),
        ("0 9 * * 1-5", "2024-02-09T09:00:00Z"),
        ("0 9 * * MON", "2024-02-12T09:00:00Z"),
        ("0 0 * * 7", "2024-02-11T00:00:00Z"),
        ("30 8,20 * * *", "2024-02-08T20:30:00Z"),
        ("0 0 29 2 *", "2024-02-29T00:00:00Z"),
        ("0 0 29 feb *", "2024-02-29T00:00:00Z"),
        ("0 0 L * *", "2024-02-29T00:00:00Z"),
        ("0 0 13 * 5", "2024-02-09T00:00:00Z"),
        ("  5   4 1  1 *  ", "2025-01-01T04:05:00Z"),
        ("@hourly", "2024-02-08T13:00:00Z"),
        ("@daily", "2024-02-09T00:00:00Z"),
        ("@weekly", "2024-02-11T00:00:00Z"),
        ("@monthly", "2024-03-01T00:00:00Z"),
        ("@Yearly", "2025-01-01T00:00:00Z"),
    ],
)
def test_the_next_run_is_the_first_minute_that_fits(schedule: str, expected: str) -> None:
    check_schedule(schedule, "UTC")

    assert following(schedule, "2024-02-08T12:00:00Z") == [expected]


def test_the_next_run_is_strictly_later_and_on_the_minute() -> None:
    noon = parse_instant("2024-02-08T12:00:00Z")

    assert next_run("0 12 * * *", "UTC", noon - 1) == noon
    assert next_run("0 12 * * *", "UTC", noon - SECOND) == noon
    assert next_run("0 12 * * *", "UTC", noon) == noon + 86_400 * SECOND
    assert next_run("0 12 * * *", "UTC", noon + MILLISECOND) == noon + 86_400 * SECOND


def test_times_are_reckoned_in_the_time_zone() -> None:
    assert following("0 9 * * 1-5", "2024-02-09T12:00:00Z", SEOUL) == ["2024-02-12T00:00:00Z"]
    assert following("0 9 * * *", "2024-02-08T12:00:00Z", BERLIN) == ["2024-02-09T08:00:00Z"]
    assert following("0 9 * * *", "2024-07-08T12:00:00Z", BERLIN) == ["2024-07-09T07:00:00Z"]
    assert following("@daily", "2024-07-08T12:00:00Z", SEOUL, 2) == ["2024-07-08T15:00:00Z", "2024-07-09T15:00:00Z"]


def test_a_job_keeps_its_hour_when_clocks_change() -> None:
    assert following("0 9 * * *", "2024-03-29T12:00:00Z", BERLIN, 2) == ["2024-03-30T08:00:00Z", "2024-03-31T07:00:00Z"]


def test_a_job_of_the_missing_hour_runs_when_it_is_over() -> None:
    assert following("30 2 * * *", "2024-03-30T12:00:00Z", BERLIN, 2) == [
        "2024-03-31T01:00:00Z",
        "2024-04-01T00:30:00Z",
    ]


def test_a_job_of_the_hour_that_comes_twice_runs_once() -> None:
    assert following("30 2 * * *", "2024-10-26T12:00:00Z", BERLIN, 2) == [
        "2024-10-27T00:30:00Z",
        "2024-10-28T01:30:00Z",
    ]


@pytest.mark.parametrize("after", ["2024-10-27T01:15:00Z", "2024-10-27T01:30:00Z", "2024-10-27T01:45:00Z"])
def test_from_within_the_second_such_hour_the_next_run_is_no_earlier_one(after: str) -> None:
    assert following("30 2 * * *", after, BERLIN) == ["2024-10-28T01:30:00Z"]


def test_a_job_of_every_half_hour_comes_every_half_hour_when_clocks_change() -> None:
    assert following("*/30 * * * *", "2024-03-31T00:15:00Z", BERLIN, 3) == [
        "2024-03-31T00:30:00Z",
        "2024-03-31T01:00:00Z",
        "2024-03-31T01:30:00Z",
    ]
    assert following("*/30 * * * *", "2024-10-27T00:15:00Z", BERLIN, 4) == [
        "2024-10-27T00:30:00Z",
        "2024-10-27T01:00:00Z",
        "2024-10-27T01:30:00Z",
        "2024-10-27T02:00:00Z",
    ]


@pytest.mark.parametrize("schedule", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30-31 feb *", "0 0 */31 * MON#5"])
def test_a_day_that_never_comes_is_no_fault_and_soon_known(schedule: str) -> None:
    start = time.process_time()
    check_schedule(schedule, BERLIN)

    assert next_run(schedule, BERLIN, 0) is None
    assert next_run(schedule, "UTC", 0) is None
    assert time.process_time() - start < 2


def test_a_day_that_seldom_comes_is_found() -> None:
    assert following("0 0 29 2 */7", "2024-03-01T00:00:00Z") == ["2032-02-29T00:00:00Z"]


@pytest.mark.parametrize("after", ["9999-12-31T23:59:30Z", "0001-01-01T00:00:00Z"])
@pytest.mark.parametrize("timezone", ["UTC", SEOUL, "America/New_York"])
def test_the_ends_of_the_calendar_are_no_accident(after: str, timezone: str) -> None:
    due = next_run("0 0 1 1 *", timezone, parse_instant(after))

    assert due is None or due > parse_instant(after)
    assert next_run("* * * * *", timezone, 10**30) is None
    assert next_run("* * * * *", timezone, -(10**30)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' has not the five fields of cron: minute, hour, day, month and weekday"),
        ("* * * *", "'* * * *' has not the five fields of cron: minute, hour, day, month and weekday"),
        ("0 * * * * *", "'0 * * * * *' has not the five fields of cron: minute, hour, day, month and weekday"),
        ("@reboot", "'@reboot' is none of @hourly, @daily, @weekly, @monthly, @yearly"),
        ("60 * * * *", "'60 * * * *' is no cron schedule: bad minute"),
        ("* 24 * * *", "'* 24 * * *' is no cron schedule: bad hour"),
        ("* * 0 * *", "'* * 0 * *' is no cron schedule: bad day-of-month"),
        ("* * 32 2 *", "'* * 32 2 *' is no cron schedule: bad day-of-month"),
        ("* * * 13 *", "'* * * 13 *' is no cron schedule: bad month"),
        ("* * * * 8", "'* * * * 8' is no cron schedule: bad day-of-week"),
        ("*/0 * * * *", "'*/0 * * * *' is no cron schedule: bad minute"),
        ("5-1 * * * *", "'5-1 * * * *' is no cron schedule: bad minute"),
        ("every day at nine o'clock", '"every day at nine o\'clock" is no cron schedule: bad minute'),
    ],
)
def test_what_is_no_schedule_is_said_to_be_none(text: str, message: str) -> None:
    with pytest.raises(InvalidScheduleError) as caught:
        check_schedule(text, "UTC")
    with pytest.raises(InvalidScheduleError):
        next_run(text, "UTC", 0)

    assert str(caught.value) == message


def test_a_text_that_is_too_long_is_not_even_read() -> None:
    with pytest.raises(InvalidScheduleError, match="it is too long"):
        check_schedule("9" * 5000 + " * * * *", "UTC")


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "a\0b", "x" * 5000])
def test_what_is_no_time_zone_is_said_to_be_none(name: str) -> None:
    with pytest.raises(InvalidScheduleError, match="is no time zone such as Europe/Berlin"):
        check_schedule("* * * * *", name)
    with pytest.raises(InvalidScheduleError):
        next_run("* * * * *", name, 0)


fields = st.lists(st.sampled_from([*"0123456789*/-,L#W", "MON", "feb", "ſ", "²"]), min_size=1, max_size=5).map("".join)


@given(st.one_of(st.lists(fields, min_size=4, max_size=6).map(" ".join), st.text()))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    with suppress(InvalidScheduleError):
        check_schedule(text, SEOUL)
        next_run(text, SEOUL, 0)


@given(
    st.sampled_from(["*/20 * * * *", "7 */5 * * *", "45 1-3 * * *", "0 12 * * 0", "* 2 * * *", "30 0 1,15 * *"]),
    st.sampled_from([BERLIN, SEOUL, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.integers(1_577_836_800, 1_893_456_000),
)
def test_the_next_run_is_later_and_its_minute_fits(schedule: str, timezone: str, second: int) -> None:
    due = next_run(schedule, timezone, second * SECOND)

    assert due is not None
    assert due > second * SECOND
    assert due % (60 * SECOND) == 0
    assert due - second * SECOND <= 17 * 86_400 * SECOND
    local = datetime.fromtimestamp(due // SECOND, UTC).astimezone(ZoneInfo(timezone))
    if schedule == "*/20 * * * *":
        assert local.minute % 20 == 0
        assert due - second * SECOND <= 50 * 60 * SECOND
    if schedule == "0 12 * * 0":
        assert (local.hour, local.minute, local.isoweekday()) == (12, 0, 7)
