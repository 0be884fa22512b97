"""Login sessions, their cookie, and what becomes of who guesses (contract openclaw §1.2)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.model.gateway import Scope
from emulator.surfaces.openclaw.failures import GatewayError
from emulator.surfaces.openclaw.logins import (
    ALL_SCOPES,
    CLEARING_COOKIE,
    FailedLogins,
    Logins,
    cookie_header,
    session_cookie,
)
from emulator.values.durations import SECOND

NOW = 1_707_393_600 * SECOND
WEEK = 7 * 86_400 * SECOND


def test_a_session_is_found_for_a_week() -> None:
    logins = Logins()
    session = logins.begin(NOW)

    assert session.expires == NOW + WEEK
    assert session.scopes == ALL_SCOPES
    assert logins.find(session.value, NOW + WEEK - 1) == session


def test_it_is_gone_after_a_week_without_use() -> None:
    logins = Logins()
    session = logins.begin(NOW)

    assert logins.find(session.value, NOW + WEEK) is None
    assert logins.find(session.value, NOW) is None


def test_use_renews_it() -> None:
    logins = Logins()
    value = logins.begin(NOW, frozenset({Scope.READ})).value

    found = logins.find(value, NOW + WEEK - 1)

    assert found is not None
    assert (found.expires, found.scopes) == (NOW + 2 * WEEK - 1, frozenset({Scope.READ}))
    assert logins.find(value, NOW + 2 * WEEK - 2) is not None


@pytest.mark.parametrize("value", [None, "", "unknown", "\ud800"])
def test_nobody_has_a_session_by_guessing(value: str | None) -> None:
    logins = Logins()
    logins.begin(NOW)

    assert logins.find(value, NOW) is None


def test_a_session_that_was_ended_is_gone_and_ending_it_again_is_nothing() -> None:
    logins = Logins()
    kept, ended = logins.begin(NOW).value, logins.begin(NOW).value

    for value in (ended, ended, None):
        logins.end(value)

    assert logins.find(ended, NOW) is None
    assert logins.find(kept, NOW) is not None


def test_all_can_be_ended_at_once() -> None:
    logins = Logins()
    values = [logins.begin(NOW).value for _ in range(3)]

    logins.clear()

    assert [logins.find(each, NOW) for each in values] == [None] * 3


def test_the_one_not_used_for_longest_makes_room() -> None:
    logins = Logins()
    values = [logins.begin(NOW).value for _ in range(1_000)]
    logins.find(values[0], NOW + 1)

    logins.begin(NOW + 2)

    assert logins.find(values[0], NOW + 3) is not None
    assert logins.find(values[1], NOW + 3) is None
    assert logins.find(values[2], NOW + 3) is not None


def test_values_are_long_distinct_and_fit_for_a_cookie() -> None:
    logins = Logins()
    values = {logins.begin(NOW).value for _ in range(100)}

    assert len(values) == 100
    assert all(len(each) * 6 >= 128 and each.replace("-", "").replace("_", "").isalnum() for each in values)
    assert all(session_cookie(cookie_header(each)) == each for each in values)


def test_the_cookie_is_written_as_documented() -> None:
    assert cookie_header("abc") == "openclaw_session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800"
    assert CLEARING_COOKIE == "openclaw_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (None, None),
        ("", None),
        (";;; =; x", None),
        ("openclaw_session", None),
        ("openclaw_session=", None),
        ("openclaw_session=abc", "abc"),
        ("a=1; openclaw_session=abc; b=2", "abc"),
        ("a=1;openclaw_session=abc", "abc"),
        (' openclaw_session = "abc" ', "abc"),
        ('odd{}=["x", 1]; openclaw_session=abc', "abc"),
        ("세션=값; openclaw_session=abc", "abc"),
        ("openclaw_session=; openclaw_session=abc", "abc"),
        ("my_openclaw_session=abc", None),
        ("OPENCLAW_SESSION=abc", None),
        ("openclaw_session=a=b==", "a=b=="),
    ],
)
def test_the_cookie_is_found_among_others(header: str | None, value: str | None) -> None:
    assert session_cookie(header) == value


@given(st.one_of(st.text(st.characters()), st.text(st.sampled_from('openclaw_session=;", \0'))))
def test_no_cookie_header_is_too_strange(others: str) -> None:
    session_cookie(others)

    assert session_cookie(f"openclaw_session=abc; {others}") == "abc"


def fail(failed: FailedLogins, address: str | None, moments: list[int]) -> None:
    for each in moments:
        failed.check(address, each)
        failed.count(address, each)


def test_ten_wrong_secrets_in_a_minute_are_enough_for_five() -> None:
    failed = FailedLogins()
    fail(failed, "192.0.2.1", [NOW + each for each in range(10)])
    failed.check("192.0.2.2", NOW + 10)

    with pytest.raises(GatewayError) as caught:
        failed.check("192.0.2.1", NOW + 9 + SECOND // 2)

    assert (caught.value.status, caught.value.details) == (429, {"retryAfter": 300})
    with pytest.raises(GatewayError) as caught:
        failed.check("192.0.2.1", NOW + 8 + 300 * SECOND)
    assert caught.value.details == {"retryAfter": 1}
    failed.check("192.0.2.1", NOW + 9 + 300 * SECOND)


def test_afterwards_there_are_ten_tries_again() -> None:
    failed = FailedLogins()
    fail(failed, "192.0.2.1", [NOW] * 10)

    fail(failed, "192.0.2.1", [NOW + 300 * SECOND] * 10)

    with pytest.raises(GatewayError):
        failed.check("192.0.2.1", NOW + 300 * SECOND)


def test_ten_in_more_than_a_minute_are_not_too_many() -> None:
    failed = FailedLogins()

    fail(failed, "192.0.2.1", [NOW + each * 7 * SECOND for each in range(100)])


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", None])
def test_who_is_on_this_machine_may_always_try_again(address: str | None) -> None:
    fail(FailedLogins(), address, [NOW] * 100)


@pytest.mark.parametrize("address", ["2001:db8::1", "fe80::1%eth0", "::ffff:192.0.2.1", "no address"])
def test_any_other_address_is_counted(address: str) -> None:
    with pytest.raises(GatewayError):
        fail(FailedLogins(), address, [NOW] * 11)


def test_a_thousand_addresses_are_remembered() -> None:
    failed = FailedLogins()
    for number in range(1_001):
        with suppress(GatewayError):
            fail(failed, f"192.0.{number // 256}.{number % 256}", [NOW] * 11)

    failed.check("192.0.0.0", NOW)
    with pytest.raises(GatewayError):
        failed.check("192.0.0.1", NOW)
