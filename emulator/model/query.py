"""Table queries: which documents of a table a function returns, and in which shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.pattern import Pattern
from emulator.model.place import Place


class Shape(Enum):
    """What becomes of the documents found: all in a list, the first or null, the only one or null, or a page."""

    ALL = "all"
    FIRST = "first"
    UNIQUE = "unique"
    PAGE = "paginate"


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Documents of `table`: the one with `id`, or those like `where`, by `by` (None: by creation), at most `limit`."""

    table: str
    place: Place = field(compare=False)
    shape: Shape = Shape.ALL
    id: Constant | Computed | None = None
    where: Pattern | None = None
    by: str | None = None
    descending: bool = False
    limit: Constant | Computed | None = None

    @property
    def computed(self) -> tuple[Computed, ...]:
        """What of it is computed, apart from `where`."""
        return tuple(each for each in (self.id, self.limit) if isinstance(each, Computed))
