"""How much of their limits callers have used: arithmetic over the clock, remembered for a bounded number of callers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from emulator.model.overlay import Limit

MAX_METERS = 10_000


class Reading(NamedTuple):
    """Where a caller stands with a limit after a call: how many are left, when there are more, when all are back.

    `retry_after` is how many nanoseconds a caller that is over has to wait.
    """

    limit: Limit
    left: int
    more_at: int
    full_at: int
    retry_after: int = 0

    @property
    def is_over(self) -> bool:
        """Whether the call is one too many."""
        return self.retry_after > 0


class _Meter(NamedTuple):
    """What was used as of `at`: of a window, which began then, in calls; of a bucket in `per`-ths of a call.

    A bucket that gives `allow` calls back in `per` nanoseconds gives `allow` such parts back in each, so that all
    arithmetic is in whole numbers.
    """

    used: int
    at: int


class Meters:
    """The meters of all limits, the one used last at the end; the oldest is forgotten when there are too many."""

    __slots__ = ("_meters",)

    def __init__(self) -> None:
        """Begin with nothing used."""
        self._meters: dict[tuple[str, str], _Meter] = {}

    def __len__(self) -> int:
        return len(self._meters)

    def read(self, limit: Limit, caller: str, now: int) -> Reading:
        """Return where a caller would stand after one more call, which is not counted yet."""
        used, at = self._used(limit, caller, now)
        if limit.is_window:
            end = at + limit.per
            if used >= limit.allow:
                return Reading(limit, 0, end, end, end - now)
            return Reading(limit, limit.allow - used - 1, end, end)
        most, after = limit.allow * limit.per, used + limit.per
        if after > most:
            wait = _rounded_up(after - most, limit.allow)
            return Reading(limit, 0, now + wait, now + _rounded_up(used, limit.allow), wait)
        left = (most - after) // limit.per
        more = _rounded_up(after + (left + 1) * limit.per - most, limit.allow)
        return Reading(limit, left, now + more, now + _rounded_up(after, limit.allow))

    def count(self, limit: Limit, caller: str, now: int) -> None:
        """Count a call."""
        used, at = self._used(limit, caller, now)
        key = (limit.name, caller)
        self._meters.pop(key, None)
        self._meters[key] = _Meter(used + (1 if limit.is_window else limit.per), at)
        if len(self._meters) > MAX_METERS:
            del self._meters[next(iter(self._meters))]

    def forget(self, names: Iterable[str] | None = None) -> None:
        """Forget what was used of these limits, or of all."""
        gone = None if names is None else set(names)
        self._meters = {} if gone is None else {key: each for key, each in self._meters.items() if key[0] not in gone}

    def _used(self, limit: Limit, caller: str, now: int) -> tuple[int, int]:
        """Return what is used by now, and as of when; a clock that was put back begins anew."""
        meter = self._meters.get((limit.name, caller))
        if meter is None or now < meter.at:
            return 0, now
        if limit.is_window:
            return meter if now < meter.at + limit.per else (0, now)
        return max(0, meter.used - (now - meter.at) * limit.allow), now


def _rounded_up(number: int, divisor: int) -> int:
    return -(-number // divisor)
