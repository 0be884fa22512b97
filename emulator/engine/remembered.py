"""What first documents came to, so that a scenario that begins again makes few of them anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from emulator.engine.store import Document
from emulator.model.computed import Computed
from emulator.model.table import Seed

MAX_REMEMBERED = 10_000
_SAYS_WHERE = "upload_url"
"""The function whose result depends on where all this is served."""


class Made(NamedTuple):
    """A first document as its table takes it, apart from the system fields that it brings.

    It was made at `now`, in nanoseconds since the epoch; None: it is the same at any time.
    """

    document: Document
    system: Document
    now: int | None


class Remembered:
    """The first documents of one scenario, as they were made last; those that are more are made each time.

    It is right only where everything begins anew and all documents are memorable: what one may depend on is then the
    scenario, the time, the numbers of tables, and the documents of tables before its own.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._made: dict[str, Made] = {}
        self._numbers: Mapping[str, int] = {}

    def begin(self, numbers: Mapping[str, int]) -> None:
        """Forget everything if tables have other numbers: ids begin with them."""
        if self._numbers != numbers:
            self._made.clear()
            self._numbers = dict(numbers)

    def recall(self, stream: str, now: int) -> Made | None:
        """Return the document of a stream of draws, None where it has to be made."""
        made = self._made.get(stream)
        return made if made is None or made.now is None or made.now == now else None

    def keep(self, stream: str, made: Made) -> None:
        """Remember a document."""
        if stream in self._made or len(self._made) < MAX_REMEMBERED:
            self._made[stream] = made


def is_memorable(seed: Seed) -> bool:
    """Whether the documents of a seed follow from what `Remembered` knows."""
    if not isinstance(seed.document, Computed):
        return True
    compiled = seed.document.compiled
    sees_order = any(each.name == "state" and each.key is None for each in compiled.accesses)
    return _SAYS_WHERE not in compiled.calls and not sees_order


def is_of_its_time(seed: Seed) -> bool:
    """Whether documents of a seed may see the times at which others were created."""
    return isinstance(seed.document, Computed) and "tables" in seed.document.compiled.names
