"""Which browser the tests run in: the first that can be started."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress

from playwright.async_api import Browser, Error, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHANNELS = ("chrome", "msedge")


class NoBrowserError(Exception):
    """There is no browser on this machine that can be started."""


async def start(playwright: Playwright, arguments: Sequence[str] = ()) -> Browser:
    """Start Playwright's own browser, or else one that the machine has."""
    browser, _ = await _start(playwright, arguments)
    return browser


async def choice(playwright: Playwright) -> dict[str, str]:
    """Return what to launch a browser with so that one starts."""
    browser, which = await _start(playwright, ())
    await browser.close()
    return which


async def _start(playwright: Playwright, arguments: Sequence[str]) -> tuple[Browser, dict[str, str]]:
    for which in _choices():
        with suppress(Error):
            return await playwright.chromium.launch(args=arguments, **which), which  # type: ignore[arg-type]
    raise NoBrowserError("no Chromium, Chrome or Edge can be started on this machine; `make browser` looks for one")


def _choices() -> Iterator[dict[str, str]]:
    yield {}
    for path in filter(None, map(shutil.which, NAMES)):
        yield {"executable_path": path}
    for channel in CHANNELS:
        yield {"channel": channel}
