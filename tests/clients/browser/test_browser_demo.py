"""Visitors of a demo, each a browser of its own with an unmodified ConvexReactClient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.clients.browser.tab import Tab, opened_tab
from tests.clients.browser.test_browser_live import FILE, SCENARIO, opened, site
from tests.clients.scripts import save
from tests.support.process import EmulatorProcess, emulator_process

__all__ = ["site"]

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[EmulatorProcess]:
    """Serve the page's scenario to visitors."""
    save(tmp_path, FILE, SCENARIO)
    with emulator_process(tmp_path, FILE, options=("--port", "0", "--demo")) as running:
        yield running


async def test_a_visitor_sees_his_own_messages_again_and_nobody_elses(
    tab: Tab, browser: Browser, site: str, demo: EmulatorProcess
) -> None:
    async with opened_tab(browser) as other:
        mine, theirs = await opened(tab, site, demo), await opened(other, site, demo)
        await mine.get_by_label("Message").fill("kettle on")
        await mine.get_by_role("button", name="Send").click()
        await expect(mine.get_by_text("kettle on")).to_be_visible()

        await mine.reload()
        await theirs.reload()

        await expect(mine.get_by_text("kettle on")).to_be_visible()
        await expect(theirs.get_by_role("listitem")).to_have_count(5)
        await expect(theirs.get_by_text("kettle on")).to_have_count(0)
        assert tab.complaints == other.complaints == []
