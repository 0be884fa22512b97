"""Says when nobody has used something for a while; in real time, which is that of whoever uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.runtime.later import Later
from emulator.values.durations import SECOND

LOOKS = 10
"""How often one looks in the time that something may lie idle; it ends that much too late at most."""


class Expiry:
    """Waits until something lies idle."""

    def __init__(
        self, idle: int, uses: Callable[[], int | None], expire: Callable[[], None], later: Later | None = None
    ) -> None:
        """Call `expire` once, after `idle` nanoseconds without use.

        `uses` counts how often it was used; None: it is in use. `later` is the loop's if it is left out.
        """
        self._pause = idle / SECOND / LOOKS
        self._uses = uses
        self._expire = expire
        self._later = later or asyncio.get_running_loop().call_later
        self._seen = uses()
        self._quiet = 0
        self._timer = self._later(self._pause, self._look)

    def stop(self) -> None:
        """Wait no more."""
        self._timer.cancel()

    def _look(self) -> None:
        seen = self._uses()
        self._quiet = self._quiet + 1 if seen is not None and seen == self._seen else 0
        self._seen = seen
        if self._quiet >= LOOKS:
            self._expire()
        else:
            self._timer = self._later(self._pause, self._look)
