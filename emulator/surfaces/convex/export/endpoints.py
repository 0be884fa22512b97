"""The endpoints of streaming export: thin shells around the codec and the pages (contract convex §9)."""

from __future__ import annotations

from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import json_reply
from emulator.surfaces.http import Reply


class ExportEndpoints:
    """One method for each endpoint of contract convex §9.1."""

    def __init__(self, emulator: Emulator) -> None:
        """Read what `emulator` keeps."""
        self._emulator = emulator

    async def connection(self, _asked: Asked) -> Reply:
        """Answer GET /api/test_streaming_export_connection: whoever comes so far may export."""
        return json_reply(b"null")
