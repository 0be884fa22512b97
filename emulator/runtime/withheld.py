"""Answers that are withheld while the variant `loading` is chosen: asked for again once that may be over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.engine.index import Decision
from emulator.engine.plan import Finish, Withheld
from emulator.engine.store import Write
from emulator.engine.variants import VARIANTS
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.runtime.perform import perform


def is_withheld(decision: Decision) -> bool:
    """Whether there is no answer for now."""
    last = decision.plan[-1]
    return isinstance(last, Finish) and isinstance(last.ending, Withheld)


def once_released(emulator: Emulator, then: Callable[[], None]) -> Callable[[], None]:
    """Have `then` called once, when other variants are chosen or another scenario comes; return what ends that."""

    def hear(writes: tuple[Write, ...]) -> None:
        if any(each.collection == VARIANTS for each in writes):
            release()

    def release() -> None:
        end()
        then()

    def end() -> None:
        for forget in forgets:
            forget()

    forgets = (emulator.on_commit(hear), emulator.on_swap(release))
    return end


async def released(emulator: Emulator, entry: Entry, ts: int | None = None) -> Entry:
    """Return a call that is answered: while there is no answer, wait until there may be one, and decide again.

    With `ts` documents are read as they were then.
    """
    while is_withheld(entry.decision):
        changed = asyncio.Event()
        end = once_released(emulator, changed.set)
        try:
            await changed.wait()
        finally:
            end()
        entry = emulator.handle(entry.call._replace(is_admitted=True), ts)
    return entry


async def perform_released(emulator: Emulator, entry: Entry, ts: int | None = None) -> tuple[Entry, Finish]:
    """Perform what was decided of a call, once it is answered; return the entry that was, and its end."""
    entry = await released(emulator, entry, ts)
    return entry, await perform(entry.decision.plan, emulator.clock, entry.at)
