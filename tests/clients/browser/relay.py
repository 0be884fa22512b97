"""A way to a gateway that can be cut, and that can lead to another gateway later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from emulator.app import LOOPBACK
from tests.support.live import Live

_PIECE = 65_536


class Relay:
    """Passes on what comes, both ways; as long as it leads nowhere, it hangs up on everybody."""

    def __init__(self) -> None:
        """Lead nowhere."""
        self.port = 0
        self._target: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where browsers find the gateway behind it."""
        return f"http://localhost:{self.port}"

    def lead_to(self, live: Live | None) -> None:
        """Pass on what comes from now on to another gateway, or to nobody."""
        self._target = None if live is None else urlsplit(live.url).port
        self.cut()

    def cut(self) -> None:
        """End every connection, as a network does that goes away."""
        for writer in self._writers:
            writer.transport.abort()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        ends = {writer}
        self._writers.add(writer)
        try:
            if self._target is not None:
                with suppress(ConnectionError):
                    far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
                    ends.add(far_writer)
                    self._writers.add(far_writer)
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(_pump(reader, far_writer))
                        tasks.create_task(_pump(far_reader, writer))
        finally:
            self._writers -= ends
            for each in ends:
                each.close()
                with suppress(ConnectionError):
                    await each.wait_closed()


@asynccontextmanager
async def relaying(live: Live | None = None) -> AsyncIterator[Relay]:
    """Relay until the block ends."""
    relay = Relay()
    server = await asyncio.start_server(relay.pass_on, LOOPBACK, 0)
    relay.port = server.sockets[0].getsockname()[1]
    relay.lead_to(live)
    try:
        yield relay
    finally:
        server.close()
        relay.lead_to(None)
        await server.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
