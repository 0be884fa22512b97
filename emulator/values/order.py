"""The order of Convex values, by which queries sort (contract convex §2, §8)."""

from __future__ import annotations

import math
import struct
from typing import Any, TypeAlias

from emulator.values.convex import Int64, Value

SortKey: TypeAlias = "tuple[Any, ...]"

ABSENT: SortKey = (0,)
"""The key of a field that is not there, which comes before every value."""

_SIGN = 1 << 63


def sort_key(value: Value) -> SortKey:
    """Return what orders a value among all: null, Int64, Float64, boolean, string, bytes, array, object."""
    if isinstance(value, str):
        return (5, value)
    if isinstance(value, bool):
        return (4, value)
    if isinstance(value, float):
        return (3, _total_order(value))
    if value is None:
        return (1,)
    if isinstance(value, Int64):
        return (2, int(value))
    if isinstance(value, bytes):
        return (6, value)
    if isinstance(value, list):
        return (7, tuple(map(sort_key, value)))
    return (8, tuple((name, sort_key(value[name])) for name in sorted(value)))


def _total_order(number: float) -> tuple[float, int]:
    """Return a number that puts -0.0 before 0.0 and NaN last, for which plain comparison has no place."""
    if number and not math.isnan(number):
        return (number, 0)
    (bits,) = struct.unpack(">Q", struct.pack(">d", number))
    return (math.inf, bits) if math.isnan(number) else (0.0, 0 if not bits & _SIGN else -1)
