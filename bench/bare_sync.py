"""The yardstick of live queries: bare aiohttp sockets, to each of which what is posted is sent."""

from __future__ import annotations

import asyncio
import sys

from aiohttp import WSMsgType, web

_HEARTBEAT = 30.0
_MAX_FRAME = 20 * 1024 * 1024
_FIRST = b'{"type":"Transition","modifications":[]}'
_sockets: set[web.WebSocketResponse] = set()


async def sync(request: web.Request) -> web.WebSocketResponse:
    """Answer what a client subscribes with."""
    response = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_MAX_FRAME, compress=False)
    await response.prepare(request)
    _sockets.add(response)
    async for message in response:
        if message.type is WSMsgType.TEXT and "ModifyQuerySet" in message.data:
            await response.send_frame(_FIRST, WSMsgType.TEXT)
    _sockets.discard(response)
    return response


async def broadcast(request: web.Request) -> web.Response:
    """Send a text to all."""
    text = await request.read()
    for each in tuple(_sockets):
        await each.send_frame(text, WSMsgType.TEXT)
    return web.Response(body=b"{}")


async def main(port: int) -> None:
    app = web.Application()
    app.router.add_get("/api/{version}/sync", sync)
    app.router.add_post("/api/mutation", broadcast)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
    await site.start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "uvloop":
        import uvloop

        uvloop.run(main(0))
    else:
        asyncio.run(main(0))
