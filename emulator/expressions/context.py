"""What functions of expressions may know besides their arguments: the time, and their own draws."""

from __future__ import annotations

from hashlib import blake2b
from random import Random

from emulator.expressions.budget import Budget


class Context:
    """One evaluation's surroundings.

    `now` is in nanoseconds since the epoch. Draws follow from `stream` alone, in the order in which they are asked
    for; the same stream draws the same again.
    """

    __slots__ = ("_draws", "budget", "now", "stream")

    def __init__(self, stream: str, now: int) -> None:
        """Begin a stream of draws."""
        self.stream = stream
        self.now = now
        self.budget = Budget()
        self._draws: Random | None = None

    @property
    def draws(self) -> Random:
        """The evaluation's own source of random numbers, made when first needed."""
        if self._draws is None:
            seed = int.from_bytes(blake2b(self.stream.encode(), digest_size=16).digest(), "big")
            self._draws = Random(seed)  # noqa: S311 - repeatable is what it has to be
        return self._draws
