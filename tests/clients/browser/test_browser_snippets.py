"""What the documentation shows of streams and sockets, typed into the console of a browser as it stands there."""

from __future__ import annotations

import pytest

from tests.clients.browser.conftest import DOCUMENTED, Serve
from tests.clients.browser.relay import Relay
from tests.clients.browser.tab import Tab
from tests.support.live import Live
from tests.support.live_scenario import PIECES, SECRET, TEXT, locked

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREAM = """
const eventSource = new EventSource("/api/chat/stream?session=...");

eventSource.onmessage = (event) => {
  const data = JSON.parse(event.data);
  console.log(data.chunk);
};
"""
SOCKET = """
const ws = new WebSocket("ws://localhost:18789/ws");

ws.onmessage = (event) => {
  const data = JSON.parse(event.data);
  console.log(data);
};
"""
SENDING = """
ws.send(
  JSON.stringify({
    type: "chat",
    message: "안녕하세요",
  }),
);
"""
LOG_IN = """async (password) => {
  return (await fetch("/api/auth/login", {method: "POST", body: JSON.stringify({password})})).status;
}"""
CHAT = """async (message) => {
  const body = JSON.stringify({message, session: "..."});
  return (await fetch("/api/chat", {method: "POST", body})).json();
}"""


async def log_in(tab: Tab, relay: Relay, live: Live) -> None:
    """Log in at the documented address, which is one for pages, but not for the machine that they are on."""
    relay.lead_to(live)
    await tab.open(f"http://{DOCUMENTED}/health")
    assert await tab.run(LOG_IN, SECRET) == 200


async def test_the_documented_stream_logs_a_reply_piece_by_piece(tab: Tab, serve: Serve, documented: Relay) -> None:
    live = await serve(locked())
    await log_in(tab, documented, live)
    await tab.type(STREAM)
    await tab.until("eventSource.readyState === EventSource.OPEN")
    await tab.type("let done; eventSource.addEventListener('done', (event) => { done = JSON.parse(event.data); })")
    await tab.type(f"let answer; ({CHAT})('hello').then((each) => {{ answer = each; }})")

    for count, _ in enumerate(PIECES, 1):
        logged = await tab.logged(count)
        assert logged == PIECES[:count]
        await live.pass_milliseconds(10)
    await tab.until("answer && done")

    assert await tab.run("() => answer.response") == await tab.run("() => done.response") == "".join(PIECES) == TEXT
    assert await tab.logged(0) == PIECES


async def test_the_documented_socket_logs_a_reply_piece_by_piece(tab: Tab, serve: Serve, documented: Relay) -> None:
    live = await serve(locked().replace("message: hello", "message: 안녕하세요"))
    await log_in(tab, documented, live)
    await tab.type(SOCKET)
    await tab.until("ws.readyState === WebSocket.OPEN")
    await tab.type(SENDING)

    for count, _ in enumerate(PIECES, 1):
        logged = await tab.logged(count)
        assert [each["chunk"] for each in logged if each["type"] == "chunk"] == PIECES[:count]
        await live.pass_milliseconds(10)
    *_, done = await tab.logged(len(PIECES) + 1)

    assert (done["type"], done["response"], done["tokensUsed"]) == ("done", TEXT, 41)


async def test_what_the_documented_socket_sends_is_heard_by_the_documented_stream(
    tab: Tab, serve: Serve, documented: Relay
) -> None:
    live = await serve(locked())
    await log_in(tab, documented, live)
    await tab.type(STREAM)
    await tab.type(SOCKET)
    await tab.until("ws.readyState + eventSource.readyState === 2")

    await tab.type('ws.send(JSON.stringify({type: "chat", message: "quick", session: "..."}))')

    logged = await tab.logged(7)
    frames = [each for each in logged if isinstance(each, dict)]
    assert [each for each in logged if isinstance(each, str)] == ["a ", "quick ", "reply"]
    assert [each["type"] for each in frames] == ["chunk", "chunk", "chunk", "done"]
