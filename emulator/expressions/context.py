"""What functions of expressions may know besides their arguments: the time, and their own draws."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from random import Random
from typing import Protocol

from emulator.expressions.budget import Budget
from emulator.expressions.errors import EvaluationError
from emulator.expressions.locales import DEFAULT_LOCALE
from emulator.values.ids import FIRST_USER_TABLE


class Files(Protocol):
    """Where stored files are, and where they can be sent."""

    def upload_url(self, now: int, nonce: bytes) -> str:
        """Return where a file can be sent from `now` on, in nanoseconds since the epoch."""

    def url_of(self, key: str) -> str | None:
        """Return where a file is, None where there is none of that id."""


class _NoFiles:
    """Where nothing can be sent."""

    def upload_url(self, now: int, nonce: bytes) -> str:  # noqa: ARG002
        raise EvaluationError("files cannot be stored here")

    def url_of(self, key: str) -> str | None:  # noqa: ARG002
        return None


NO_FILES = _NoFiles()


class Context:
    """One evaluation's surroundings.

    `now` is in nanoseconds since the epoch; `on_now` is called when it is asked for. Draws follow from `stream` alone,
    in the order in which they are asked for; the same stream draws the same again. `locale` is one of KNOWN_LOCALES
    and says what ``fake.…`` draws; `table_number` gives the number of a table, from which its ids begin.
    `files` know the URLs of stored files.
    """

    __slots__ = ("_draws", "_now", "_on_now", "budget", "files", "locale", "stream", "table_number")

    def __init__(
        self,
        stream: str,
        now: int,
        *,
        locale: str = DEFAULT_LOCALE,
        table_number: Callable[[str], int] = lambda _table: FIRST_USER_TABLE,
        files: Files = NO_FILES,
        on_now: Callable[[], object] = lambda: None,
    ) -> None:
        """Begin a stream of draws."""
        self.stream = stream
        self._now = now
        self._on_now = on_now
        self.locale = locale
        self.table_number = table_number
        self.files = files
        self.budget = Budget()
        self._draws: Random | None = None

    @property
    def now(self) -> int:
        """The present instant."""
        self._on_now()
        return self._now

    @property
    def draws(self) -> Random:
        """The evaluation's own source of random numbers, made when first needed."""
        if self._draws is None:
            seed = int.from_bytes(blake2b(self.stream.encode(), digest_size=16).digest(), "big")
            self._draws = Random(seed)  # noqa: S311 - repeatable is what it has to be
        return self._draws
