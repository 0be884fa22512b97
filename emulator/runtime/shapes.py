"""What the documents of each table look like, counted beside the loop and kept (contract convex §9.4, §15.4)."""

from __future__ import annotations

import asyncio

from emulator.engine.census import Census
from emulator.runtime.emulator import Emulator
from emulator.values.shapes import Shape

_FEW = 500


class Shapes:
    """The shapes of tables."""

    def __init__(self, emulator: Emulator) -> None:
        """Look at what `emulator` keeps."""
        self._emulator = emulator
        self._known: dict[str, Census] = {}
        self._counting = asyncio.Lock()

    async def of(self, table: str) -> Shape:
        """Return the shape of all documents of a table, system fields among them; NEVER when it is empty."""
        async with self._counting:
            census = self._known.get(table) or Census(table)
            view = self._emulator.state.view
            recount = census.plan(view)
            if recount is not None:
                table_of = {number: name for name, number in view.numbers.items()}.get
                if recount.size > _FEW:
                    census = await asyncio.to_thread(census.counted, recount, table_of)
                else:
                    census = census.counted(recount, table_of)
                self._known[table] = census
            return census.shape
