"""Who a visitor of a demo is taken for."""

from __future__ import annotations

import pytest

from emulator.surfaces.visitors import Visitor, set_cookie, visitor_of

BROWSER = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
SOCKET = {"Upgrade": "websocket", "Origin": "http://localhost:5173"}


def key_of(headers: dict[str, str], address: str | None = "10.0.0.1") -> str:
    return visitor_of(headers, address, "fresh").key


def test_a_name_comes_before_a_cookie_and_that_before_the_address() -> None:
    cookie, name = {"Cookie": "emulator-visitor=a"}, {"X-Emulator-Visitor": "a"}

    assert key_of(cookie) != key_of(name) != key_of({})
    assert key_of({**cookie, **name}) == key_of(name)
    assert key_of(cookie) == key_of(cookie, "10.0.0.2") == key_of({"Cookie": "x=1; emulator-visitor=a; y=2"})
    assert key_of({}) != key_of({}, "10.0.0.2")
    assert key_of({}, None) == key_of({}, None)


@pytest.mark.parametrize("headers", [BROWSER, SOCKET, {"Sec-Fetch-Site": "same-origin"}])
def test_a_browser_that_keeps_cookies_gets_one(headers: dict[str, str]) -> None:
    visitor = visitor_of(headers, "10.0.0.1", "fresh")

    assert visitor == Visitor(key_of({"Cookie": "emulator-visitor=fresh"}), is_new=True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:5173", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Upgrade": "websocket"},
        {**SOCKET, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin", "Accept": "text/event-stream"},
        {"Cookie": "other=1"},
        {"Cookie": '"; ='},
    ],
)
def test_everybody_else_is_known_by_the_address(headers: dict[str, str]) -> None:
    assert visitor_of(headers, "10.0.0.1", "fresh") == Visitor(key_of({}))


def test_whatever_is_sent_a_key_is_short() -> None:
    assert len(key_of({"X-Emulator-Visitor": "x\udcff" * 10_000})) == len(key_of({}))


def test_over_https_pages_of_other_sites_may_have_the_cookie_sent() -> None:
    assert set_cookie({}, "v") == "emulator-visitor=v; Path=/; HttpOnly; SameSite=Lax"
    secure = set_cookie({"X-Forwarded-Proto": "https"}, "v")
    assert secure == "emulator-visitor=v; Path=/; HttpOnly; SameSite=None; Secure; Partitioned"
