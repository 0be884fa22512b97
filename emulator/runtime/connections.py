"""The connections that stay open: streams and sockets, to be listed and cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Connection(NamedTuple):
    """One open connection: of which kind, to what, since when, from which address, and what cuts it.

    `close` closes it with a code and a reason; None for a stream, which knows neither.
    """

    number: int
    kind: str
    target: str
    since: int
    address: str | None
    cut: Callable[[], object]
    close: Callable[[int, str], object] | None = None


class Connections:
    """All that are open, the oldest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: dict[int, Connection] = {}
        self._made = 0

    @contextmanager
    def opened(
        self,
        kind: str,
        target: str,
        since: int,
        address: str | None,
        cut: Callable[[], object],
        close: Callable[[int, str], object] | None = None,
    ) -> Iterator[None]:
        """Have a connection among those that are open until the block ends."""
        self._made += 1
        number = self._made
        self._open[number] = Connection(number, kind, target, since, address, cut, close)
        try:
            yield
        finally:
            del self._open[number]

    def find(self, number: str) -> Connection | None:
        """Return an open connection by its number."""
        return next((each for each in self if str(each.number) == number), None)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._open.values())
