"""Export of 100,000 documents and import of as many: the last pages beside the first, memory, and who has to wait."""

from __future__ import annotations

import json
import selectors
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench import scenarios
from bench.measure import Connection, now, post, spread, table, verdict
from bench.servers import Server, emulator

DOCUMENTS = 100_000
BATCH = 1_000
EDGE = 10
AIM = 1.3
AIM_MB = 40
AIM_WAIT_MS = 50
_KEY = "Authorization: Convex bench|key\r\n"
_SCENARIO = """
deployment: {{admin_keys: ["bench|key"]}}
tables:
  things:
    count: {count}
    document: {{author: 'author${{index // 10}}', body: 'Hello number ${{index}}', likes: '${{index}}', tags: [a, b]}}
functions:
  ping:pong: {{result: 1}}
"""
_PING = post("/api/query", b'{"path":"ping:pong","args":{}}')
_HEADING = (
    "what",
    "pages",
    "first, ms CPU",
    "last, ms CPU",
    "ratio",
    f"aim < {AIM}",
    "grown by, MB",
    f"aim < {AIM_MB}",
)


class Account(NamedTuple):
    """What the requests of one kind took: milliseconds of CPU each, and how much memory they left behind."""

    cpu: list[float]
    grown: float


def main(work: Path) -> None:
    full = scenarios.write(work / "full", _SCENARIO.format(count=DOCUMENTS))
    empty = scenarios.write(work / "empty", _SCENARIO.format(count=1))
    rows: list[tuple[str, ...]] = [_HEADING]
    waits: list[tuple[str, ...]] = [
        ("while another client is given", "pings", "longest wait, ms", f"aim < {AIM_WAIT_MS}")
    ]
    with emulator(work, full) as server:
        rows.append(_row("list_snapshot, 1,024 a page", _measure(server, _snapshot(server)), holds_memory=True))
        rows.append(_row("data/sync, 16,384 a page", _measure(server, _sync(server)), holds_memory=True))
        rows.append(_row("list_snapshot once more", _measure(server, _snapshot(server)), holds_memory=True))
        for name, request in (
            ("schemas of 100,000 new documents", _get("json_schemas")),
            ("schemas of documents that are known", _get("json_schemas")),
            ("a page of a snapshot", _get("list_snapshot")),
            ("a page of a sync", _post("/api/v1/data/sync", {})),
        ):
            waits.append(_wait(server, name, request))
    for name, key in (("import, appended", None), ("import, by primary key", [["id"]])):
        with emulator(work, empty) as server:
            rows.append(_row(f"{name}, {BATCH:,} a batch", _measure(server, _batches(server, key)), holds_memory=False))
            if key is not None:
                rows.append(_row("the same rows again", _measure(server, _batches(server, key)), holds_memory=False))
            waits.append(_wait(server, name, _batch(0, key)))
    print(table(rows))
    print(table(waits))


def _get(route: str) -> bytes:
    return f"GET /api/{route} HTTP/1.1\r\nHost: bench\r\n{_KEY}\r\n".encode()


def _post(path: str, body: Any) -> bytes:
    return post(path, json.dumps(body).encode()).replace(b"Host: bench\r\n", f"Host: bench\r\n{_KEY}".encode(), 1)


def _snapshot(server: Server) -> Callable[[], bool]:
    """Return what asks for a page of a snapshot, and says whether there are more."""
    connection = Connection(server.port)
    more: dict[str, Any] = {}

    def ask() -> bool:
        page = json.loads(connection.ask(_post("/api/list_snapshot", {"tableName": "things", **more})))
        more.update(snapshot=page["snapshot"], cursor=page["cursor"])
        return bool(page["hasMore"])

    return ask


def _sync(server: Server) -> Callable[[], bool]:
    connection = Connection(server.port)
    more: dict[str, Any] = {}

    def ask() -> bool:
        page = json.loads(connection.ask(_post("/api/v1/data/sync", more)))
        more["cursor"] = page["pagination"]["nextCursor"]
        return bool(page["status"]["type"] == "snapshotting")

    return ask


def _batches(server: Server, key: Any) -> Callable[[], bool]:
    connection = Connection(server.port)
    starts = iter(range(0, DOCUMENTS, BATCH))

    def ask() -> bool:
        start = next(starts)
        connection.ask(_batch(start, key))
        return start + BATCH < DOCUMENTS

    return ask


def _batch(start: int, key: Any) -> bytes:
    stream = {"primaryKey": key, "jsonSchema": {}}
    rows = [
        {"id": number, "author": f"author{number}", "body": "Hello", "likes": 0}
        for number in range(start, start + BATCH)
    ]
    messages = [{"tableName": "rows", "data": each} for each in rows]
    return _post("/api/streaming_import/import_airbyte_records", {"tables": {"rows": stream}, "messages": messages})


def _measure(server: Server, ask: Callable[[], bool]) -> Account:
    cpu = []
    memory = server.memory()
    has_more = True
    while has_more:
        before = server.cpu()
        has_more = ask()
        cpu.append((server.cpu() - before) * 1e3)
    return Account(cpu, server.memory() - memory)


def _row(name: str, account: Account, *, holds_memory: bool) -> tuple[str, ...]:
    pages = account.cpu if account.cpu[-1] > account.cpu[0] / 2 else account.cpu[:-1]  # the last page may be short
    edge = min(EDGE, len(pages) // 2)
    first, last = pages[:edge], pages[-edge:]
    ratio = median(last) / median(first)
    flat = verdict(reached=account.grown < AIM_MB) if holds_memory else ""
    aim = verdict(reached=ratio < AIM)
    return (
        name,
        str(len(account.cpu)),
        spread(first, 1),
        spread(last, 1),
        f"{ratio:.2f}",
        aim,
        f"{account.grown:.1f}",
        flat,
    )


def _wait(server: Server, name: str, request: bytes) -> tuple[str, ...]:
    """Ping while another client waits for its answer; return how long the longest ping took."""
    connection, pinging = Connection(server.port), Connection(server.port)
    pinging.ask(_PING)
    waits: list[float] = []
    with selectors.DefaultSelector() as selector:
        selector.register(connection.socket, selectors.EVENT_READ)
        connection.socket.sendall(request)
        while not waits or not selector.select(0):
            started = now()
            pinging.ask(_PING)
            waits.append((now() - started) * 1e3)
    connection.close()
    pinging.close()
    return name, str(len(waits)), f"{max(waits):.0f}", verdict(reached=max(waits) < AIM_WAIT_MS)
