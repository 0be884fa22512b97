"""The ids of a collection in their order, for those who walk it by id; sorted when first asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

_FEW = 64


class IdOrder:
    """Ids in order; new ones are put in their places when somebody asks."""

    __slots__ = ("_ids", "_new")

    def __init__(self, ids: Iterable[str]) -> None:
        """Begin with these ids, in any order."""
        self._ids = sorted(ids)
        self._new: list[str] = []

    def add(self, key: str) -> None:
        """Add an id that is not among them."""
        self._new.append(key)

    def discard(self, key: str) -> None:
        """Remove an id."""
        self._settle()
        place = bisect_left(self._ids, key)
        if self._ids[place : place + 1] == [key]:
            del self._ids[place]

    def after(self, key: str | None, most: int) -> list[str]:
        """Return the ids behind one, which need not be there, or behind none, and at most so many."""
        self._settle()
        start = 0 if key is None else bisect_right(self._ids, key)
        return self._ids[start : start + most]

    def _settle(self) -> None:
        if len(self._new) <= _FEW:
            for key in self._new:
                insort(self._ids, key)
        else:
            self._ids += self._new
            self._ids.sort()  # what is sorted already stays so, at little cost
        self._new.clear()
