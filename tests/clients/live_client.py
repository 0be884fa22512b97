"""ConvexClient of PyPI, unmodified, told what to do by the lines on standard input, as `node/live.mjs` is."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from convex import ConvexClient, ConvexError, ConvexInt64

reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # the client prints log lines of functions on standard output, past Python's own
clients: dict[str, ConvexClient] = {}
watches: dict[str, Any] = {}
following: dict[str, asyncio.Task[None]] = {}


def report(row: dict[str, Any]) -> None:
    """Say what was seen, in one line."""
    reports.write(json.dumps(row) + "\n")
    reports.flush()


def describe(value: Any) -> Any:
    """Return a value as JSON that keeps the types apart."""
    match value:
        case ConvexInt64():
            return {"int64": str(value.value)}
        case bytes():
            return {"bytes": list(value)}
        case list():
            return [describe(each) for each in value]
        case dict():
            return {key: describe(each) for key, each in value.items()}
        case _:
            return value


def failed(error: Exception) -> dict[str, Any]:
    """Return an error as JSON."""
    if isinstance(error, ConvexError):
        return {"error": {"isConvexError": True, "message": str(error), "data": describe(error.data)}}
    return {"error": {"isConvexError": False, "message": str(error)}}


async def follow(name: str) -> None:
    """Report each answer of a query until it is watched no more."""
    subscription = watches[name]
    while not subscription.invalidated:
        try:
            report({"update": name, "value": describe(await anext(subscription))})
        except StopAsyncIteration:
            return
        except Exception as error:  # noqa: BLE001 - the client raises nothing more exact
            report({"update": name, **failed(error)})


def watch(client: str, name: str, path: str, args: dict[str, Any]) -> None:
    """Watch a query; only an asynchronous iterator leaves room for anything else."""
    watches[name] = clients[client].subscribe(path, args)
    following[name] = asyncio.get_running_loop().create_task(follow(name))


def unwatch(client: str, name: str) -> None:  # noqa: ARG001 - as it is told
    """Watch a query no more."""
    following.pop(name).cancel()
    watches.pop(name).unsubscribe()


OPERATIONS: dict[str, Callable[..., Any]] = {
    "hear": lambda: None,
    "open": lambda client, url: clients.__setitem__(client, ConvexClient(url)),
    "watch": watch,
    "unwatch": unwatch,
    "query": lambda client, path, args: clients[client].query(path, args),
    "mutation": lambda client, path, args: clients[client].mutation(path, args),
    "action": lambda client, path, args: clients[client].action(path, args),
    "setAuth": lambda client, token: clients[client].set_auth(token),
    "clearAuth": lambda client: clients[client].clear_auth(),
    "setAdminAuth": lambda client, key: clients[client].set_admin_auth(key),
    "close": clients.__delitem__,
}


def answer(number: int, operation: str, more: dict[str, Any]) -> None:
    """Do something and say what it came to."""
    try:
        report({"answer": number, "value": describe(OPERATIONS[operation](**more))})
    except Exception as error:  # noqa: BLE001 - the client raises nothing more exact
        report({"answer": number, **failed(error)})


async def main() -> None:
    """Do what the lines say."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        asked = json.loads(line)
        answer(asked.pop("id"), asked.pop("op"), asked)


if __name__ == "__main__":
    asyncio.run(main())
