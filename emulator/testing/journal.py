"""The calls that came: chosen, counted, waited for."""

from __future__ import annotations

import asyncio
from difflib import get_close_matches

from emulator.runtime.journal import Entry
from emulator.surfaces.control.selection import Selection, nearest
from emulator.testing.errors import UsageError, is_misuse
from emulator.testing.served import Served

__tracebackhide__ = is_misuse
_ALIKE = 0.85
"""How like another name has to be for a name that nothing has to be a slip of the pen."""


def entries(served: Served, like: Selection) -> list[Entry]:
    """Return the calls that are meant, the oldest first; raise UsageError for an operation that is a misspelt one."""
    check_operation(served, like.operation)
    return [each for each in served.entries() if like.matches(each)]


def check_operation(served: Served, operation: str) -> None:
    """Raise UsageError for an operation that is neither scripted nor was called, and nearly the name of one that is."""
    known = {*served.emulator.revision.scenario.functions, *(each.call.operation for each in served.entries())}
    close = [] if operation in known or "*" in operation else get_close_matches(operation, known, 1, _ALIKE)
    if close:
        raise UsageError(f"{operation} is not scripted and was not called; did you mean {close[0]!r}?")


def fault_of(served: Served, like: Selection, wanted: str, times: int | None) -> str | None:
    """Say in how far calls came otherwise than so many times (None: at least once); None where they did not."""
    found = len(entries(served, like))
    if found == times or (times is None and found):
        return None
    expected = "at least once" if times is None else _times(times)
    fault = f"expected {wanted} to be called {expected}, but it was called {_times(found)}"
    near = nearest(like, served.entries()) if found < (1 if times is None else times) else None
    return f"{fault}; {near}" if near else fault


async def wait(served: Served, like: Selection, wanted: str, count: int, seconds: float) -> Entry:
    """Return the call that is the so-manieth of its like, once it has come; raise TimeoutError."""
    journal = served.emulator.journal
    found = entries(served, like)
    enough: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(entry: Entry) -> None:
        if like.matches(entry):
            found.append(served.numbered(entry))
        if len(found) >= count and not enough.done():
            enough.set_result(None)

    if len(found) < count:
        stop = journal.listen(hear)
        try:
            async with asyncio.timeout(seconds):
                await enough
        except TimeoutError:
            fault = fault_of(served, like, wanted, count)
            raise TimeoutError(f"{fault or wanted} within {seconds:g} s") from None
        finally:
            stop()
    return found[count - 1]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
