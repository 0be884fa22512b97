"""Tables of documents: what they hold at first, and what they may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.place import Place

if TYPE_CHECKING:
    from emulator.values.validators.types import Validator


@dataclass(frozen=True, slots=True)
class Seed:
    """Documents that a table begins with: `count` of them, each made anew of `document`."""

    document: Constant | Computed
    place: Place = field(compare=False)
    count: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its first documents, and the validator of every document without its system fields (None: any)."""

    name: str
    seeds: tuple[Seed, ...]
    place: Place = field(compare=False)
    validator: Validator | None = None
