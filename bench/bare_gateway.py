"""The yardstick of streams and sockets: a bare aiohttp handler of each, that sends what a gateway sends."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count

import orjson
from aiohttp import WSMsgType, web

_HEARTBEAT = 30.0
_MAX_FRAME = 1024 * 1024
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
_numbers = count()


def streaming(chunks: int, first: float, every: float) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler of a stream; each of its chunks is due at its own moment."""

    async def stream(request: web.Request) -> web.StreamResponse:
        start = time.time()  # noqa: TID251 - a yardstick has no clock but the machine's
        run_id, session = f"run_{next(_numbers):012x}", f"agent:main:api:main:{request.query['session']}"
        assert request.query["message"]
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        await response.write(b"retry: 3000\n\n")
        texts = []
        for index in range(chunks):
            due = start + first + index * every
            await asyncio.sleep(due - time.time())  # noqa: TID251 - likewise
            text = f"word{index}" if index else f"{start * 1000}"
            texts.append(f"{text} " if index < chunks - 1 else text)
            data = {"chunk": texts[-1], "sessionKey": session, "runId": run_id, "index": index}
            await response.write(b"id: %b:%d\ndata: %b\n\n" % (run_id.encode(), index + 1, orjson.dumps(data)))
        reply = {"chunk": "", "response": "".join(texts), "sessionKey": session, "tokensUsed": 38}
        event = (run_id.encode(), chunks + 1, orjson.dumps({**reply, "runId": run_id, "reason": "complete"}))
        await response.write(b"event: done\nid: %b:%d\ndata: %b\n\n" % event)
        await response.write_eof()
        return response

    return stream


async def socket(request: web.Request) -> web.WebSocketResponse:
    """Answer every ping."""
    response = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_MAX_FRAME, compress=False)
    await response.prepare(request)
    async for message in response:
        if message.type is WSMsgType.TEXT and orjson.loads(message.data)["type"] == "ping":
            moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: TID251 - likewise
            await response.send_str(orjson.dumps({"type": "pong", "ts": moment}).decode())
    return response


async def main(chunks: int, first: float, every: float, port: int) -> None:
    app = web.Application()
    app.router.add_get("/api/chat/stream", streaming(chunks, first, every))
    app.router.add_get("/ws", socket)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
    await site.start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    run = main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[5]))
    if sys.argv[4] == "uvloop":
        import uvloop

        uvloop.run(run)
    else:
        asyncio.run(run)
