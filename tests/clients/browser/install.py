"""Set up a browser for the tests where there is none: ``python -m tests.clients.browser.install``."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

from playwright.async_api import async_playwright

from tests.clients.browser.chromium import NoBrowserError, start

PATIENCE = 600


def main() -> None:
    """Try one way after the other; the tests say what becomes of them when none leads to a browser."""
    if asyncio.run(can_start()):
        return
    sys.stderr.write("Setting up a browser for the tests…\n")
    for command in ways():
        said = run(command)
        if asyncio.run(can_start()):
            return
        sys.stderr.write(f"{' '.join(command)} did not help:\n{said}\n")
    sys.stderr.write("No browser can be had. Once there is one, `make browser` finds it.\n")


async def can_start() -> bool:
    """Whether there is a browser by now."""
    async with async_playwright() as playwright:
        try:
            browser = await start(playwright)
        except NoBrowserError:
            return False
        await browser.close()
        return True


def ways() -> Iterator[list[str]]:
    """Yield what may help: the system's own package where we may install it, or else Playwright's download."""
    is_ours = shutil.which("apt-get") is not None and os.geteuid() == 0
    if is_ours:
        yield ["sh", "-c", "apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium"]
    own = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    yield [*own, "--with-deps"] if is_ours else own


def run(command: list[str]) -> str:
    """Run a command and return what it said in the end."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"It took longer than {PATIENCE} s."
    return "\n".join(done.stdout.splitlines()[-5:])


if __name__ == "__main__":
    main()
