"""How much of their limits callers have used: arithmetic over the clock, remembered for a bounded number of callers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from emulator.model.overlay import Limit

MAX_METERS = 10_000


class Reading(NamedTuple):
    """Where a caller stands with a limit after a call at `now`; most are never asked, so all is worked out when it is.

    `used` is what was used before the call, and since when (`at`), as a meter has it.
    """

    limit: Limit
    now: int
    used: int
    at: int

    @property
    def is_over(self) -> bool:
        """Whether the call is one too many."""
        limit = self.limit
        return self.used >= limit.allow if limit.is_window else self.used + limit.per > limit.allow * limit.per

    @property
    def left(self) -> int:
        """How many more calls are free."""
        limit = self.limit
        room = limit.allow - self.used if limit.is_window else (limit.allow * limit.per - self.used) // limit.per
        return max(0, room - 1)

    @property
    def retry_after(self) -> int:
        """How many nanoseconds a caller that is over has to wait; 0 for one that is not."""
        return self.more_at - self.now if self.is_over else 0

    @property
    def more_at(self) -> int:
        """When there is one more."""
        limit = self.limit
        if limit.is_window:
            return self.at + limit.per
        most = limit.allow * limit.per
        missing = self.used + limit.per - most
        if missing <= 0:
            missing += (1 + -missing // limit.per) * limit.per
        return self.now + _rounded_up(missing, limit.allow)

    @property
    def full_at(self) -> int:
        """When all are back."""
        limit = self.limit
        if limit.is_window:
            return self.at + limit.per
        return self.now + _rounded_up(self.used if self.is_over else self.used + limit.per, limit.allow)


_Meter: TypeAlias = tuple[int, int]
"""What was used, and as of when: of a window, which began then, in calls; of a bucket in `per`-ths of a call.

A bucket that gives `allow` calls back in `per` nanoseconds gives `allow` such parts back in each, so that all
arithmetic is in whole numbers.
"""


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
        meter = self._meters.get((limit.name, caller))
        if meter is None or now < meter[1]:  # a clock that was put back begins anew
            return Reading(limit, now, 0, now)
        used, at = meter
        if limit.is_window:
            return Reading(limit, now, used, at) if now < at + limit.per else Reading(limit, now, 0, now)
        return Reading(limit, now, max(0, used - (now - at) * limit.allow), now)

    def take(self, limit: Limit, caller: str, now: int) -> bool:
        """Count one more call, and say so, unless it is one too many; all in one, for those who want no reading."""
        key = (limit.name, caller)
        used, at = self._meters.get(key, (0, now))
        if limit.is_window:
            if not at <= now < at + limit.per:
                used, at = 0, now
            after, most = used + 1, limit.allow
        else:
            used = max(0, used - (now - at) * limit.allow) if at <= now else 0
            after, at, most = used + limit.per, now, limit.allow * limit.per
        if after > most:
            return False
        self._keep(key, after, at)
        return True

    def count(self, reading: Reading, caller: str) -> None:
        """Count the call that a reading was made for."""
        limit, _, used, at = reading
        self._keep((limit.name, caller), used + (1 if limit.is_window else limit.per), at)

    def _keep(self, key: tuple[str, str], used: int, at: int) -> None:
        meters = self._meters
        meters.pop(key, None)
        meters[key] = (used, at)
        if len(meters) > MAX_METERS:
            del meters[next(iter(meters))]

    def forget(self, names: Iterable[str] | None = None) -> None:
        """Forget what was used of these limits, or of all."""
        gone = None if names is None else set(names)
        self._meters = {} if gone is None else {key: each for key, each in self._meters.items() if key[0] not in gone}


def _rounded_up(number: int, divisor: int) -> int:
    return -(-number // divisor)
