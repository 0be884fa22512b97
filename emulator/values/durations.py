"""Durations as people write them (``250ms``, ``1m30s``), held as whole nanoseconds."""

from __future__ import annotations

import re

MILLISECOND = 1_000_000
SECOND = 1_000_000_000

_UNITS = {"ms": MILLISECOND, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86400 * SECOND}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_MAX_LENGTH = 40
MAX_DURATION = 366 * 86400 * SECOND


class InvalidDurationError(ValueError):
    """A text that is no duration; it says what was expected."""


def parse_duration(text: str) -> int:
    """Read ``250ms``, ``3s``, ``1m30s``, ``5m``, ``1h``, ``2d`` as nanoseconds; at most 366 days."""
    if len(text) > _MAX_LENGTH or not _WHOLE.fullmatch(text):
        raise InvalidDurationError(f"{text[:_MAX_LENGTH]!r} is not a duration such as 250ms, 3s or 1m30s")
    order = list(_UNITS)
    total, last = 0.0, len(order)
    for amount, unit in _PART.findall(text):
        if order.index(unit) >= last:
            raise InvalidDurationError(f"{text!r} must name each unit once, the largest first")
        last = order.index(unit)
        total += float(amount) * _UNITS[unit]
    if total > MAX_DURATION:
        raise InvalidDurationError(f"{text!r} is longer than 366 days")
    return round(total)


def format_duration(nanoseconds: int) -> str:
    """Write a duration the way :func:`parse_duration` reads it, to the millisecond."""
    rest, out = nanoseconds // MILLISECOND * MILLISECOND, ""
    for unit in reversed(_UNITS):
        amount, rest = divmod(rest, _UNITS[unit])
        if amount:
            out += f"{amount}{unit}"
    return out or "0ms"
