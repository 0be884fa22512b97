"""The functions that expressions may call. Their docstrings are the entries of the reference page."""

from emulator.expressions.functions import draws, fakes, lists, moments, numbers, text
from emulator.expressions.functions.table import TABLE, Entry

DRAWING = frozenset(name for name, entry in TABLE.items() if entry.call.__module__ in {draws.__name__, fakes.__name__})
"""The functions whose value depends on the stream of draws."""

__all__ = ["DRAWING", "TABLE", "Entry", "fakes", "lists", "moments", "numbers", "text"]
