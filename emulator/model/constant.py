"""A Convex value that is known at load, with room for what codecs make of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.values.convex import Value, is_identical
from emulator.values.formats import Format


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A value without expressions; `encoded` keeps the bytes a codec wrote of it, so that it writes them once.

    Constants are equal when Convex tells no difference between their values: `true` is not 1.
    """

    value: Value
    encoded: dict[Format, bytes] = field(default_factory=dict, repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and is_identical(self.value, other.value)

    __hash__ = None  # type: ignore[assignment]  # its value may be a list or a mapping
