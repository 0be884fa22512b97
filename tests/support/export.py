"""Streaming export as a connector asks for it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from tests.support.functions import Answer, send
from tests.support.serving import Served

DEPLOYMENT = 'deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret"]}\n'
ADMIN = {"Authorization": "Convex demo-otter|s3cret"}


async def fetch(served: Served, route: str, **parameters: object) -> Answer:
    """Ask by URL."""
    query = f"?{urlencode(parameters)}" if parameters else ""
    return await send(served, f"/api/{route}{query}", headers=ADMIN, by="GET")


async def submit(served: Served, route: str, body: Any, by: str = "POST", headers: Any = None) -> Answer:
    """Ask with a body."""
    return await send(served, f"/api/{route}", json.dumps(body), {**ADMIN, **(headers or {})}, by=by)


async def snapshot_of(served: Served, **parameters: object) -> tuple[list[dict[str, Any]], int]:
    """Page through a snapshot as connectors do; return its rows and its timestamp."""
    page = (await fetch(served, "list_snapshot", **parameters)).json
    rows = list(page["values"])
    while page["hasMore"]:
        more = {**parameters, "snapshot": page["snapshot"], "cursor": page["cursor"]}
        page = (await fetch(served, "list_snapshot", **more)).json
        rows += page["values"]
    assert page["cursor"] is None
    return rows, page["snapshot"]


async def deltas_since(served: Served, cursor: int, **parameters: object) -> tuple[list[dict[str, Any]], int]:
    """Page through what changed; return the rows and the cursor to go on with."""
    rows: list[dict[str, Any]] = []
    while True:
        page = (await fetch(served, "document_deltas", cursor=cursor, **parameters)).json
        rows += page["values"]
        cursor = page["cursor"]
        if not page["hasMore"]:
            return rows, cursor


def applied(documents: dict[str, dict[str, Any]], rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return documents by id after rows were applied to them as a destination does."""
    kept = dict(documents)
    for row in rows:
        if row.get("_deleted"):
            kept.pop(row["_id"], None)
        else:
            kept[row["_id"]] = own(row)
    return kept


def own(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what the export adds."""
    return {name: value for name, value in row.items() if name not in {"_component", "_table", "_ts", "_deleted"}}
