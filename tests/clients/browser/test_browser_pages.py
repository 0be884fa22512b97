"""The gateway's own pages on a small telephone: nothing is cut off, everything has a name, and the chat chats."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.clients.browser.conftest import Serve
from tests.clients.browser.tab import Tab, address_of
from tests.support.live_scenario import PIECES, SECRET, TEXT, locked

pytestmark = pytest.mark.asyncio(loop_scope="session")

MORE = """
  nodes: {pi: {name: 거실}}
  sessions: {"agent:main:api:dm:old": {messages: [{role: user, content: 어제?}, {role: assistant, content: 어제요.}]}}
"""
CUT_OFF = """() => [document.documentElement, ...document.querySelectorAll("main *")]
  .filter((each) => each.scrollWidth > each.clientWidth && getComputedStyle(each).display !== "inline")
  .map((each) => each.outerHTML)"""
VIOLATIONS = """addEventListener("securitypolicyviolation", (event) => console.error(event.violatedDirective))"""
WANTED = """() => {
  const controls = document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, [tabindex]");
  window.reached = new Set();
  for (const each of controls) each.addEventListener("focus", () => reached.add(each));
  document.activeElement.blur();
  return controls.length;
}"""


async def nameless(tab: Tab) -> list[Any]:
    """Return what the keyboard reaches and has no name."""
    session = await tab.page.context.new_cdp_session(tab.page)
    tree = await session.send("Accessibility.getFullAXTree")
    return [each for each in tree["nodes"] if is_focusable(each) and not each["name"]["value"].strip()]


def is_focusable(node: Any) -> bool:
    properties = {each["name"]: each["value"].get("value") for each in node.get("properties", ())}
    return not node["ignored"] and properties.get("focusable", False)


@pytest.mark.parametrize("path", ["/login", "/", "/chat"])
async def test_a_page_fits_a_small_telephone_and_has_nothing_to_complain_of(tab: Tab, serve: Serve, path: str) -> None:
    live = await serve(locked(MORE))
    await tab.page.add_init_script(VIOLATIONS)
    await tab.log_in(address_of(live), SECRET, path)
    if path == "/chat":
        await expect(tab.page.get_by_role("status")).to_have_text("Connected.")

    assert await tab.run(CUT_OFF) == []
    assert await nameless(tab) == []
    assert await tab.page.title()
    assert await tab.page.get_by_role("heading", level=1).count() == 1
    assert tab.complaints == []

    wanted = await tab.run(WANTED)
    for _ in range(wanted + 4):
        await tab.page.keyboard.press("Tab")
    assert await tab.run("() => reached.size") == wanted


async def test_a_chat_shows_the_reply_as_it_comes(tab: Tab, serve: Serve) -> None:
    live, page = await serve(locked(MORE)), tab.page
    await tab.log_in(address_of(live), SECRET, "/chat")
    log, message = page.get_by_role("log", name="Conversation"), page.get_by_label("Message")
    said, reply = log.locator(".user span"), log.locator(".assistant span")
    await expect(page.get_by_role("status")).to_have_text("Connected.")
    await expect(message).to_be_focused()

    await page.keyboard.type("hello")
    await page.keyboard.press("Enter")
    for count, _ in enumerate(PIECES, 1):
        await expect(reply).to_have_text("".join(PIECES[:count]), use_inner_text=True)
        await live.pass_milliseconds(10)

    await expect(page.get_by_role("status")).to_have_text("")
    await expect(message).to_be_focused()
    assert [await said.all_text_contents(), await reply.all_text_contents()] == [["hello"], [TEXT]]
    assert await tab.run(CUT_OFF) == []
    assert tab.complaints == []

    await page.reload()
    await expect(reply).to_have_text(TEXT)
    await expect(said).to_have_text("hello")


async def test_other_sessions_and_agents_have_their_own_conversations(tab: Tab, serve: Serve) -> None:
    live, page = await serve(locked(MORE)), tab.page
    await tab.log_in(address_of(live), SECRET, "/chat")
    log = page.get_by_role("log", name="Conversation")

    await page.get_by_label("Session").fill("old")
    await page.keyboard.press("Enter")
    await expect(log).to_contain_text("어제?")
    await expect(log).to_contain_text("어제요.")
    await page.get_by_label("Agent").select_option("other")
    await expect(log).to_have_text("")
    await expect(page.get_by_role("status")).to_have_text("Connected.")

    await page.get_by_label("Message").fill("quick")
    await page.get_by_role("button", name="Send").click()
    await expect(log.locator(".assistant")).to_contain_text("a quick reply")
    assert tab.complaints == []


async def test_what_somebody_else_hears_is_shown_too_and_so_is_what_goes_wrong(tab: Tab, serve: Serve) -> None:
    live, page = await serve(locked(MORE)), tab.page
    await tab.log_in(address_of(live), SECRET, "/chat")
    log, status = page.get_by_role("log", name="Conversation"), page.get_by_role("status")
    await expect(status).to_have_text("Connected.")

    await tab.page.request.post(f"{address_of(live)}/api/chat", data={"message": "quick", "session": "web"})
    await expect(log.locator(".assistant span")).to_have_text("a quick reply")
    await page.keyboard.type("fail")
    await page.keyboard.press("Enter")

    await expect(status).to_have_text("too much")
    await expect(status).to_have_class("bad")
