"""A Convex value that is known at load, with room for what codecs make of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.values.convex import Value
from emulator.values.formats import Format


@dataclass(frozen=True, slots=True)
class Constant:
    """A value without expressions; `encoded` keeps the bytes a codec wrote of it, so that it writes them once."""

    value: Value
    encoded: dict[Format, bytes] = field(default_factory=dict, compare=False, repr=False)
