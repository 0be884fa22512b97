from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from typing import Any

import pytest

from emulator.surfaces.convex.admin import exports, zip_writer
from tests.support.serving import Served

REQUEST = "/api/export/request/zip"


async def query(served: Served, admin: dict[str, str], path: str) -> Any:
    body = {"path": path, "args": {}, "format": "json"}
    async with served.client.post("/api/query", json=body, headers=admin) as answer:
        return (await answer.json())["value"]


async def export(served: Served, admin: dict[str, str]) -> str:
    async with served.client.post(f"{REQUEST}?includeStorage=false", headers=admin) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    return str((await query(served, admin, "_system/cli/exports:getLatest"))["start_ts"])


async def test_there_is_no_export_before_one_was_asked_for(served: Served, admin: dict[str, str]) -> None:
    assert await query(served, admin, "_system/cli/exports:getLatest") is None


async def test_an_export_is_downloaded_by_its_timestamp(served: Served, admin: dict[str, str]) -> None:
    ts = await export(served, admin)
    state = await query(served, admin, "_system/cli/exports:getLatest")
    assert (state["state"], state["zip_object_key"]) == ("completed", ts)
    async with served.client.get(f"/api/export/zip/{ts}", headers=admin) as answer:
        assert answer.headers["Content-Type"] == "application/zip"
        assert answer.headers["Content-Disposition"] == f"attachment; filename=snapshot_demo-otter_{ts}.zip"
        names = zipfile.ZipFile(io.BytesIO(await answer.read())).namelist()
    assert names == ["README.md", "_tables/documents.jsonl"]


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [("x", 400, "BadSnapshotTimestamp"), ("", 400, "BadSnapshotTimestamp"), ("7", 404, "ExportNotFound")],
)
async def test_an_export_that_is_not_there_is_not_downloaded(
    text: str, status: int, code: str, served: Served, admin: dict[str, str]
) -> None:
    async with served.client.get(f"/api/export/zip/{text}", headers=admin) as answer:
        assert (answer.status, (await answer.json())["code"]) == (status, code)


async def test_only_the_newest_exports_are_kept(
    served: Served, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_KEPT", 2)
    made = [await export(served, admin) for _ in range(3)]
    statuses = []
    for ts in made:
        async with served.client.get(f"/api/export/zip/{ts}", headers=admin) as answer:
            statuses.append(answer.status)
    assert statuses == [404, 200, 200]


async def test_a_second_export_is_refused_while_one_goes_on(
    served: Served, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(*given: Any) -> bytes:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        return zip_writer.write_zip(*given)

    monkeypatch.setattr(exports, "write_zip", slow)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(export(served, admin))
        await begun.wait()
        meanwhile = await query(served, admin, "_system/cli/exports:getLatest")
        async with served.client.post(REQUEST, headers=admin) as answer:
            refused = (answer.status, (await answer.json())["code"])
        go_on.set()
    assert meanwhile["state"] == "in_progress"
    assert refused == (400, "ExportInProgress")
    assert first.result()


async def test_an_export_that_fails_says_so_and_another_may_follow(
    served: Served, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(exports, "write_zip", lambda *_: 1 / 0)
        async with served.client.post(REQUEST, headers=admin) as answer:
            assert answer.status == 500
    caplog.clear()  # it is a bug, and was logged as one
    assert (await query(served, admin, "_system/cli/exports:getLatest"))["state"] == "failed"
    assert await export(served, admin)


async def test_a_switch_is_true_or_false(served: Served, admin: dict[str, str]) -> None:
    async with served.client.post(f"{REQUEST}?includeStorage=1", headers=admin) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "BadQueryArgs")


async def test_nobody_else_exports(served: Served) -> None:
    for method, path in (("POST", REQUEST), ("GET", "/api/export/zip/1")):
        async with served.client.request(method, path) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "BadDeployKey")
