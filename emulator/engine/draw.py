"""Seeded draws: the same seed, stream and position always give the same number, in every process and version."""

from __future__ import annotations

from hashlib import blake2b
from typing import assert_never

from emulator.model.rule import Delay, FixedDelay, SkewedDelay, UniformDelay

_BITS = 53
_P99 = 2.3263478740408408  # standard deviations from the median to the 99th percentile
_LONGEST_SKEW = 4.0


def fraction(seed: int, stream: str, position: str | int) -> float:
    """Return a number strictly between 0 and 1."""
    key = f"{seed}\0{stream}\0{position}".encode()
    number = int.from_bytes(blake2b(key, digest_size=8).digest(), "big") >> (64 - _BITS)
    return (number + 0.5) / float(1 << _BITS)


def hex_digits(seed: int, stream: str, position: str | int, count: int) -> str:
    """Return `count` lowercase hex digits, at most 128."""
    return blake2b(f"{seed}\0{stream}\0{position}".encode()).hexdigest()[:count]


def draw_delay(delay: Delay, at: float) -> int:
    """Return the delay in nanoseconds that lies at the fraction `at` of its distribution.

    A skewed delay is cut at four standard deviations, lest one call in thirty thousand hang a test.
    """
    match delay:
        case FixedDelay(duration):
            return duration
        case UniformDelay(shortest, longest):
            return shortest + round(at * (longest - shortest))
        case SkewedDelay(median, p99):
            from statistics import NormalDist  # noqa: PLC0415 - 10 ms of start that few scenarios need

            deviations: float = min(NormalDist().inv_cdf(at), _LONGEST_SKEW)
            return round(median * float((p99 / median) ** (deviations / _P99)))
        case _:
            assert_never(delay)
