"""Durations as people write them."""

from __future__ import annotations

import pytest

from emulator.values.durations import MAX_DURATION, InvalidDurationError, format_duration, parse_duration

MS = 1_000_000
S = 1000 * MS


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("250ms", 250 * MS),
        ("0ms", 0),
        ("0s", 0),
        ("3s", 3 * S),
        ("1.5s", 1500 * MS),
        ("0.25ms", 250_000),
        ("1m30s", 90 * S),
        ("5m", 300 * S),
        ("1h", 3600 * S),
        ("2d", 2 * 86400 * S),
        ("1d2h3m4s5ms", (86400 + 2 * 3600 + 3 * 60 + 4) * S + 5 * MS),
        ("1h1ms", 3600 * S + MS),
        ("366d", MAX_DURATION),
        ("90m", 90 * 60 * S),
    ],
)
def test_a_duration_is_read_as_nanoseconds(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a duration such as 250ms, 3s or 1m30s"),
        ("3", "is not a duration"),
        ("ms", "is not a duration"),
        ("-3s", "is not a duration"),
        ("+3s", "is not a duration"),
        ("3 s", "is not a duration"),
        (" 3s", "is not a duration"),
        ("3s ", "is not a duration"),
        ("3s\n", "is not a duration"),
        ("3S", "is not a duration"),
        ("3sec", "is not a duration"),
        ("3us", "is not a duration"),
        (".5s", "is not a duration"),
        ("5.s", "is not a duration"),
        ("1e3s", "is not a duration"),
        ("٣s", "is not a duration"),
        ("infs", "is not a duration"),
        ("1s1m", "must name each unit once, the largest first"),
        ("1s1s", "must name each unit once, the largest first"),
        ("1ms1s", "must name each unit once, the largest first"),
        ("367d", "is longer than 366 days"),
        ("366d1ms", "is longer than 366 days"),
        ("9" * 39 + "d", "is longer than 366 days"),
        ("1" * 1_000_000 + "s", "is not a duration"),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_duration_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidDurationError, match=reason) as caught:
        parse_duration(text)

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0ms"),
        (MS, "1ms"),
        (999_999, "0ms"),
        (1500 * MS, "1s500ms"),
        (90 * S, "1m30s"),
        (3600 * S, "1h"),
        (86400 * S + MS, "1d1ms"),
        (MAX_DURATION, "366d"),
    ],
)
def test_a_duration_is_written_as_people_write_it(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text
