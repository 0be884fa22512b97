"""The functions that expressions may call. Their docstrings are the entries of the reference page."""

from emulator.expressions.functions import draws, fakes, lists, moments, numbers, storage, text
from emulator.expressions.functions.table import TABLE, Entry

_DRAWING = {draws.__name__, fakes.__name__}
DRAWING = frozenset({"upload_url", *(name for name, entry in TABLE.items() if entry.call.__module__ in _DRAWING)})
"""The functions whose value depends on the stream of draws."""

__all__ = ["DRAWING", "TABLE", "Entry", "fakes", "lists", "moments", "numbers", "storage", "text"]
