"""Browsers log in, are known by their cookie, and log out (openclaw §1.2)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.gateway import Gateway
from tests.support.scenarios import load_text
from tests.wire.gateway.conftest import Serve

PROTECTED = """
gateway:
  auth: {password: secret, tokens: {reader: {scopes: [read]}}}
  cors: {origins: ["https://app.example"]}
  chat: {reply: hello}
  channels: {slack: {status: disconnected, error: gone}}
"""
COOKIE = re.compile(r"openclaw_session=([A-Za-z0-9_-]{22,}); Path=/; HttpOnly; SameSite=Lax; Max-Age=604800")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MILLISECONDS_A_DAY = 86_400_000


async def log_in(gateway: Gateway, shown: str = "secret") -> dict[str, str]:
    """Log in and return the header that a browser sends from then on."""
    answer = await gateway.post("/api/auth/login", {"password": shown})
    assert answer.ok["ok"] is True
    found = COOKIE.fullmatch(answer.headers["Set-Cookie"])
    assert found
    return {"Cookie": f"theme=dark; openclaw_session={found[1]}"}


async def test_whoever_logs_in_is_known_by_the_cookie(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    cookie = await log_in(gateway)

    assert (await gateway.chat(headers=cookie)).ok["response"] == "hello"
    assert (await gateway.patch({"a": 1}, cookie)).status == 200
    assert (await gateway.get("/api/auth/session", cookie)).ok == {
        "authenticated": True,
        "method": "cookie",
        "expiresAt": "2023-11-21T22:13:20Z",
    }


async def test_a_login_tells_until_when_it_is_good(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    answer = await gateway.post("/api/auth/login", {"password": "secret"})

    assert answer.ok == {"ok": True, "expiresAt": "2023-11-21T22:13:20Z"}


async def test_a_login_by_form_is_the_same(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    answer = await gateway.send("POST", "/api/auth/login", "password=secret&x=1", FORM)

    assert answer.ok["ok"] is True
    assert COOKIE.fullmatch(answer.headers["Set-Cookie"])


async def test_json_that_is_called_a_form_logs_in(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    answer = await gateway.send("POST", "/api/auth/login", ' {"password": "secret"}', FORM)

    assert answer.ok["ok"] is True


async def test_two_logins_get_two_cookies(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    assert await log_in(gateway) != await log_in(gateway)


async def test_a_wrong_password_gets_no_cookie(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    answer = await gateway.post("/api/auth/login", {"password": "Secret"})

    assert answer.refusal == (401, "AUTH_REQUIRED")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="openclaw"'


@pytest.mark.parametrize("body", ["{}", '{"password": ""}', '{"password": 1}', '{"password": null}'])
async def test_a_login_without_a_password_is_refused(serve: Serve, body: str) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.send("POST", "/api/auth/login", body)).issues == ["password"]


async def test_a_login_that_is_nonsense_is_refused(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.send("POST", "/api/auth/login", "{")).issues == [""]
    assert (await gateway.send("POST", "/api/auth/login", "x=1&" * 101, FORM)).issues == [""]
    assert (await gateway.send("POST", "/login", "x=1&" * 101, FORM)).status == 400


async def test_a_login_with_a_token_may_do_what_the_token_may(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    cookie = await log_in(gateway, "reader")

    assert (await gateway.get("/api/nodes", cookie)).status == 200
    assert (await gateway.chat(headers=cookie)).refusal == (403, "FORBIDDEN")


async def test_whoever_logged_out_is_not_known_any_more(serve: Serve) -> None:
    gateway = await serve(PROTECTED)
    cookie, other = await log_in(gateway), await log_in(gateway)

    answer = await gateway.post("/api/auth/logout", None, cookie)

    assert answer.ok == {"ok": True}
    assert answer.headers["Set-Cookie"] == "openclaw_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    assert (await gateway.get("/api/nodes", cookie)).refusal == (401, "AUTH_REQUIRED")
    assert (await gateway.get("/api/nodes", other)).status == 200


async def test_anybody_may_log_out(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    assert (await gateway.post("/api/auth/logout")).ok == {"ok": True}


async def test_a_cookie_is_good_for_a_week_after_its_last_use(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(PROTECTED)
    cookie = await log_in(gateway)

    await clock.pass_milliseconds(7 * MILLISECONDS_A_DAY - 1)
    used = await gateway.get("/api/auth/session", cookie)
    await clock.pass_milliseconds(7 * MILLISECONDS_A_DAY - 1)
    used_again = await gateway.get("/api/nodes", cookie)
    await clock.pass_milliseconds(7 * MILLISECONDS_A_DAY)
    expired = await gateway.get("/api/nodes", cookie)

    assert used.ok["expiresAt"] == "2023-11-28T22:13:19Z"
    assert used_again.status == 200
    assert expired.refusal == (401, "AUTH_REQUIRED")


async def test_a_wrong_header_is_not_made_good_by_a_cookie(serve: Serve) -> None:
    gateway = await serve(PROTECTED)
    cookie = await log_in(gateway)

    for header in ("Bearer wrong", "Basic x", ""):
        assert (await gateway.get("/api/nodes", {**cookie, "Authorization": header})).status == 401
    assert (await gateway.get("/ws?token=wrong", cookie)).status == 401


async def test_a_bearer_is_known_as_one(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    answer = await gateway.get("/api/auth/session", {"Authorization": "Bearer secret"})

    assert answer.ok == {"authenticated": True, "method": "bearer"}
    assert (await gateway.get("/api/auth/session")).refusal == (401, "AUTH_REQUIRED")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://app.example.evil"])
async def test_a_page_from_elsewhere_changes_nothing_with_the_cookie(serve: Serve, origin: str) -> None:
    gateway = await serve(PROTECTED)
    cookie = await log_in(gateway)
    foreign = {**cookie, "Origin": origin}

    assert (await gateway.chat(headers=foreign)).refusal == (403, "FORBIDDEN")
    assert (await gateway.patch({"a": 1}, foreign)).refusal == (403, "FORBIDDEN")
    assert (await gateway.get("/ws", foreign)).refusal == (403, "FORBIDDEN")
    assert (await gateway.post("/api/auth/logout", None, foreign)).refusal == (403, "FORBIDDEN")
    assert (await gateway.get("/api/nodes", foreign)).status == 200


async def test_a_page_of_this_host_or_of_an_allowed_origin_may_use_the_cookie(serve: Serve) -> None:
    gateway = await serve(PROTECTED)
    cookie = await log_in(gateway)

    for origin in (gateway.served.url, "https://app.example"):
        assert (await gateway.chat(headers={**cookie, "Origin": origin})).status == 200
        assert (await gateway.get("/ws", {**cookie, "Origin": origin})).status == 426


async def test_a_bearer_may_come_from_any_page(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    answer = await gateway.chat(headers={"Authorization": "Bearer secret", "Origin": "https://evil.example"})

    assert answer.status == 200


async def test_a_gateway_open_to_everybody_lets_anybody_log_in(serve: Serve) -> None:
    gateway = await serve("gateway: {}")

    await log_in(gateway, "whatever")

    assert (await gateway.get("/api/auth/session")).ok == {"authenticated": True, "method": "none"}


@pytest.mark.parametrize("path", ["/", "/chat"])
async def test_pages_of_a_protected_gateway_want_a_login(serve: Serve, path: str) -> None:
    gateway = await serve(PROTECTED)
    cookie = await log_in(gateway)

    stranger, known = await gateway.get(path), await gateway.get(path, cookie)

    assert (stranger.status, stranger.headers["Location"]) == (303, f"/login?next={path}")
    assert known.status == 200
    assert known.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/", "/chat", "/login"])
async def test_pages_of_an_open_gateway_are_shown_to_everybody(serve: Serve, path: str) -> None:
    gateway = await serve("gateway: {}")

    answer = await gateway.get(path)

    assert answer.status == 200
    assert answer.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("onward", "location"),
    [
        ("", "/"),
        ("&next=/chat", "/chat"),
        ("&next=%2Fchat%3Fa%3D1", "/chat?a=1"),
        ("&next=//evil.example", "/"),
        ("&next=https://evil.example", "/"),
        ("&next=/%5Cevil.example", "/"),
    ],
)
async def test_the_form_leads_on_to_where_the_browser_wanted_to_go(serve: Serve, onward: str, location: str) -> None:
    gateway = await serve(PROTECTED)

    answer = await gateway.send("POST", "/login", f"password=secret{onward}", FORM)

    assert (answer.status, answer.headers["Location"], answer.body) == (303, location, b"")
    assert COOKIE.fullmatch(answer.headers["Set-Cookie"])


async def test_the_form_comes_again_after_a_wrong_password(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    wrong = await gateway.send("POST", "/login", "password=wrong&next=/chat", FORM)
    empty = await gateway.send("POST", "/login", "", FORM)

    assert (wrong.status, empty.status) == (401, 400)
    for answer in (wrong, empty):
        assert b"<form" in answer.body
        assert "Set-Cookie" not in answer.headers
    assert b'value="/chat"' in wrong.body


async def test_a_channel_that_the_config_switches_off_is_so_on_the_page(serve: Serve) -> None:
    gateway = await serve(PROTECTED.replace("auth:", "version: x\n  #"))

    before = await gateway.get("/")
    await gateway.patch({"channels.slack.enabled": False})
    after = await gateway.get("/")

    assert b"gone" in before.body
    assert b"gone" not in after.body
    assert b"disabled" in after.body


async def test_other_secrets_log_everybody_out(serve: Serve, tmp_path: Path) -> None:
    gateway = await serve(PROTECTED)
    cookie = await log_in(gateway)

    gateway.emulator.swap(load_text(tmp_path, PROTECTED.replace("hello", "hello again")))
    same = await gateway.get("/api/nodes", cookie)
    gateway.emulator.swap(load_text(tmp_path, PROTECTED.replace("reader", "writer")))
    other = await gateway.get("/api/nodes", cookie)

    assert same.status == 200
    assert other.status == 401


async def test_the_cookie_ends_with_the_server(serve: Serve) -> None:
    gateway, restarted = await serve(PROTECTED), await serve(PROTECTED)
    cookie = await log_in(gateway)

    assert (await restarted.get("/api/nodes", cookie)).status == 401


async def test_answers_to_logins_are_json(serve: Serve) -> None:
    gateway = await serve(PROTECTED)

    answer = await gateway.post("/api/auth/login", {"password": "secret"})

    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.body)["ok"] is True


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 204), ("none", 204)]
)
async def test_the_image_of_another_site_sends_no_message_with_a_login(serve: Serve, site: str, status: int) -> None:
    gateway = await serve(PROTECTED)
    cookie = await log_in(gateway)
    said = await gateway.chat(session="x", headers=cookie)
    seen = f"{said.headers['X-Run-Id']}:1"  # the message of a stream that saw its run's end is not sent again

    headers = {**cookie, "Sec-Fetch-Site": site, "Last-Event-ID": seen}
    answer = await gateway.get("/api/chat/stream?session=x&message=hi", headers)

    assert answer.status == status
