"""A page in the browser, what is typed into its console, and what comes out there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page

from emulator.app import LOOPBACK
from tests.support.live import Live

PATIENCE = 10


def address_of(live: Live) -> str:
    """Return where people look for a gateway on their own machine."""
    return live.url.replace(LOOPBACK, "localhost")


class Tab:
    """A page; `complaints` are the errors and warnings that it caused."""

    def __init__(self, page: Page) -> None:
        """Listen to a page that has not said anything yet."""
        self.page = page
        self.complaints: list[str] = []
        self._logged: list[ConsoleMessage] = []
        self._spoke = asyncio.Event()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def open(self, url: str) -> None:
        """Go to a page."""
        await self.page.goto(url)

    async def log_in(self, url: str, password: str, onward: str = "/health") -> None:
        """Let this browser have the cookie of a gateway, and go to one of its pages."""
        answer = await self.page.request.post(f"{url}/api/auth/login", data={"password": password})
        assert answer.ok
        await self.open(f"{url}{onward}")

    async def type(self, script: str) -> None:
        """Run a script as the console does: what it declares is there for the next one."""
        session = await self.page.context.new_cdp_session(self.page)
        answer = await session.send("Runtime.evaluate", {"expression": script})
        assert "exceptionDetails" not in answer, answer
        await session.detach()

    async def run(self, script: str, argument: object = None) -> Any:
        """Call a function of JavaScript and return what it returns, or promises."""
        async with asyncio.timeout(PATIENCE):
            return await self.page.evaluate(script, argument)

    async def until(self, condition: str) -> None:
        """Return once an expression of JavaScript is true."""
        await self.page.wait_for_function(condition)

    async def logged(self, count: int) -> list[Any]:
        """Return what was logged, once it is so much."""
        async with asyncio.timeout(PATIENCE):
            while len(self._logged) < count:
                self._spoke.clear()
                await self._spoke.wait()
            return [await each.args[0].json_value() for each in self._logged]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "log":
            self._logged.append(message)
            self._spoke.set()
        elif message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")


@asynccontextmanager
async def opened_tab(browser: Browser) -> AsyncIterator[Tab]:
    """Open a page in a profile of its own, as narrow as a small telephone, until the block ends."""
    profile = await browser.new_context(viewport={"width": 360, "height": 640})
    profile.set_default_timeout(PATIENCE * 1000)
    try:
        yield Tab(await profile.new_page())
    finally:
        await profile.close()
