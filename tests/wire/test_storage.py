"""File storage: uploads, downloads, ranges, digests, tokens, and what becomes of files (contract convex §11)."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from emulator.runtime import files
from emulator.values.upload_tokens import write_token
from tests.support.clocks import START, WatchedClock
from tests.support.control import BEARER, controlling
from tests.support.functions import mutation, query, send
from tests.support.raw import exchange, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving
from tests.support.storage import SCENARIO, link, stored, upload, upload_path

HELLO = b"hello world"
DIGEST = b64encode(hashlib.sha256(HELLO).digest()).decode()
HOUR = 3_600_000


@pytest.fixture
async def box(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve a deployment with files."""
    async with serving(load_text(tmp_path, SCENARIO), clock) as served:
        yield served


async def test_an_upload_is_answered_with_an_id_of_the_table_of_files(box: Served) -> None:
    answer = await upload(box, HELLO)

    assert answer.status == 200
    assert set(answer.json) == {"storageId"}
    assert re.fullmatch(r"kg2[0-9a-z]{29}", answer.json["storageId"])


async def test_a_file_is_a_document(box: Served) -> None:
    key = await stored(box)
    nameless = await stored(box, b"", "")

    first, second = (await query(box, "files:all")).value
    created = first.pop("_creationTime"), second.pop("_creationTime")
    assert created[0] < created[1]
    assert first == {"_id": key, "sha256": DIGEST, "size": 11.0, "contentType": "image/png"}
    assert second == {"_id": nameless, "sha256": b64encode(hashlib.sha256().digest()).decode(), "size": 0.0}
    assert (await query(box, "files:count")).value == 2


async def test_a_file_is_got_with_its_type_its_length_and_its_digest(box: Served) -> None:
    answer = await send(box, await link(box, await stored(box)), by="GET")

    assert (answer.status, answer.body) == (200, HELLO)
    shown = {name: answer.headers[name] for name in ("Content-Type", "Content-Length", "Digest", "Accept-Ranges")}
    assert shown == {
        "Content-Type": "image/png",
        "Content-Length": "11",
        "Digest": f"sha-256={DIGEST}",
        "Accept-Ranges": "bytes",
    }
    assert answer.headers["Cache-Control"] == "private, max-age=2592000"


async def test_head_has_no_body(box: Served) -> None:
    answer = await send(box, await link(box, await stored(box)), by="HEAD")

    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "11")


@pytest.mark.parametrize(
    ("asked", "span", "body"),
    [
        ("bytes=0-4", "0-4", b"hello"),
        ("bytes=6-", "6-10", b"world"),
        ("bytes=-5", "6-10", b"world"),
        ("bytes=-500", "0-10", HELLO),
        ("bytes=4-999999999999999999999999", "4-10", b"o world"),
        ("bytes= 10-10 ", "10-10", b"d"),
    ],
)
async def test_a_range_is_206(box: Served, asked: str, span: str, body: bytes) -> None:
    answer = await send(box, await link(box, await stored(box)), by="GET", headers={"Range": asked})

    assert (answer.status, answer.headers["Content-Range"], answer.body) == (206, f"bytes {span}/11", body)
    assert answer.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=11-", "bytes=99-100", "bytes=-0"])
async def test_several_ranges_and_those_that_are_not_there_are_416(box: Served, asked: str) -> None:
    answer = await send(box, await link(box, await stored(box)), by="GET", headers={"Range": asked})

    assert (answer.status, answer.headers["Content-Range"], answer.body) == (416, "bytes */11", b"")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2", "nonsense"])
async def test_what_is_no_range_is_ignored(box: Served, asked: str) -> None:
    assert (await send(box, await link(box, await stored(box)), by="GET", headers={"Range": asked})).body == HELLO


@pytest.mark.parametrize("header", [f"sha-256={DIGEST}", f"SHA-256={DIGEST}", f"md5=abc, sha-256={DIGEST}"])
async def test_a_digest_that_is_right_is_taken(box: Served, header: str) -> None:
    assert (await upload(box, HELLO, Digest=header)).status == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (f"sha-256={b64encode(bytes(32)).decode()}", "Sha256Mismatch"),
        ("sha-256=???", "BadHeader"),
        ("sha-256=AAAA", "BadHeader"),
        ("md5=AAAA", "BadHeader"),
        ("nonsense", "BadHeader"),
    ],
)
async def test_a_digest_that_is_wrong_or_malformed_is_400_and_stores_nothing(
    box: Served, header: str, code: str
) -> None:
    assert (await upload(box, HELLO, Digest=header)).refusal[:2] == (400, code)
    assert (await query(box, "files:count")).value == 0


async def test_an_upload_without_a_token_is_400(box: Served) -> None:
    message = "Failed to deserialize query string: missing field `token`"
    assert (await send(box, "/api/storage/upload", HELLO)).refusal == (400, "BadQueryArgs", message)


@pytest.mark.parametrize("token", ["", "x", "%ff", "AAAA", "A" * 38, "안녕"])
async def test_a_garbled_token_is_401(box: Served, token: str) -> None:
    message = "Couldn't decode the StoreFileAuthorization token"
    answer = await send(box, f"/api/storage/upload?token={token}", HELLO)
    assert answer.refusal == (401, "StorageTokenInvalid", message)


async def test_the_token_of_another_deployment_is_401(box: Served) -> None:
    token = write_token("upload 8", START, bytes(8))
    assert (await send(box, f"/api/storage/upload?token={token}", HELLO)).refusal[:2] == (401, "InvalidStorageToken")


async def test_a_token_is_good_for_an_hour_of_the_scenarios_clock(box: Served, clock: WatchedClock) -> None:
    path = await upload_path(box)
    await clock.pass_milliseconds(HOUR)
    in_time = await send(box, path, HELLO)
    await clock.pass_milliseconds(1)
    late = await send(box, path, HELLO)

    assert in_time.status == 200
    assert late.refusal == (401, "StorageTokenExpired", "Store File Authorization expired")


async def test_upload_urls_follow_from_the_seed_and_differ(tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        async with serving(load_text(tmp_path, SCENARIO), WatchedClock()) as box:
            runs.append([await upload_path(box), await upload_path(box)])

    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 2


@pytest.mark.parametrize("text", ["x", "00000000000040008000000000000000", "{00000000-0000-4000-8000-000000000000}"])
async def test_a_path_that_is_no_uuid_is_400(box: Served, text: str) -> None:
    assert (await send(box, f"/api/storage/{text}", by="GET")).refusal[:2] == (400, "InvalidStoragePath")


async def test_a_file_that_is_not_there_is_404(box: Served) -> None:
    uuid = "00000000-0000-4000-8000-000000000000"
    refusal = (await send(box, f"/api/storage/{uuid}", by="GET")).refusal
    assert refusal == (404, "FileNotFound", f"File {uuid} not found")


async def test_the_url_of_nothing_is_null(box: Served) -> None:
    assert (await query(box, "files:at", {"id": "kg2"})).value is None


async def test_a_deleted_file_is_404_and_an_undone_deletion_brings_it_back(box: Served) -> None:
    key = await stored(box)
    path = await link(box, key)
    await mutation(box, "files:delete", {"id": key})
    gone = await send(box, path, by="GET")
    box.emulator.undo()
    back = await send(box, path, by="GET")

    assert (gone.status, back.status, back.body) == (404, 200, HELLO)


async def test_a_reset_takes_files_away_and_the_next_one_of_the_same_id_has_another_url(box: Served) -> None:
    key = await stored(box)
    path = await link(box, key)
    box.emulator.reset()
    again = await stored(box, b"something else")

    assert (await send(box, path, by="GET")).status == 404
    assert again == key
    assert await link(box, again) != path


async def test_ids_of_files_are_a_type(box: Served) -> None:
    key = await stored(box)
    wrong = await mutation(box, "files:keep", {"id": "j57eg1sh6efjw1n2tq483vz72yrt61n1"})

    assert (await mutation(box, "files:keep", {"id": key})).value == "kept"
    assert "does not match the schema" in wrong.error


async def test_uploads_and_downloads_are_open_to_pages_of_every_origin(box: Served) -> None:
    path = await upload_path(box)
    origin = {"Origin": "http://a.example"}
    preflight = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}

    asked = await send(box, path, by="OPTIONS", headers=preflight)
    sent = await send(box, path, HELLO, {**origin, "Content-Type": "text/plain"})
    got = await send(box, await link(box, sent.json["storageId"]), by="GET", headers=origin)

    assert asked.status == 200
    assert asked.headers["Access-Control-Allow-Headers"] == "content-type"
    allowed = {each.headers["Access-Control-Allow-Origin"] for each in (asked, sent, got)}
    assert allowed == {"http://a.example"}


async def test_a_file_over_the_cap_is_refused_before_it_is_sent(box: Served) -> None:
    path = await upload_path(box)
    headers = {"Content-Length": str(files.MAX_FILE + 1), "Content-Type": "text/plain"}

    answer = await exchange(box.url, request_bytes("POST", path, headers=headers))

    assert (answer.status, answer.json["code"]) == (413, "FileTooLarge")


async def test_files_over_the_cap_together_are_refused_and_the_others_stay(box: Served) -> None:
    box.emulator.files = files.FileStore(max_total=15)
    key = await stored(box)

    refused = await upload(box, b"12345")

    assert refused.refusal[:2] == (413, "StorageFull")
    assert "5 bytes are too many: 4 of 15 are free" in refused.json["message"]
    assert (await send(box, await link(box, key), by="GET")).body == HELLO
    assert (await query(box, "files:count")).value == 1


async def test_bytes_that_were_forgotten_are_404(box: Served) -> None:
    box.emulator.files = files.FileStore(max_total=15)
    key = await stored(box)
    path = await link(box, key)
    await mutation(box, "files:delete", {"id": key})
    box.emulator.undo()
    box.emulator.files = files.FileStore(max_total=15)

    assert (await send(box, path, by="GET")).status == 404


async def test_faults_and_limits_are_laid_over_files(tmp_path: Path) -> None:
    laid = """
limits: [{on: POST /api/storage/upload, allow: 1, per: 1h}]
faults: [{name: lost, on: "GET /api/storage/*", failure: not_found, after: 1}]
"""
    async with serving(load_text(tmp_path, SCENARIO + laid), WatchedClock()) as box:
        path = await link(box, await stored(box))
        statuses = [(await upload(box, HELLO)).status, *[(await send(box, path, by="GET")).status for _ in range(2)]]

    assert statuses == [429, 200, 404]


@pytest.mark.parametrize(("path", "by"), [("/api/storage/upload", "GET"), ("/api/storage/x", "POST")])
async def test_other_methods_are_405(box: Served, path: str, by: str) -> None:
    assert (await send(box, path, by=by)).status == 405


async def test_files_are_listed_by_the_control_api_which_writes_none(tmp_path: Path) -> None:
    async with controlling(load_text(tmp_path, SCENARIO), WatchedClock()) as control:
        listed = await control.get("/tables/_storage")
        refused = await control.ask("POST", "/tables/_storage", {"documents": [{}]}, BEARER)

    assert listed == {"documents": [], "total": 0}
    assert refused.error[:2] == (404, "not_found")
