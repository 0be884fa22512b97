"""What pages of other origins can do with the cookie of somebody who is logged in: nothing, unless they are let in."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.clients.browser.conftest import Serve
from tests.clients.browser.tab import Tab, address_of
from tests.support.live import Live
from tests.support.live_scenario import SECRET, locked

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "agent:main:api:dm:s"
READ = """async ([gateway, path]) => {
  try {
    const answer = await fetch(gateway + path, {credentials: "include"});
    return [answer.status, (await answer.text()).length > 0];
  } catch (error) { return error.name; }
}"""
CHANGE = """async ([gateway, method, path, body]) => {
  const headers = body === null ? {} : {"Content-Type": "application/json"};
  try {
    const answer = await fetch(gateway + path, {method, headers, body, credentials: "include"});
    return [answer.status, answer.headers.has("X-Run-Id")];
  } catch (error) { return error.name; }
}"""
BLINDLY = """async ([gateway, method, path, body]) => {
  const answer = await fetch(gateway + path, {method, body, mode: "no-cors", credentials: "include"});
  return [answer.type, answer.status];
}"""
STREAM = """(gateway) => new Promise((resolve) => {
  const stream = new EventSource(`${gateway}/api/chat/stream?session=s`, {withCredentials: true});
  stream.onopen = () => resolve("open");
  stream.onerror = () => resolve(stream.readyState === EventSource.CLOSED ? "closed" : "cut");
})"""
SOCKET = """(gateway) => new Promise((resolve) => {
  const socket = new WebSocket(`${gateway}/ws`);
  socket.onopen = () => socket.send(JSON.stringify({type: "ping"}));
  socket.onmessage = (event) => resolve(JSON.parse(event.data).type);
  socket.onclose = (event) => resolve(event.code);
})"""
FORM = """([gateway, path, body]) => {
  const form = document.createElement("form"), field = document.createElement("input");
  Object.assign(form, {method: "post", action: gateway + path, enctype: "text/plain"});
  [field.name, field.value] = body;
  form.append(field);
  document.body.append(form);
  form.submit();
}"""
CHANGES = [
    ("POST", "/api/chat", '{"message": "quick", "session": "s"}'),
    ("PATCH", "/api/config", '{"a.b": 1}'),
    ("POST", "/api/channels/signal/reconnect", None),
    ("POST", "/api/nodes/pair", "{}"),
    ("POST", "/api/cron/nightly/run", None),
    ("DELETE", f"/api/sessions/{KEY}", None),
]
READABLE = ["/api/sessions", "/api/config", "/api/auth/session", "/health", "/", "/chat"]


async def state_of(tab: Tab, live: Live) -> list[Any]:
    """Return what the gateway has, as its owner sees it."""
    paths = ["sessions", "config", "channels", "nodes", "cron", "auth/session"]
    return [await (await tab.page.request.get(f"{address_of(live)}/api/{path}")).json() for path in paths]


async def foreign_page(serve: Serve, host: str = "localhost") -> str:
    """Return the origin of a page that has nothing to do with the gateway."""
    other = await serve("gateway: {}")
    return address_of(other).replace("localhost", host)


@pytest.fixture
def text() -> str:
    """Return a scenario with one conversation that is there from the start."""
    said = "{role: user, content: hi}"
    return locked(f'  sessions: {{"{KEY}": {{messages: [{said}]}}}}\n')


async def test_a_foreign_page_reads_nothing(tab: Tab, serve: Serve, text: str) -> None:
    live, foreign = await serve(text), await foreign_page(serve)
    gateway = address_of(live)
    await tab.log_in(gateway, SECRET)
    await tab.open(f"{foreign}/health")

    assert [await tab.run(READ, [gateway, path]) for path in READABLE] == ["TypeError"] * len(READABLE)
    assert await tab.run(STREAM, gateway) == "closed"
    assert await tab.run(SOCKET, gateway.replace("http", "ws")) == 1006


async def test_a_foreign_page_changes_nothing(tab: Tab, serve: Serve, text: str) -> None:
    live, foreign = await serve(text), await foreign_page(serve)
    gateway = address_of(live)
    await tab.log_in(gateway, SECRET)
    before = await state_of(tab, live)
    await tab.open(f"{foreign}/health")

    for method, path, body in [*CHANGES, ("POST", "/api/auth/logout", None)]:
        assert await tab.run(CHANGE, [gateway, method, path, body]) == "TypeError"
        if method == "POST":
            assert await tab.run(BLINDLY, [gateway, method, path, body]) == ["opaque", 0]
    await tab.run(FORM, [gateway, "/api/chat", ['{"message": "quick", "session": "s", "x', '": 1}']])
    await expect(tab.page).to_have_url(f"{gateway}/api/chat")

    assert "FORBIDDEN" in await tab.page.content()
    assert await state_of(tab, live) == before


async def test_a_foreign_page_frames_no_page_of_the_gateway(tab: Tab, serve: Serve, text: str) -> None:
    live, foreign = await serve(text), await foreign_page(serve)
    gateway = address_of(live)
    await tab.log_in(gateway, SECRET)
    await tab.open(f"{foreign}/health")

    await tab.run(
        """(url) => new Promise((resolve) => {
          const frame = document.createElement("iframe");
          frame.onload = resolve;
          frame.src = url;
          document.body.append(frame);
        })""",
        f"{gateway}/chat",
    )

    assert [each for each in tab.complaints if "frame-ancestors" in each]


async def test_a_page_that_is_let_in_reads_and_changes(tab: Tab, serve: Serve, text: str) -> None:
    foreign = await foreign_page(serve)
    live = await serve(f'{text}  cors: {{origins: ["{foreign}"]}}\n')
    gateway = address_of(live)
    await tab.log_in(gateway, SECRET)
    await tab.open(f"{foreign}/health")

    assert [await tab.run(READ, [gateway, path]) for path in READABLE] == [[200, True]] * len(READABLE)
    assert await tab.run(STREAM, gateway) == "open"
    assert await tab.run(SOCKET, gateway.replace("http", "ws")) == "pong"
    changed = [await tab.run(CHANGE, [gateway, *change]) for change in CHANGES]
    assert [status for status, _ in changed] == [200] * len(CHANGES)
    assert changed[0] == [200, True]
    assert await tab.run(CHANGE, [gateway, "POST", "/api/auth/logout", None]) == [200, False]
    assert await tab.run(READ, [gateway, "/api/sessions"]) == [401, True]


async def test_the_cookie_does_not_go_to_another_site(tab: Tab, serve: Serve, text: str) -> None:
    foreign = await foreign_page(serve, "127.0.0.1")
    live = await serve(f'{text}  cors: {{origins: ["{foreign}"]}}\n')
    gateway = address_of(live)
    await tab.log_in(gateway, SECRET)
    await tab.open(f"{foreign}/health")

    assert await tab.run(READ, [gateway, "/api/sessions"]) == [401, True]
    assert await tab.run(STREAM, gateway) == "closed"
    assert await tab.run(SOCKET, gateway.replace("http", "ws")) == 1006
