from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator.surfaces.convex.admin import logs
from tests.support.clocks import START, WatchedClock
from tests.support.demo import ADMIN
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving
from tests.support.syncing import connected, syncing

LOGS, EXECUTIONS = "/api/stream_function_logs", "/api/stream_udf_execution"
CLI = {**ADMIN, "Convex-Client": "npm-cli-1.48.0"}


async def run(served: Served, path: str, **headers: str) -> None:
    async with served.client.post("/api/function", json={"path": path, "args": {}}, headers={**ADMIN, **headers}):
        pass


async def poll(served: Served, cursor: float = 0, path: str = LOGS, headers: dict[str, str] = CLI, **more: str) -> Any:
    async with served.client.get(path, params={"cursor": str(cursor), **more}, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@pytest.mark.parametrize("path", [LOGS, "/api/app_metrics/stream_function_logs"])
async def test_a_finished_function_is_told_of_with_its_log_lines(path: str, served: Served) -> None:
    await run(served, "logs:some")
    (entry,) = (await poll(served, path=path))["entries"]
    assert re.fullmatch("[0-9a-f]{16}", entry.pop("requestId"))
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", entry.pop("executionId"))
    assert entry.pop("usageStats")["databaseWriteDocuments"] == 0
    line = {"isTruncated": False, "timestamp": START // 1_000_000, "systemMetadata": None}
    assert entry == {
        "kind": "Completion",
        "udfType": "Query",
        "componentPath": None,
        "identifier": "logs:some",
        "environment": "isolate",
        "logLines": [
            {**line, "level": "LOG", "messages": ["'hi'"]},
            {**line, "level": "WARN", "messages": ["'low stock' { left: 2 }"]},
        ],
        "timestamp": START / 1e9,
        "executionTimestamp": START / 1e9,
        "executionTime": 0.0,
        "userExecutionTime": 0.0,
        "cachedResult": False,
        "success": None,
        "error": None,
        "caller": "HttpApi",
        "parentExecutionId": None,
        "identityType": "instance_admin",
        "willRetry": False,
        "returnBytes": 3.0,
        "occInfo": None,
    }


async def test_other_clients_get_log_lines_as_texts(served: Served) -> None:
    await run(served, "logs:some")
    (entry,) = (await poll(served, headers=ADMIN))["entries"]
    assert entry["logLines"] == ["[LOG] 'hi'", "[WARN] 'low stock' { left: 2 }"]


async def test_an_error_is_told_without_the_request_it_was_in(served: Served) -> None:
    await run(served, "errors:plain")
    (entry,) = (await poll(served))["entries"]
    assert entry["error"].startswith("Uncaught Error: out of tea\n    at handler (")
    assert entry["returnBytes"] is None


async def test_a_poll_waits_for_something_newer(served: Served) -> None:
    await run(served, "logs:some")
    known = (await poll(served))["newCursor"]
    is_there = asyncio.Event()
    served.emulator.journal.listen(lambda _entry: is_there.set())
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(poll(served, known))
        await is_there.wait()
        await run(served, "errors:plain")
    told = waiting.result()
    assert [each["identifier"] for each in told["entries"]] == ["errors:plain"]
    assert told["newCursor"] > known


async def test_a_poll_gives_up_after_its_time(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LONGEST", 0.01)
    assert await poll(served, 12.5) == {"entries": [], "newCursor": 12.5}


async def test_executions_are_told_once_and_with_all_they_logged(tmp_path: Path) -> None:
    text = 'deployment: {admin_keys: ["demo-otter|s3cret"]}\nfunctions: {act: {type: action, result: 1, logs: [hi]}}'
    async with syncing(load_text(tmp_path, text)) as server, aiohttp.ClientSession(server.url) as client:
        served = Served(server.emulator, server.url, client)
        await run(served, "act")
        entries = (await poll(served))["entries"]
        (whole,) = (await poll(served, path=EXECUTIONS, headers=ADMIN))["entries"]
    assert [(each["kind"], len(each["logLines"])) for each in entries] == [("Progress", 1), ("Completion", 0)]
    assert (whole["kind"], whole["logLines"]) == ("Completion", ["[LOG] 'hi'"])
    assert "executionTime" not in entries[0]


async def test_http_actions_are_told_of_by_their_routes(tmp_path: Path) -> None:
    text = """
    deployment: {admin_keys: ["demo-otter|s3cret"]}
    http: {GET /tea: {body: oolong, logs: [poured]}, GET /pot/*: {error: broken}}
    """
    async with serving(load_text(tmp_path, text)) as served:
        for path in ("/http/tea", "/http/pot/1", "/http/nothing"):
            async with served.client.get(path):
                pass
        progress, tea, pot = (await poll(served))["entries"]
    assert (progress["kind"], progress["identifier"], len(progress["logLines"])) == ("Progress", "GET /tea", 1)
    assert (tea["udfType"], tea["caller"], tea["success"]) == ("HttpAction", "HttpEndpoint", {"status": "200"})
    assert (tea["returnBytes"], tea["error"], tea["logLines"]) == (6.0, None, [])
    assert (pot["identifier"], pot["success"]) == ("GET /pot/*", None)
    assert pot["error"].startswith("Uncaught Error: broken")


async def test_what_one_request_of_a_socket_ran_can_be_picked(tmp_path: Path) -> None:
    text = 'deployment: {admin_keys: ["demo-otter|s3cret"]}\nfunctions: {"m:send": {type: mutation, result: 1}}'
    async with syncing(load_text(tmp_path, text)) as server, connected(server) as client:
        await client.say(type="Connect", sessionId="s1", connectionCount=0, lastCloseReason=None)
        for number in (0, 1):
            await client.say(type="Mutation", requestId=number, udfPath="m:send", args=[{}])
            while (await client.hear())["type"] != "MutationResponse":
                pass
        async with aiohttp.ClientSession(server.url) as session:
            served = Served(server.emulator, server.url, session)
            every = (await poll(served))["entries"]
            picked = (await poll(served, sessionId="s1", clientRequestCounter="1"))["entries"]
    assert [each["caller"] for each in every] == ["SyncWorker", "SyncWorker"]
    assert picked == every[1:]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "missing field `cursor`"),
        ("?cursor=x", "cursor: invalid float literal"),
        ("?cursor=nan", "cursor: invalid float literal"),
        ("?cursor=0&sessionId=s&clientRequestCounter=x", "clientRequestCounter: invalid float literal"),
    ],
)
async def test_a_poll_that_does_not_say_what_it_knows_is_refused(query: str, message: str, served: Served) -> None:
    async with served.client.get(f"{LOGS}{query}", headers=ADMIN) as answer:
        told = await answer.json()
    assert (answer.status, told["code"]) == (400, "BadQueryArgs")
    assert told["message"] == f"Failed to deserialize query string: {message}"


async def test_nobody_else_reads_logs(served: Served, clock: WatchedClock) -> None:
    async with served.client.get(f"{LOGS}?cursor=0") as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "BadDeployKey")
    assert clock.asleep == 0
