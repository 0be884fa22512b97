"""The yardstick: a bare aiohttp handler that reads a JSON body, looks up a dict and returns ready bytes."""

from __future__ import annotations

import asyncio
import sys

import orjson
from aiohttp import web


async def main(functions: int, answer_bytes: int, port: int) -> None:
    answer = orjson.dumps({"status": "success", "value": "x" * answer_bytes, "logLines": []})
    answers = {f"module{number}:list": answer for number in range(functions)}

    async def query(request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        return web.Response(body=answers[body["path"]], content_type="application/json")

    app = web.Application()
    app.router.add_post("/api/query", query)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    run = main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[4]))
    if sys.argv[3] == "uvloop":
        import uvloop

        uvloop.run(run)
    else:
        asyncio.run(run)
