"""How much of their limits callers have used: arithmetic over the clock, remembered for a bounded number of callers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from emulator.model.overlay import Limit

MAX_METERS = 10_000


class Reading(NamedTuple):
    """Where a caller stands with a limit: calls left, when all are back, and whether this one is within.

    `retry_after` is how many nanoseconds a caller that is over has to wait.
    """

    limit: Limit
    left: int
    full_at: int
    retry_after: int = 0

    @property
    def is_over(self) -> bool:
        """Whether the call is one too many."""
        return self.retry_after > 0


class _Meter(NamedTuple):
    """`used` calls, as of `at`; a window began then, a bucket was as full then."""

    used: float
    at: int


class Meters:
    """The meters of all limits, the one used last at the end; the oldest is forgotten when there are too many."""

    __slots__ = ("_meters",)

    def __init__(self) -> None:
        """Begin with nothing used."""
        self._meters: dict[tuple[str, str], _Meter] = {}

    def read(self, limit: Limit, caller: str, now: int) -> Reading:
        """Return where a caller would stand after one more call, which is not counted yet."""
        used, at = self._used(limit, caller, now)
        if used + 1 > limit.allow:
            wait = at + limit.per - now if limit.is_window else -(-(used + 1 - limit.allow) * limit.per // limit.allow)
            return Reading(limit, 0, self._full_at(limit, used, at, now), max(1, int(wait)))
        return Reading(limit, int(limit.allow - used - 1), self._full_at(limit, used + 1, at, now))

    def count(self, limit: Limit, caller: str, now: int) -> None:
        """Count a call."""
        used, at = self._used(limit, caller, now)
        key = (limit.name, caller)
        self._meters.pop(key, None)
        self._meters[key] = _Meter(used + 1, at)
        if len(self._meters) > MAX_METERS:
            del self._meters[next(iter(self._meters))]

    def forget(self, names: Iterable[str] | None = None) -> None:
        """Forget what was used of these limits, or of all."""
        gone = None if names is None else set(names)
        self._meters = {} if gone is None else {key: each for key, each in self._meters.items() if key[0] not in gone}

    def _used(self, limit: Limit, caller: str, now: int) -> tuple[float, int]:
        meter = self._meters.get((limit.name, caller))
        if meter is None or now < meter.at:
            return 0.0, now
        if limit.is_window:
            return (meter.used, meter.at) if now < meter.at + limit.per else (0.0, now)
        return max(0.0, meter.used - (now - meter.at) * limit.allow / limit.per), now

    def _full_at(self, limit: Limit, used: float, at: int, now: int) -> int:
        return at + limit.per if limit.is_window else now + round(used * limit.per / limit.allow)
