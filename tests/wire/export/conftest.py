"""Scenarios with tables, served to connectors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.clocks import WatchedClock
from tests.support.export import DEPLOYMENT
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

Serve: TypeAlias = Callable[[str], Awaitable[Served]]


@pytest.fixture
async def serve(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Serve]:
    """Return what serves a deployment with these sections, on a clock that stands still."""
    async with AsyncExitStack() as stack:

        async def serve_text(text: str) -> Served:
            return await stack.enter_async_context(serving(load_text(tmp_path, DEPLOYMENT + text), clock))

        yield serve_text
