"""What tests of live clients watch, and what clients print."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.clients.live import LiveClient, LiveClients

Open = Callable[..., LiveClient]
RECONNECTED = r"log: WebSocket reconnected at t=[\d.]+s"
CUT = [
    "log: WebSocket closed with code 1006",
    r"log: Attempting reconnect in \d+ms",
    "log: WebSocket reconnected at t=.*s after disconnect due to closed with code 1006",
]


def bodies(client: LiveClient, channel: str) -> Any:
    """Watch what is written in a channel."""
    return client.watch("messages:bodies", {"channel": channel})


def said_like(clients: LiveClients, *patterns: str) -> None:
    said = clients.said()
    assert len(said) == len(patterns), said
    for line, pattern in zip(said, patterns, strict=True):
        assert re.fullmatch(pattern, line, re.DOTALL), said
