"""How a WebSocket is closed on purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection; without a code as one closes that says nothing about it."""

    code: int | None
    reason: str = ""
