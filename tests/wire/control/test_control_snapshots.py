"""Snapshots through the control API: everything that is kept, saved and put back."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.files import store_file
from emulator.persistence.database import is_ours
from emulator.runtime.files import FileStore
from emulator.surfaces.control import snapshots
from emulator.values.digests import digest_of
from tests.support.control import BEARER, Control
from tests.support.whole import Whole, whole

SCENARIO = """
state: {n: 0}
tables: {notes: {documents: [{text: first}]}}
faults: [{name: outage, on: ["faulty:it"], enabled: false, failure: overloaded}]
functions:
  notes:list: {type: query, query: {table: notes}}
  notes:add: {type: mutation, do: [{insert: {into: notes, document: {text: "${args.text}"}}}], result: null}
  faulty:it: {result: fine}
gateway:
  agents: {main: {}}
  channels: {telegram: {status: connected}}
  config: {tools: {apiKey: hunter2}}
  chat: {reply: hello}
"""


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Whole]:
    """Serve the scenario."""
    async with whole(tmp_path, {"default.yaml": SCENARIO, "other.yaml": "seed: 1"}) as served:
        yield served


async def save(served: Whole) -> bytes:
    facts = served.server.facts()
    headers = {"Authorization": f"Bearer {facts['token']}"}
    async with served.client.get(f"{facts['control_url']}snapshot", headers=headers) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/octet-stream")
        return await answer.read()


async def load(served: Whole, data: bytes, facts: Any = None) -> tuple[int, Any]:
    facts = facts or served.server.facts()
    headers = {"Authorization": f"Bearer {facts['token']}"}
    async with served.client.put(f"{facts['control_url']}snapshot", data=data, headers=headers) as answer:
        return answer.status, await answer.json()


async def texts(served: Whole, facts: Any = None) -> list[str]:
    return [each["text"] for each in await served.call("notes:list", facts=facts)]


async def live(served: Whole) -> tuple[Any, Any]:
    """Return a socket that watches the notes, and their first answer."""
    socket = await served.client.ws_connect(f"{served.server.facts()['convex_url']}/api/sync")
    connect = {"connectionCount": 0, "lastCloseReason": None, "sessionId": "6e5d2b2c-0d52-4f0c-9d5c-7e4a2f2f3a11"}
    await socket.send_json({"type": "Connect", **connect})
    query = {"type": "Add", "queryId": 0, "udfPath": "notes:list", "args": [{}]}
    await socket.send_json({"type": "ModifyQuerySet", "baseVersion": 0, "newVersion": 1, "modifications": [query]})
    return socket, await pushed(socket)


async def pushed(socket: Any) -> list[str]:
    while True:
        frame = json.loads((await socket.receive(timeout=10)).data)
        if frame["type"] == "Transition":
            return [each["text"] for change in frame["modifications"] for each in change["value"]]


async def test_what_was_saved_is_there_again_and_pushed_to_whoever_watches(served: Whole) -> None:
    await served.call("notes:add", {"text": "saved"})
    await served.tell("PUT", "/faults/outage", {"enabled": True})
    await served.tell("PUT", "/channels/telegram", {"status": "disconnected", "error": "gone"})
    await served.tell("PATCH", "/state", {"set": {"n": 5}})
    async with served.client.post(f"{served.server.facts()['gateway_url']}/api/chat", json={"message": "hi"}):
        pass
    data = await save(served)
    await served.tell("POST", "/reset")
    socket, first = await live(served)

    status, answer = await load(served, data)

    assert (status, answer) == (200, {"scenario": "default", "documents": 2, "anew": []})
    assert (first, await pushed(socket)) == (["first"], ["first", "saved"])
    assert (await served.tell("GET", "/faults"))["faults"][0]["enabled"] is True
    assert (await served.tell("GET", "/state"))["state"] == {"n": 5.0}
    async with served.client.get(f"{served.server.facts()['gateway_url']}/api/sessions") as sessions:
        assert [each["messageCount"] for each in (await sessions.json())["sessions"]] == [2]
    await served.call("notes:add", {"text": "later"})
    assert await pushed(socket) == ["first", "saved", "later"]
    await socket.close()


async def test_a_snapshot_goes_into_another_emulator(served: Whole) -> None:
    await served.call("notes:add", {"text": "saved"})
    made = await served.tell("POST", "/instances")

    assert (await load(served, await save(served), made))[0] == 200

    assert await texts(served, made) == ["first", "saved"]
    await served.call("notes:add", {"text": "mine"}, made)
    assert await texts(served) == ["first", "saved"]


async def test_what_the_scenario_says_otherwise_begins_anew(served: Whole) -> None:
    await served.call("notes:add", {"text": "saved"})
    data = await save(served)
    await served.save("default.yaml", SCENARIO.replace("text: first", "text: other"))

    status, answer = await load(served, data)

    assert (status, answer["anew"]) == (200, ["table notes"])
    assert await texts(served) == ["other"]


async def test_a_snapshot_needs_the_token_for_there_are_secrets_in_it(control: Control) -> None:
    assert (await control.ask("GET", "/snapshot")).error[:2] == (401, "needs_token")
    assert (await control.ask("PUT", "/snapshot", b"x")).error[:2] == (401, "needs_token")

    assert is_ours((await control.ask("GET", "/snapshot", headers=BEARER)).body)


async def test_a_snapshot_that_cannot_be_read_changes_nothing(served: Whole) -> None:
    await served.call("notes:add", {"text": "kept"})
    data = await save(served)
    later = bytearray(data)
    later[60:64] = (2).to_bytes(4, "big")
    broken = {
        b"": "it is no snapshot and no state file of an emulator",
        b'{"documents": []}': "it is no snapshot and no state file of an emulator",
        data[:5000]: "it is damaged: ",
        data[:4096] + b"\xff" * (len(data) - 4096): "it is damaged: ",
        bytes(later): "it was written by a later version of the emulator (form 2, known is 1)",
    }

    for each, reason in broken.items():
        status, answer = await load(served, each)
        assert (status, answer["error"]["code"]) == (400, "bad_request"), reason
        assert answer["error"]["message"].startswith(f"the snapshot cannot be loaded: {reason}"), answer
    assert await texts(served) == ["first", "kept"]
    assert (await load(served, data))[0] == 200


async def test_a_snapshot_of_another_scenario_is_refused(served: Whole) -> None:
    data = await save(served)
    await served.tell("POST", "/scenarios/other/use")

    status, answer = await load(served, data)

    assert (status, answer["error"]["code"]) == (409, "other_scenario")
    message = "the snapshot cannot be loaded: it is of the scenario default, and other is in force"
    assert answer["error"]["message"] == message


async def test_a_snapshot_that_nobody_could_load_is_not_saved(served: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    store(served, b"hello")
    monkeypatch.setattr(snapshots, "MAX_SNAPSHOT", 10_000)
    facts = served.server.facts()
    headers = {"Authorization": f"Bearer {facts['token']}"}
    async with served.client.get(f"{facts['control_url']}snapshot", headers=headers) as answer:
        error = (await answer.json())["error"]

    assert (answer.status, error["code"]) == (409, "too_large")
    assert re.fullmatch(
        r"the snapshot would have \d{5,6} bytes, 5 of them those of stored files, and may have 10000", error["message"]
    )


async def test_files_that_have_no_room_refuse_a_snapshot_and_nothing_changes(served: Whole) -> None:
    store(served, b"hello")
    data = await save(served)
    await served.call("notes:add", {"text": "kept"})
    served.server.emulator.files = FileStore(max_total=4)

    status, answer = await load(served, data)

    assert (status, answer["error"]["code"]) == (409, "too_large")
    reason = "its files have 5 bytes: 4 are kept at most"
    assert answer["error"]["message"] == f"the snapshot cannot be loaded: {reason}"
    assert await texts(served) == ["first", "kept"]


async def test_a_snapshot_without_the_bytes_of_a_file_is_loaded_and_that_is_told(
    served: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    key = store(served, b"hello")
    served.server.emulator.files = FileStore()

    assert (await load(served, await save(served)))[0] == 200
    told = f"a snapshot was loaded in which the bytes of files are not, or damaged: 1, {key}"
    assert told in [each.getMessage() for each in caplog.records]


def store(served: Whole, content: bytes) -> str:
    """Keep a file; return its id."""
    emulator, digest = served.server.emulator, digest_of(content)
    emulator.files.add(digest, content, set())
    return emulator.transact(lambda transaction: store_file(transaction, digest, len(content), None))
