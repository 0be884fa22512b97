from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from emulator.engine.files import FileUrls
from emulator.engine.snapshot_import import write_snapshot
from emulator.runtime.emulator import Level
from emulator.surfaces.convex.admin import imports, uploads
from emulator.values.ids import encode_id
from tests.support.clocks import WatchedClock
from tests.support.demo import ADMIN
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

SCENARIO = """
deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret"]}
tables: {users: {fields: {name: string}, documents: [{name: Ada}]}, posts: {}}
functions: {}
"""
START, PART, FINISH = (f"/api/import/{each}" for each in ("start_upload", "upload_part", "finish_upload"))
PERFORM, CANCEL = "/api/perform_import", "/api/cancel_import"
APPEND = {"tableName": "users", "mode": "append", "format": "jsonLines"}
Paused: TypeAlias = tuple[asyncio.Event, threading.Event]
SHAPE = "Failed to deserialize the JSON body into the target type: "


@dataclass(frozen=True)
class Importer:
    """Somebody with an admin key who imports."""

    served: Served

    async def post(self, path: str, **more: Any) -> tuple[int, Any]:
        """Post, and return the status and what is in the answer, if anything is."""
        async with self.served.client.post(path, headers=ADMIN, **more) as answer:
            return answer.status, (await answer.json() if await answer.read() else None)

    async def begin(self) -> str:
        """Begin an upload."""
        return str((await self.post(START))[1]["uploadToken"])

    async def part(self, token: str, number: object, data: bytes) -> tuple[int, Any]:
        """Upload a part."""
        return await self.post(PART, params={"uploadToken": token, "partNumber": str(number)}, data=data)

    async def finish(self, token: str, parts: list[Any], what: object = APPEND) -> tuple[int, Any]:
        """Say that all parts are there."""
        return await self.post(FINISH, json={"import": what, "uploadToken": token, "partTokens": parts})

    async def upload(self, data: bytes, **what: str) -> str:
        """Upload a file in one part, and return the id of its import."""
        token = await self.begin()
        _, part = await self.part(token, 1, data)
        status, told = await self.finish(token, [part], {**APPEND, **what})
        assert status == 200, told
        return str(told["importId"])

    async def state(self, key: str) -> Any:
        """Return where an import stands."""
        body = {"path": "_system/cli/queryImport", "args": {"importId": key}, "format": "json"}
        return (await self.post("/api/query", json=body))[1]["value"]["state"]

    def names(self) -> list[Any]:
        """Return the names of all users."""
        return [each["name"] for each in self.served.emulator.reading().documents("users")]


@pytest.fixture
async def importer(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Importer]:
    async with serving(load_text(tmp_path, SCENARIO), clock) as served:
        yield Importer(served)


async def test_an_import_is_confirmed_and_then_written(importer: Importer) -> None:
    key = await importer.upload(b'{"name": "Ben"}\n')
    waiting = await importer.state(key)
    assert (waiting["state"], waiting["require_manual_confirmation"]) == ("waiting_for_confirmation", False)
    assert "users | 1      | 0 of 1 |" in waiting["message_to_confirm"]
    assert importer.names() == ["Ada"]
    assert await importer.post(PERFORM, json={"importId": key}) == (200, None)
    assert await importer.state(key) == {"state": "completed", "num_rows_written": "1"}
    assert importer.names() == ["Ada", "Ben"]


async def test_an_import_that_deletes_is_to_be_confirmed_by_hand(importer: Importer) -> None:
    key = await importer.upload(b'{"name": "Ben"}\n', mode="replace")
    assert (await importer.state(key))["require_manual_confirmation"] is True
    await importer.post(PERFORM, json={"importId": key})
    assert importer.names() == ["Ben"]


async def test_an_import_is_one_commit(importer: Importer) -> None:
    key = await importer.upload(b'{"name": "Ben"}\n{"name": "Cem"}\n', mode="replace")
    await importer.post(PERFORM, json={"importId": key})
    importer.served.emulator.undo()
    assert importer.names() == ["Ada"]


async def test_parts_are_put_together_in_their_order(importer: Importer) -> None:
    token = await importer.begin()
    tokens = [(await importer.part(token, number, data))[1] for number, data in ((2, b'"Ben"}\n'), (1, b'{"name": '))]
    status, told = await importer.finish(token, tokens[::-1])
    assert status == 200
    await importer.post(PERFORM, json=told)
    assert importer.names() == ["Ada", "Ben"]


async def test_a_part_that_comes_again_takes_the_place_of_the_first(importer: Importer) -> None:
    token = await importer.begin()
    _, first = await importer.part(token, 1, b"broken")
    _, second = await importer.part(token, 1, b'{"name": "Ben"}')
    assert (await importer.finish(token, [first]))[0] == 400
    assert (await importer.finish(token, [second]))[0] == 200


async def test_uploads_that_are_not_as_they_should_be_are_refused(importer: Importer) -> None:
    token = await importer.begin()
    one, two = [(await importer.part(token, number, b'{"name": "Ben"}\n'))[1] for number in (1, 2)]
    for parts, message in (
        ([], "an upload is finished with the tokens of its parts, and there are none"),
        ([one, "nope"], "invalid part token nope"),
        ([one, 5], "invalid part token 5"),
        ([two, one], "parts are out of order: 2, 1"),
        ([one, one], "parts are out of order: 1, 1"),
        ([one], "2 parts were uploaded, 1 are named"),
    ):
        assert await importer.finish(token, parts) == (400, {"code": "InvalidImport", "message": message})
    assert (await importer.finish(token, [one, two]))[0] == 200
    for again in (importer.finish(token, [one, two]), importer.part(token, 3, b""), importer.part("nope", 1, b"")):
        status, told = await again
        assert (status, told["message"][:20]) == (400, "invalid upload token")


@pytest.mark.parametrize("number", ["0", "10001", "-1", "x", "1.5", "9" * 5000])
async def test_a_part_has_a_number(number: str, importer: Importer) -> None:
    status, told = await importer.part(await importer.begin(), number, b"")
    assert (status, told["code"]) in {(400, "InvalidImport"), (400, "BadQueryArgs")}


async def test_an_upload_that_is_not_finished_in_an_hour_is_forgotten(importer: Importer, clock: WatchedClock) -> None:
    token = await importer.begin()
    _, part = await importer.part(token, 1, b"")
    await clock.pass_milliseconds(3_600_000)
    assert (await importer.finish(token, [part]))[0] == 400


async def test_uploads_have_so_much_room_together(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 100)
    token = await importer.begin()
    assert (await importer.part(token, 1, b"x" * 60))[0] == 200
    status, told = await importer.part(await importer.begin(), 1, b"x" * 60)
    assert (status, told["message"]) == (400, "Failed to buffer the request body: length limit exceeded")


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        (7, "BadJsonBody", f"{SHAPE}import: invalid type: integer `7`"),
        ({}, "BadJsonBody", f"{SHAPE}import: missing field `format`"),
        (
            {**APPEND, "format": "xml"},
            "BadJsonBody",
            f"{SHAPE}import.format: unknown variant `xml`, expected one",
        ),
        ({**APPEND, "mode": "all"}, "BadJsonBody", f"{SHAPE}import.mode: unknown variant `all`, expected one"),
        ({**APPEND, "tableName": "_x"}, "ImportInvalidName", "invalid table name _x: "),
        ({**APPEND, "tableName": "a-b"}, "ImportInvalidName", "invalid table name a-b: "),
        ({**APPEND, "tableName": ""}, "ImportInvalidName", "invalid table name : "),
        ({"format": "csv"}, "InvalidName", "CSV import requires table name"),
        ({"format": "jsonArray"}, "InvalidName", "JSON import requires table name"),
        ({**APPEND, "format": "zip"}, "InvalidName", "ZIP import cannot have table name"),
        ({**APPEND, "componentPath": "emailer"}, "InvalidImport", "there is no component emailer"),
    ],
)
async def test_what_is_imported_has_to_be_said_well(what: object, code: str, message: str, importer: Importer) -> None:
    status, told = await importer.finish(await importer.begin(), [], what)
    assert (status, told["code"]) == (400, code)
    assert told["message"].startswith(message)


async def test_a_file_that_cannot_be_read_fails_before_it_is_confirmed(importer: Importer) -> None:
    key = await importer.upload(b"nope")
    state = await importer.state(key)
    assert state["state"] == "failed"
    assert state["error_message"].startswith("Hit an error while importing:\nRow 1 wasn't valid JSON: ")
    assert (await importer.post(PERFORM, json={"importId": key}))[0] == 400


async def test_an_import_that_fails_in_the_middle_writes_nothing(importer: Importer) -> None:
    key = await importer.upload(b'{"name": "Ben"}\n{"name": 5}\n', mode="replace")
    assert (await importer.post(PERFORM, json={"importId": key}))[0] == 200
    assert (await importer.state(key))["state"] == "failed"
    assert importer.names() == ["Ada"]


async def test_an_import_is_performed_once(importer: Importer) -> None:
    key = await importer.upload(b'{"name": "Ben"}\n')
    assert (await importer.post(PERFORM, json={"importId": key}))[0] == 200
    status, told = await importer.post(PERFORM, json={"importId": key})
    assert (status, told["message"]) == (400, f"import {key} does not wait for confirmation")
    assert importer.names() == ["Ada", "Ben"]


async def test_an_import_that_was_cancelled_is_not_performed(importer: Importer) -> None:
    key = await importer.upload(b'{"name": "Ben"}\n')
    assert await importer.post(CANCEL, json={"importId": key}) == (200, None)
    assert await importer.state(key) == {"state": "failed", "error_message": "Import canceled"}
    assert (await importer.post(PERFORM, json={"importId": key}))[0] == 400
    assert (await importer.post(CANCEL, json={"importId": key}))[0] == 400


@pytest.mark.parametrize("path", [PERFORM, CANCEL])
async def test_an_import_that_is_not_there_is_refused(path: str, importer: Importer) -> None:
    assert await importer.post(path, json={"importId": "x"}) == (
        400,
        {"code": "InvalidImport", "message": "invalid import id x"},
    )


async def test_an_import_waits_an_hour_to_be_confirmed(importer: Importer, clock: WatchedClock) -> None:
    key = await importer.upload(b'{"name": "Ben"}\n')
    await clock.pass_milliseconds(3_600_000)
    await importer.post(PERFORM, json={"importId": key})
    assert (await importer.state(key))["error_message"] == "It was not confirmed within an hour."
    assert importer.names() == ["Ada"]


async def test_only_a_few_imports_wait(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_WAITING", 1)
    first = await importer.upload(b'{"name": "Ben"}\n')
    await importer.upload(b'{"name": "Cem"}\n')
    assert (await importer.state(first))["state"] == "failed"


@pytest.fixture
async def paused(monkeypatch: pytest.MonkeyPatch) -> Paused:
    """Have the writing of an import stop at its beginning: the first says that it does, the second lets it go on."""
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(*given: Any) -> int:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        return write_snapshot(*given)

    monkeypatch.setattr(imports, "write_snapshot", slow)
    return begun, go_on


async def test_what_others_write_meanwhile_is_replaced_too(importer: Importer, paused: Paused) -> None:
    begun, go_on = paused
    key = await importer.upload(b'{"name": "Ben"}\n', mode="replace")
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(importer.post(PERFORM, json={"importId": key}))
        await begun.wait()
        during = await importer.state(key)
        importer.served.emulator.transact(lambda transaction: transaction.insert("users", {"name": "Cem"}))
        go_on.set()
    assert during["state"] == "in_progress"
    assert importer.names() == ["Ben"]


async def test_a_reset_meanwhile_takes_the_import_with_it(importer: Importer, paused: Paused) -> None:
    begun, go_on = paused
    key = await importer.upload(b'{"name": "Ben"}\n')
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(importer.post(PERFORM, json={"importId": key}))
        await begun.wait()
        importer.served.emulator.reset({Level.STATE})
        go_on.set()
    assert importer.names() == ["Ada"]


async def test_stored_files_go_out_and_come_in_again(importer: Importer) -> None:
    served, emulator = importer.served, importer.served.emulator
    url = FileUrls(emulator.reading()).upload_url(emulator.clock.now(), b"12345678")
    async with served.client.post(url, data=b"abc", headers={"Content-Type": "image/png"}) as answer:
        stored = (await answer.json())["storageId"]
    assert (await importer.post("/api/export/request/zip?includeStorage=true"))[0] == 200
    (export,) = emulator.reading().documents("$exports")
    async with served.client.get(f"/api/export/zip/{export['zip_object_key']!s}", headers=ADMIN) as answer:
        snapshot = await answer.read()
    assert f"_storage/{stored}.png".encode() in snapshot
    emulator.reset()
    assert FileUrls(emulator.reading()).url_of(stored) is None
    token = await importer.begin()
    _, part = await importer.part(token, 1, snapshot)
    _, told = await importer.finish(token, [part], {"format": "zip", "mode": "replace"})
    assert "_storage | 1      | 0 of 0 files |" in (await importer.state(told["importId"]))["message_to_confirm"]
    await importer.post(PERFORM, json=told)
    async with served.client.get(str(FileUrls(emulator.reading()).url_of(stored))) as answer:
        assert (answer.headers["Content-Type"], await answer.read()) == ("image/png", b"abc")


async def test_files_that_there_is_no_room_for_are_not_imported(importer: Importer) -> None:
    importer.served.emulator.files._max_total = 2
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(f"_storage/{encode_id(540, bytes(16))}", "abc")
    token = await importer.begin()
    _, part = await importer.part(token, 1, written.getvalue())
    _, told = await importer.finish(token, [part], {"format": "zip"})
    await importer.post(PERFORM, json=told)
    assert "there is no room for its files" in (await importer.state(told["importId"]))["error_message"]


async def test_imports_are_listed_the_newest_first(importer: Importer) -> None:
    keys = [await importer.upload(b'{"name": "Ben"}\n') for _ in range(2)]
    body = {"path": "_system/cli/queryImport:list", "args": {}}
    listed = (await importer.post("/api/query", json=body))[1]["value"]
    assert [each["_id"] for each in listed] == keys[::-1]


async def test_nobody_else_imports(importer: Importer) -> None:
    for path in (START, PART, FINISH, PERFORM, CANCEL):
        async with importer.served.client.post(path, json={}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "BadDeployKey")
