"""Conditions on values: deep, partial equality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from emulator.values.convex import Value


@dataclass(frozen=True, slots=True)
class Equals:
    """The value is this one, number kinds apart."""

    value: Value


@dataclass(frozen=True, slots=True)
class Fields:
    """The value is an object with at least these fields, each matching its pattern."""

    fields: tuple[tuple[str, Pattern], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """The value is an array of this length, each item matching its pattern."""

    items: tuple[Pattern, ...]


Pattern: TypeAlias = Equals | Fields | Items
