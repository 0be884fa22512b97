"""A scenario with stored files, and what is done with them."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.support.functions import Answer, mutation, query, send
from tests.support.serving import Served

SCENARIO = """
seed: 7
deployment: {admin_keys: ["box|key"]}
tables: {pictures: {fields: {file: id(_storage)}}}
functions:
  files:url: {type: mutation, result: "${upload_url()}"}
  files:at: {type: query, result: "${storage_url(args.id)}"}
  files:all: {type: query, query: {table: _storage}}
  files:count: {type: query, result: "${len(tables._storage)}"}
  files:keep: {type: mutation, do: [{insert: {into: pictures, document: {file: "${args.id}"}}}], result: kept}
  files:delete: {type: mutation, do: [{delete: {table: _storage, id: "${args.id}"}}], result: gone}
"""


def path_of(url: str) -> str:
    """Return path and query of a URL."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def upload_path(served: Served) -> str:
    """Return where a file can be sent."""
    return path_of((await mutation(served, "files:url")).value)


async def upload(served: Served, content: bytes, kind: str = "image/png", **headers: str) -> Answer:
    """Send a file."""
    return await send(served, await upload_path(served), content, {"Content-Type": kind, **headers})


async def stored(served: Served, content: bytes = b"hello world", kind: str = "image/png") -> str:
    """Send a file that is taken, and return its id."""
    key = (await upload(served, content, kind)).json["storageId"]
    assert isinstance(key, str)
    return key


async def link(served: Served, key: str) -> str:
    """Return the path of a file that is there."""
    return path_of((await query(served, "files:at", {"id": key})).value)
