"""What one evaluation may use: steps, and the size of what it makes."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from emulator.expressions.errors import BudgetError

MAX_STEPS = 100_000
MAX_TEXT = 1_000_000
MAX_ITEMS = 100_000
MAX_BITS = 4_096
MAX_VALUES = 500_000
_PER_STEP = 256  # characters or items that are worked on within one step
LONG_TEXT = 256


class Budget:
    """The steps left to one evaluation."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        """Begin with all of them."""
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take so many steps, or raise BudgetError."""
        self.left -= steps
        if self.left < 0:
            raise BudgetError(f"the expression takes more than {MAX_STEPS} steps")


in_use: ContextVar[Budget | None] = ContextVar("in_use", default=None)
"""What work on large texts and lists is paid from."""


def pay_for(size: int) -> None:
    """Pay for work on so many characters or items; what is small is free."""
    if size >= _PER_STEP and (budget := in_use.get()) is not None:
        budget.spend(size // _PER_STEP)


def check_spread(value: Any) -> None:  # noqa: ANN401 - a list or a mapping of anything
    """Pay for all that is in a list or a mapping, and raise BudgetError when it is more than expressions may handle.

    A list that holds one other list ten thousand times is small in memory only.
    """
    count = Count()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        count.add(len(each))
        for inner in each.values() if isinstance(each, dict) else each:
            if isinstance(inner, list | dict):
                waiting.append(inner)
            elif isinstance(inner, str):
                count.add_text(inner)
    pay_for(MAX_VALUES - count.left)


class Count:
    """How many more values one value may hold; long texts count as several."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        """Begin with all of them."""
        self.left = MAX_VALUES

    def add(self, values: int) -> None:
        """Count so many values, or raise BudgetError."""
        self.left -= values
        if self.left < 0:
            raise BudgetError(f"the expression makes more than {MAX_VALUES} values")

    def add_text(self, text: str) -> None:
        """Count a text by its length."""
        if len(text) > LONG_TEXT:
            self.add(len(text) // LONG_TEXT)


def check_text(length: int) -> None:
    """Raise BudgetError for a text longer than expressions may make."""
    if length > MAX_TEXT:
        raise BudgetError(f"the expression makes a text of {length} characters, at most {MAX_TEXT} are allowed")
    pay_for(length)


def check_items(count: int) -> None:
    """Raise BudgetError for a list longer than expressions may make."""
    if count > MAX_ITEMS:
        raise BudgetError(f"the expression makes a list of {count} items, at most {MAX_ITEMS} are allowed")
    pay_for(count)


def check_bits(bits: int) -> None:
    """Raise BudgetError for a whole number larger than expressions may make."""
    if bits > MAX_BITS:
        raise BudgetError(f"the expression makes a number of more than {MAX_BITS} bits")
