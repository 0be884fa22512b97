"""What one evaluation may use: steps, and the size of what it makes."""

from __future__ import annotations

from emulator.expressions.errors import BudgetError

MAX_STEPS = 100_000
MAX_TEXT = 1_000_000
MAX_ITEMS = 100_000
MAX_BITS = 4_096


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


def check_text(length: int) -> None:
    """Raise BudgetError for a text longer than expressions may make."""
    if length > MAX_TEXT:
        raise BudgetError(f"the expression makes a text of {length} characters, at most {MAX_TEXT} are allowed")


def check_items(count: int) -> None:
    """Raise BudgetError for a list longer than expressions may make."""
    if count > MAX_ITEMS:
        raise BudgetError(f"the expression makes a list of {count} items, at most {MAX_ITEMS} are allowed")


def check_bits(bits: int) -> None:
    """Raise BudgetError for a whole number larger than expressions may make."""
    if bits > MAX_BITS:
        raise BudgetError(f"the expression makes a number of more than {MAX_BITS} bits")
