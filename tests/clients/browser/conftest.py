"""One browser for all of these tests, and for each test a profile and gateways of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.clients.browser.chromium import NoBrowserError, start
from tests.clients.browser.relay import Relay, relaying
from tests.clients.browser.tab import Tab, opened_tab
from tests.support.live import Live, living
from tests.support.scenarios import load_text

Serve: TypeAlias = Callable[[str], Awaitable[Live]]

DOCUMENTED = "localhost:18789"


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def documented() -> AsyncIterator[Relay]:
    """Return what stands at the address that the documentation names, as the browser sees it."""
    async with relaying() as relay:
        yield relay


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(documented: Relay) -> AsyncIterator[Browser]:
    """Start a browser; where CI has none that is a failure, and elsewhere a reason to skip."""
    async with async_playwright() as playwright:
        try:
            browser = await start(playwright, [f"--host-resolver-rules=MAP {DOCUMENTED} 127.0.0.1:{documented.port}"])
        except NoBrowserError as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Return what serves a scenario until the test is over; its time stands still unless the test lets it pass."""
    async with AsyncExitStack() as stack:

        async def serve_text(text: str) -> Live:
            return await stack.enter_async_context(living(load_text(tmp_path, text)))

        yield serve_text


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser) -> AsyncIterator[Tab]:
    """Return a page that is used by nobody else."""
    async with opened_tab(browser) as tab:
        yield tab
