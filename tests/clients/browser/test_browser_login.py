"""Logging in with nothing but a keyboard; from then on the cookie goes along by itself."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.clients.browser.conftest import Serve
from tests.clients.browser.tab import Tab, address_of
from tests.support.live_scenario import SECRET, locked

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAYS_IN = """async () => {
  const answer = await fetch("/api/auth/session");
  const opened = (target) => new Promise((resolve) => {
    target.onopen = () => resolve(true);
    target.onerror = () => resolve(false);
  });
  window.stream = new EventSource("/api/chat/stream?session=s");
  window.socket = new WebSocket("/ws");
  socket.onclose = (event) => { window.farewell = [event.code, event.reason]; };
  return [answer.status, ...await Promise.all([opened(stream), opened(socket)])];
}"""
LOG_OUT = """async () => (await fetch("/api/auth/logout", {method: "POST"})).json()"""


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_login_by_keyboard(tab: Tab, serve: Serve) -> None:
    live, page = await serve(locked()), tab.page
    password, button = page.get_by_label("Password"), page.get_by_role("button", name="Log in")
    await tab.open(f"{address_of(live)}/chat")
    await expect(page).to_have_url(f"{address_of(live)}/login?next=/chat")
    await expect(password).to_be_focused()
    assert await page.get_by_role("alert").count() == 0

    await press(page, "Enter")
    await expect(password).to_be_focused()
    await page.keyboard.type("wrong")
    await press(page, "Tab")
    await expect(button).to_be_focused()
    await press(page, "Enter")

    await expect(page.get_by_role("alert")).to_have_text("wrong password")
    await expect(password).to_be_focused()
    await expect(password).to_have_value("")
    await expect(password).to_have_accessible_description("wrong password")
    assert await page.context.cookies() == []

    await page.keyboard.type(SECRET)
    await press(page, "Tab", "Shift+Tab", "Enter")

    await expect(page).to_have_url(f"{address_of(live)}/chat")
    (cookie,) = await page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("openclaw_session", True, "Lax")


async def test_every_way_in_takes_the_cookie_until_logout(tab: Tab, serve: Serve) -> None:
    live = await serve(locked())
    await tab.open(f"{address_of(live)}/health")
    assert await tab.run(WAYS_IN) == [401, False, False]

    await tab.log_in(address_of(live), SECRET)
    assert await tab.run("() => document.cookie") == ""
    assert await tab.run(WAYS_IN) == [200, True, True]

    assert await tab.run(LOG_OUT) == {"ok": True}
    await tab.until("window.farewell")
    assert await tab.run("() => farewell") == [1008, "credential revoked"]
    assert await tab.run(WAYS_IN) == [401, False, False]
    assert await tab.run("() => stream.readyState") == 2
    assert await tab.page.context.cookies() == []
    await tab.open(f"{address_of(live)}/chat")
    await expect(tab.page).to_have_url(f"{address_of(live)}/login?next=/chat")


async def test_a_page_that_was_open_when_the_login_ended_asks_for_it_again(tab: Tab, serve: Serve) -> None:
    live, page = await serve(locked()), tab.page
    await tab.log_in(address_of(live), SECRET, "/chat")
    await expect(page.get_by_role("status")).to_have_text("Connected.")
    await page.context.clear_cookies()

    await page.keyboard.type("hello")
    await press(page, "Enter")

    await expect(page).to_have_url(f"{address_of(live)}/login?next=/chat")
