"""Gateways served from a text, as many as a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.clocks import WatchedClock
from tests.support.gateway import Gateway, serving_gateway
from tests.support.scenarios import load_text

Serve: TypeAlias = Callable[[str], Awaitable[Gateway]]


@pytest.fixture
async def serve(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Serve]:
    """Return what serves a scenario until the test is over; its time stands still unless the test lets it pass."""
    async with AsyncExitStack() as stack:

        async def serve_text(text: str) -> Gateway:
            return await stack.enter_async_context(serving_gateway(load_text(tmp_path, text), clock))

        yield serve_text
