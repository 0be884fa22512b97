"""The functions that expressions may call. Their docstrings are the entries of the reference page."""

from emulator.expressions.functions import draws, lists, moments, numbers, text
from emulator.expressions.functions.table import TABLE, Entry

DRAWING = frozenset(name for name, entry in TABLE.items() if entry.call.__module__ == draws.__name__)
"""The functions whose value depends on the stream of draws."""

__all__ = ["DRAWING", "TABLE", "Entry", "lists", "moments", "numbers", "text"]
