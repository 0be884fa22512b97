"""Variants of functions that a test chooses."""

from __future__ import annotations

from typing import Self

from emulator.engine.explain import explain_choice
from emulator.engine.transaction import Transaction
from emulator.engine.variants import choose, read_choices, unchoose
from emulator.testing.data import Place
from emulator.testing.errors import UsageError, is_misuse, unknown

__tracebackhide__ = is_misuse


class Use:
    """Variants that answer until :meth:`stop`; as a context, until its end; else until the test ends."""

    def __init__(self, place: Place, choices: str, identity: str | None) -> None:
        """Have them answer; raise UsageError for what is no variant, or nobody's identity."""
        self._choices = [each._replace(identity=identity) for each in read_choices(choices)]
        self._place = place
        emulator = place.served.emulator
        known = [each.name for each in emulator.revision.scenario.identities or ()]
        if identity is not None and identity not in known:
            raise unknown("identity", identity, known)
        if not self._choices:
            raise UsageError("use(…) needs an operation and its variant, such as 'messages:list=empty'")
        for each in self._choices:
            doubt = explain_choice(each._replace(identity=None), emulator.revision.index)
            if doubt is not None:
                raise UsageError(doubt)
        self._place.write(self._choose)

    def stop(self) -> None:
        """Have the ordinary answers come again."""
        self._place.write(self._unchoose)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _choose(self, transaction: Transaction) -> None:
        for each in self._choices:
            choose(transaction, each)

    def _unchoose(self, transaction: Transaction) -> None:
        for each in self._choices:
            unchoose(transaction, each.operation, each.identity)
