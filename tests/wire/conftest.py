"""A served scenario for whoever speaks to it, and the rule that nothing said to it may be a bug of its own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.demo import ADMIN, DEMO
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving


@pytest.fixture
def clock() -> WatchedClock:
    """Return the clock of the served emulator; it stands still until a test lets time pass."""
    return WatchedClock()


@pytest.fixture
async def served(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve the demonstration scenario."""
    async with serving(load_text(tmp_path, DEMO), clock) as served:
        yield served


@pytest.fixture
def admin() -> dict[str, str]:
    """Return the header of somebody with an admin key."""
    return dict(ADMIN)


@pytest.fixture(autouse=True)
def no_bugs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test during which the emulator logged an error: whatever clients send, that is a bug."""
    yield
    errors = [each for each in caplog.get_records("call") if each.levelno >= logging.ERROR]
    assert not errors, [each.getMessage() for each in errors]
