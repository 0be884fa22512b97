"""Streams that were cut, as a browser takes them up again; all of it at once, since it waits three seconds to do so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.clients.browser.conftest import Serve
from tests.clients.browser.relay import relaying
from tests.clients.browser.tab import Tab, opened_tab
from tests.support.live import Live, living
from tests.support.live_scenario import PIECES, SCENARIO, TEXT
from tests.support.scenarios import load_text

pytestmark = pytest.mark.asyncio(loop_scope="session")

LISTEN = """(query) => {
  Object.assign(window, {opened: 0, pieces: [], ends: [], errors: []});
  const stream = window.stream = new EventSource("/api/chat/stream?" + new URLSearchParams(query));
  stream.onopen = () => { opened += 1; };
  stream.onmessage = (event) => { pieces.push(JSON.parse(event.data).chunk); };
  stream.addEventListener("done", (event) => { ends.push(JSON.parse(event.data)); });
  stream.onerror = (event) => {
    errors.push([stream.readyState, event.data === undefined ? null : JSON.parse(event.data)]);
  };
}"""
MAY_BE_LOST = "b"  # a browser may throw away what came right before the end of a connection that was cut
CONNECTING, OPEN, CLOSED = range(3)
HISTORY = """async () => {
  const answer = await fetch("/api/sessions/agent:main:api:dm:s/history");
  return (await answer.json()).messages.map((each) => each.role);
}"""
SEEN = "() => ({opened, pieces, ends, errors, state: stream.readyState})"


class Listening:
    """A page that listens to a conversation."""

    def __init__(self, tab: Tab, live: Live) -> None:
        self.tab = tab
        self.live = live

    async def listen(self, **query: str) -> None:
        await self.tab.run(LISTEN, {"session": "s", **query})
        await self.tab.until("opened === 1")

    @asynccontextmanager
    async def hearing(self, message: str) -> AsyncIterator[None]:
        """Let somebody else send a message, and wait for the first piece of the reply."""
        heard = await self.tab.run("() => pieces.length")
        async with self.live.posting(message):
            await self.tab.until(f"pieces.length > {heard}")
            yield

    async def finish(self) -> Any:
        """Let everything come that is to come, and return what was seen."""
        await self.live.pass_milliseconds(1_000)
        await self.tab.until("ends.length === 1")
        return await self.tab.run(SEEN)


async def cut_off(tab: Tab, live: Live) -> Any:
    """Be cut off while a reply comes; the reply goes on, and its rest is there when the page is back."""
    async with relaying(live) as relay:
        await tab.open(f"{relay.url}/health")
        page = Listening(tab, live)
        await page.listen()
        async with page.hearing("hello"):
            await live.pass_milliseconds(10)
            await tab.until("pieces.length === 2")
            relay.cut()
            await tab.until("errors.length === 1")
            await live.pass_milliseconds(1_000)
        await tab.until("opened === 2")
        return await page.finish()


async def broken(tab: Tab, live: Live) -> Any:
    """Be cut off as the scenario says, and hear the next reply."""
    await tab.open(f"{live.url}/health")
    page = Listening(tab, live)
    await page.listen()
    async with page.hearing("breaks"):
        await live.pass_milliseconds(10)
        await tab.until("errors.length === 1")
    await tab.until("opened === 2")
    async with page.hearing("hello"):
        return await page.finish()


async def restarted(tab: Tab, live: Live) -> Any:
    """Hear a reply of another server that stands where the first one was."""
    async with relaying() as relay:
        async with living(live.emulator.revision.scenario) as first:
            relay.lead_to(first)
            await tab.open(f"{relay.url}/health")
            await Listening(tab, first).listen()
            await first.chat("quick")
            await tab.until("ends.length === 1")
            await tab.run("() => { ends.pop(); pieces.length = 0; }")
        await tab.until("errors.length === 1")
        relay.lead_to(live)
        await tab.until("opened === 2")
        page = Listening(tab, live)
        async with page.hearing("hello"):
            return await page.finish()


async def asked_once(tab: Tab, live: Live, message: str) -> Any:
    """Ask by the stream's own address, and leave it to the browser to come back when the reply is over."""
    await tab.open(f"{live.url}/health")
    await Listening(tab, live).listen(message=message)
    await tab.until("pieces.length === 1")
    await live.pass_milliseconds(1_000)
    await tab.until("stream.readyState === EventSource.CLOSED")
    return {**await tab.run(SEEN), "history": await tab.run(HISTORY)}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def stories(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Play all stories at once, each in a browser of its own with a gateway of its own, and return what was seen."""
    scenario = load_text(tmp_path_factory.mktemp("stories"), SCENARIO)
    told: dict[str, Callable[[Tab, Live], Awaitable[Any]]] = {
        "cut off": cut_off,
        "broken": broken,
        "restarted": restarted,
        "asked": partial(asked_once, message="hello"),
        "asked, broken": partial(asked_once, message="breaks"),
    }

    async def tell(name: str) -> Any:
        async with living(scenario) as live, opened_tab(browser) as tab:
            return await told[name](tab, live)

    return dict(zip(told, await asyncio.gather(*map(tell, told)), strict=True))


async def test_a_stream_goes_on_where_the_network_cut_it(stories: dict[str, Any]) -> None:
    seen = stories["cut off"]

    assert seen["pieces"] == PIECES
    assert [each["response"] for each in seen["ends"]] == [TEXT]
    assert (seen["opened"], seen["errors"]) == (2, [[CONNECTING, None]])


async def test_a_stream_that_the_scenario_cuts_comes_back_and_hears_the_next_reply(stories: dict[str, Any]) -> None:
    seen = stories["broken"]

    assert [each for each in seen["pieces"] if each != MAY_BE_LOST] == ["a", *PIECES]
    assert [each["response"] for each in seen["ends"]] == [TEXT]
    assert (seen["opened"], seen["errors"]) == (2, [[CONNECTING, None]])


async def test_a_stream_comes_back_to_a_server_that_was_restarted(stories: dict[str, Any]) -> None:
    seen = stories["restarted"]

    assert seen["pieces"] == PIECES
    assert [each["response"] for each in seen["ends"]] == [TEXT]
    assert (seen["opened"], seen["errors"]) == (2, [[CONNECTING, None]])


async def test_a_question_is_asked_once_however_often_the_browser_comes_back(stories: dict[str, Any]) -> None:
    seen = stories["asked"]

    assert (seen["pieces"], seen["opened"], seen["history"]) == (PIECES, 1, ["user", "assistant"])
    assert seen["errors"] == [[CONNECTING, None], [CLOSED, None]]


async def test_a_question_whose_answer_was_cut_is_not_asked_again(stories: dict[str, Any]) -> None:
    seen = stories["asked, broken"]

    assert [each for each in seen["pieces"] if each != MAY_BE_LOST] == ["a"]
    assert (seen["ends"], seen["opened"], seen["history"]) == ([], 1, ["user"])
    assert seen["errors"] == [[CONNECTING, None], [CLOSED, None]]


async def test_an_answer_that_fails_says_why_and_the_stream_stays_open(tab: Tab, serve: Serve) -> None:
    live = await serve(SCENARIO)
    await tab.open(f"{live.url}/health")
    page = Listening(tab, live)
    await page.listen()

    async with live.posting("fail"):
        await tab.until("errors.length === 1")
    await live.chat("quick")
    seen = await page.finish()

    ((state, data),) = seen["errors"]
    assert (state, data["error"]["code"], data["chunk"]) == (OPEN, "OVERLOADED", "")
    assert ("".join(seen["pieces"]), seen["opened"], seen["state"]) == ("a quick reply", 1, OPEN)
