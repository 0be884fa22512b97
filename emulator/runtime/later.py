"""Timers of the machine's, for what happens in real time: connections do not live by the scenario's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias


class Cancellable(Protocol):
    """A timer of the machine's."""

    def cancel(self) -> None:
        """Wait no more."""


Later: TypeAlias = Callable[[float, Callable[[], None]], Cancellable]
"""Has a function called after so many seconds."""
