"""What was called: listed, followed, counted, waited for."""

from __future__ import annotations

import asyncio

from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.surfaces.control import bodies
from emulator.surfaces.control.answers import Calls, Done, Verified
from emulator.surfaces.control.asked import Asked, whole_number
from emulator.surfaces.control.failures import bad_request, not_found
from emulator.surfaces.control.rows import CallRow
from emulator.surfaces.control.selection import Selection, in_order, nearest
from emulator.surfaces.control.views import entry_row
from emulator.values.durations import SECOND

FILTERS = ("operation", "outcome", "identity", "after")
"""The parameters of a query that choose among calls."""

LONGEST_WAIT = 600 * SECOND
_SHOWN = 1_000


class JournalEndpoints:
    """What was called."""

    def __init__(self, emulator: Emulator) -> None:
        """Look into the journal of `emulator`."""
        self._journal = emulator.journal

    async def journal(self, asked: Asked) -> Calls:
        """List calls, the newest last; `limit` says how many of the newest, the others choose among all."""
        limit = whole_number("limit", asked.query.get("limit"), _SHOWN)
        like = selection_of(asked)
        rows = [each for each in self._journal if like.matches(each)]
        shown = rows[-limit:] if limit else []
        return {"calls": [entry_row(each) for each in shown], "total": len(rows), "dropped": self._journal.dropped}

    async def call(self, asked: Asked) -> CallRow:
        """Show one call."""
        number = asked.parameters["number"]
        for entry in self._journal:
            if str(entry.number) == number:
                return entry_row(entry)
        raise not_found(f"call {number} is not in the journal", "the journal keeps the newest calls only")

    async def clear(self, _asked: Asked) -> Done:
        """Forget all calls; their numbers go on."""
        self._journal.clear()
        return {"ok": True}

    async def verify(self, asked: Asked) -> Verified:
        """Say whether calls came as often, or in the order, that is expected; without a number, at least once."""
        form = bodies.read_body(bodies.Verify, asked.body)
        entries = list(self._journal)
        if form.sequence is not None:
            return _in_order(form, entries)
        like = form.selection()
        found = sum(map(like.matches, entries))
        answer: Verified = {"ok": form.is_enough(found), "found": found, "expected": form.expected}
        if not answer["ok"] and found < form.least and (near := nearest(like, entries)) is not None:
            answer["nearest"] = near
        if self._journal.dropped:
            answer["dropped"] = self._journal.dropped
        return answer

    async def wait(self, asked: Asked) -> Verified:
        """Wait until so many calls like this have come, those before included; the time is the machine's."""
        form = bodies.read_body(bodies.WaitFor, asked.body)
        like, timeout = form.selection(), bodies.read_duration(form.timeout)
        if timeout > LONGEST_WAIT:
            raise bad_request("timeout: longer than 10 minutes", "ask again as often as you like")
        found = sum(map(like.matches, self._journal))
        enough: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def hear(entry: Entry) -> None:
            nonlocal found
            found += like.matches(entry)
            if found >= form.count and not enough.done():
                enough.set_result(None)

        expected = f"at least {form.count}"
        if found < form.count:
            stop = self._journal.listen(hear)
            try:
                async with asyncio.timeout(timeout / SECOND):
                    await enough
            except TimeoutError:
                near = nearest(like, self._journal)
                missed: Verified = {"ok": False, "found": found, "expected": expected}
                return missed if near is None else {**missed, "nearest": near}
            finally:
                stop()
        return {"ok": True, "found": found, "expected": expected}


def selection_of(asked: Asked) -> Selection:
    """Return what calls the query of a request asks for."""
    query = asked.query
    return Selection(
        query.get("operation", "*"),
        None,
        query.get("outcome"),
        query.get("identity"),
        whole_number("after", query.get("after"), 0),
    )


def _in_order(form: bodies.Verify, entries: list[Entry]) -> Verified:
    assert form.sequence is not None
    selections = [each.selection() for each in form.sequence]
    found, rest = in_order(selections, [each for each in entries if each.number > form.after])
    is_all = found == len(selections)
    answer: Verified = {"ok": is_all, "found": found, "expected": f"{len(selections)} in this order"}
    near = None if is_all else nearest(selections[found], rest)
    return answer if near is None else {**answer, "nearest": near}
