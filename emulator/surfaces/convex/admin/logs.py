"""The endpoints that are polled for what functions did and logged (contract convex §13.1)."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress

import orjson

from emulator.runtime.emulator import Emulator
from emulator.runtime.function_log import FunctionLog, Record
from emulator.surfaces.convex.admin.log_codec import STRUCTURED_FOR, Reader, write_records
from emulator.surfaces.convex.failures import bad_query
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import json_reply
from emulator.surfaces.http import Reply

LONGEST = 60.0
"""How long a poll waits for something new, in seconds of the machine's: whoever polls has no other."""


class LogEndpoints:
    """One method for each route; a poll answers at once when there is something newer than it knows."""

    def __init__(self, emulator: Emulator) -> None:
        """Tell of the functions of `emulator`."""
        self._emulator = emulator
        self._log = FunctionLog(emulator)

    async def function_logs(self, asked: Asked) -> Reply:
        """Answer GET /api/stream_function_logs, of all functions or of one request that a socket made."""
        cursor, query = _number(asked, "cursor"), asked.request.query
        session = query.get("sessionId")
        counter = _number(asked, "clientRequestCounter") if "clientRequestCounter" in query else None
        wanted = None if session is None or counter is None else (session, counter)
        return await self._poll(asked, cursor, wanted, sees_progress=True)

    async def executions(self, asked: Asked) -> Reply:
        """Answer GET /api/stream_udf_execution: each function when it is done, with all its log lines."""
        return await self._poll(asked, _number(asked, "cursor"), None, sees_progress=False)

    async def _poll(
        self, asked: Asked, cursor: float, wanted: tuple[str, float] | None, *, sees_progress: bool
    ) -> Reply:
        reader = Reader(asked.client.name in STRUCTURED_FOR, sees_progress)
        found: list[Record] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                while not (found := self._behind(cursor, wanted, reader)):
                    await self._log.wait()
        ids = {each.entry.number: self._emulator.request_id(each.entry) for each in found}
        newest = found[-1].stamp if found else cursor
        body = {"entries": write_records(found, reader, ids), "newCursor": float(newest)}
        return json_reply(orjson.dumps(body))

    def _behind(self, cursor: float, wanted: tuple[str, float] | None, reader: Reader) -> list[Record]:
        seen = (each for each in self._log.since(cursor) if reader.sees_progress or not each.is_progress)
        return [each for each in seen if wanted is None or wanted == (each.entry.call.session, each.entry.call.request)]


def _number(asked: Asked, name: str) -> float:
    text = asked.request.query.get(name)
    if text is None:
        raise bad_query(f"missing field `{name}`")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise bad_query(f"{name}: invalid float literal")
    return number
