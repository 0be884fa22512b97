"""The demo page, on an unmodified ConvexReactClient: hooks that stay up to date in a real browser."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from playwright.async_api import Browser, Page, expect

from tests.clients.browser.tab import Tab, opened_tab
from tests.clients.scripts import save
from tests.support.process import EmulatorProcess, clean_environment, emulator_process

DEMO = Path(__file__).parents[3] / "demo"
FILE = "chat.yaml"
SIGN_IN = 'convex.setAuth(async () => "token-of-minji")'
SCENARIO = (DEMO / FILE).read_text(encoding="utf-8")

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve the page as `make demo` does, at a free port."""
    if not (DEMO / "node_modules").exists():
        pytest.skip("the demo's packages are not installed; `make demo` and `make test` do that")
    command, environment = ["node", str(DEMO / "serve.mjs")], clean_environment(PORT="0")
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().removeprefix("The page is at ").strip()
        server.kill()


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    """Serve the demo's scenario."""
    save(tmp_path, FILE, SCENARIO)
    with emulator_process(tmp_path, FILE) as running:
        yield running


async def opened(tab: Tab, site: str, emulator: EmulatorProcess) -> Page:
    """Open the page and return it once it shows something."""
    await tab.open(f"{site}/?convex={emulator.url}")
    await expect(tab.page.get_by_role("heading")).to_have_text("Tea room")
    await expect(tab.page.get_by_role("listitem")).to_have_count(5)
    return tab.page


def write(emulator: EmulatorProcess, body: str) -> None:
    """Write a message as somebody who has no page."""
    call = {"path": "messages:send", "args": {"body": body}}
    requests.post(f"{emulator.url}/api/mutation", json=call, timeout=10).raise_for_status()


async def test_pages_are_loaded_and_stay_live_without_gap_or_double(
    tab: Tab, site: str, emulator: EmulatorProcess
) -> None:
    page = await opened(tab, site, emulator)
    messages, more = page.get_by_role("listitem"), page.get_by_role("button", name="Load more")
    five = await messages.all_inner_texts()

    await more.click()
    await expect(messages).to_have_count(10)
    ten = await messages.all_inner_texts()
    write(emulator, "from elsewhere")
    await expect(messages.first).to_have_text("somebody from elsewhere")
    await expect(page.get_by_text("13 messages")).to_be_visible()
    assert await messages.all_inner_texts() == ["somebody from elsewhere", *ten]
    await more.click()
    await expect(messages).to_have_count(13)
    await expect(more).to_have_count(0)
    write(emulator, "again")
    await expect(messages).to_have_count(14)

    texts = await messages.all_inner_texts()
    assert ten[:5] == five
    assert texts[:12] == ["somebody again", "somebody from elsewhere", *ten]
    assert len(set(texts)) == 14
    assert tab.complaints == []


async def test_pages_begin_anew_when_their_cursors_are_of_another_query(
    tab: Tab, site: str, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    page = await opened(tab, site, emulator)
    messages, more = page.get_by_role("listitem"), page.get_by_role("button", name="Load more")
    newest = await messages.all_inner_texts()
    await more.click()
    await expect(messages).to_have_count(10)

    save(tmp_path, FILE, SCENARIO.replace("order: desc, paginate", "order: asc, paginate"))

    await expect(messages).to_have_count(5)
    for _ in range(2):
        count = await messages.count()
        await more.click()
        await expect(messages).not_to_have_count(count)
    assert (await messages.all_inner_texts())[:-6:-1] == newest
    told = "usePaginatedQuery hit error, resetting pagination state: [CONVEX Q(messages:page)] "  # as it always is then
    assert {each.partition("[Request ID")[0] for each in tab.complaints} == {told}


async def test_an_optimistic_message_is_there_at_once_and_becomes_the_one_that_was_written(
    tab: Tab, site: str, emulator: EmulatorProcess
) -> None:
    page = await opened(tab, site, emulator)
    await page.get_by_label("Message").fill("kettle on")
    await page.keyboard.press("Enter")

    first = page.get_by_role("listitem").first
    await expect(first).to_have_class("pending")
    await expect(first).to_have_text("somebody kettle on")
    await expect(page.locator(".pending")).to_have_count(0)
    await expect(first).to_have_text("somebody kettle on")
    await expect(page.get_by_text("kettle on")).to_have_count(1)
    assert tab.complaints == []


async def test_an_optimistic_message_that_is_refused_goes_again(tab: Tab, site: str, emulator: EmulatorProcess) -> None:
    page = await opened(tab, site, emulator)
    await page.get_by_role("button", name="Send").click()

    await expect(page.locator(".pending")).to_have_count(1)
    await expect(page.get_by_role("alert")).to_have_text("Write something first")
    await expect(page.locator(".pending")).to_have_count(0)
    await expect(page.get_by_role("listitem")).to_have_count(5)
    assert len(tab.complaints) == 1
    assert tab.complaints[0].startswith("[CONVEX M(messages:send)] [Request ID: ")


async def test_a_saved_scenario_is_on_the_page_at_once(
    tab: Tab, site: str, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    page = await opened(tab, site, emulator)
    save(tmp_path, FILE, SCENARIO.replace("Edit demo/chat.yaml and watch this line.", "오늘의 차"))
    await expect(page.get_by_text("오늘의 차")).to_be_visible()
    save(tmp_path, FILE, SCENARIO.replace("Tea room", "Coffee room"))
    await expect(page.get_by_role("heading")).to_have_text("Coffee room")
    assert tab.complaints == []


async def test_a_client_that_signs_in_later_has_its_queries_run_again(
    tab: Tab, site: str, emulator: EmulatorProcess
) -> None:
    page = await opened(tab, site, emulator)
    await expect(page.get_by_text("You are somebody")).to_be_visible()
    await tab.type(SIGN_IN)
    await expect(page.get_by_text("You are 민지")).to_be_visible()
    assert tab.complaints == []


async def test_a_client_that_waits_for_its_token_never_says_connect_and_is_answered(
    tab: Tab, site: str, emulator: EmulatorProcess
) -> None:
    page, sent = tab.page, list[str]()
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    await tab.open(f"{site}/?convex={emulator.url}&expectAuth")
    await tab.until("convex.connectionState().isWebSocketConnected")
    assert sent == []
    await tab.type(SIGN_IN)

    await expect(page.get_by_text("You are 민지")).to_be_visible()
    assert {json.loads(frame)["type"] for frame in sent} == {"Authenticate", "ModifyQuerySet"}
    await page.get_by_label("Message").fill("차 드실래요?")
    await page.keyboard.press("Enter")
    await expect(page.locator(".pending")).to_have_count(1)
    await expect(page.locator(".pending")).to_have_count(0)
    await expect(page.get_by_role("listitem").first).to_have_text("민지 차 드실래요?")
    assert tab.complaints == []


async def test_a_page_comes_back_when_the_emulator_does(tab: Tab, site: str, tmp_path: Path) -> None:
    save(tmp_path, FILE, SCENARIO)

    def serving(port: str) -> AbstractContextManager[EmulatorProcess]:
        return emulator_process(tmp_path, FILE, options=("--port", port))

    with serving("0") as before:
        page = await opened(tab, site, before)
    await expect(page.get_by_role("status")).to_have_text("The emulator is away…")
    with serving(re.findall(r"\d+$", before.url)[0]) as after:
        await expect(page.get_by_role("status")).to_have_count(0)
        write(after, "back again")
        await expect(page.get_by_role("listitem").first).to_have_text("somebody back again")


async def test_pages_side_by_side_show_the_variants_that_each_chose(
    tab: Tab, browser: Browser, site: str, emulator: EmulatorProcess
) -> None:
    async with opened_tab(browser) as other:
        await tab.open(f"{site}/?convex={quote(f'{emulator.url}/__use/messages:page=empty', safe='')}")
        await other.open(f"{site}/?convex={quote(f'{emulator.url}/__use/rooms:get=loading', safe='')}")
        await expect(other.page.get_by_role("listitem")).to_have_count(5)
        await expect(other.page.get_by_role("heading")).to_have_text("…")
        await expect(tab.page.get_by_role("heading")).to_have_text("Tea room")
        await expect(tab.page.get_by_text("12 messages")).to_be_visible()
        await expect(tab.page.get_by_role("listitem")).to_have_count(0)
        assert tab.complaints == other.complaints == []
