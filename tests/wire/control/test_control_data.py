"""Faults, limits, variables, documents, channels: looked at and changed."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.engine.tables import create_table
from emulator.engine.transaction import Transaction
from tests.support.control import Control

BIG = {"$integer": "AQAAAAAAAAA="}


async def fault(control: Control, name: str = "outage") -> Any:
    return next(each for each in (await control.get("/faults"))["faults"] if each["name"] == name)


async def test_a_fault_is_switched_on_and_off(control: Control) -> None:
    assert (await fault(control))["enabled"] is False
    assert (await control.call("notes:broken"))["value"] == "fine"

    assert await control.send("PUT", "/faults/outage", {"enabled": True}) == {"name": "outage", "enabled": True}
    assert (await control.call("notes:broken"))["code"] == "ExecuteFullError"
    assert {"on": ["notes:broken"], "enabled": True, "hits": 1}.items() <= (await fault(control)).items()
    assert (await control.get("/status"))["faults"] == ["outage", "slow"]

    await control.send("PUT", "/faults/outage", {"enabled": False})
    assert (await control.call("notes:broken"))["value"] == "fine"
    (first, hit, last) = (await control.get("/journal"))["calls"]
    assert [each["faults"] for each in (first, hit, last)] == [[], ["outage"], []]
    assert hit["outcome"] == "failed"


async def test_a_fault_that_is_not_there_is_told_with_one_that_is(control: Control) -> None:
    told = await control.ask(
        "PUT", "/faults/outrage", {"enabled": True}, {"Authorization": "Bearer token-of-the-tests"}
    )

    assert told.error == (404, "not_found", "there is no fault 'outrage'")
    assert told.hint == "did you mean 'outage'?"


async def test_limits_are_listed_and_forgotten(control: Control) -> None:
    assert {"name": "few", "on": ["limited:*"], "allow": 2, "by": "everyone"}.items() <= (await control.get("/limits"))[
        "limits"
    ][0].items()
    for expected in ("ok", "ok", None):
        assert (await control.call("limited:it")).get("value") == expected

    assert await control.send("DELETE", "/limits") == {"ok": True}

    assert (await control.call("limited:it"))["value"] == "ok"


async def test_variables_are_shown_and_set(control: Control) -> None:
    assert await control.get("/state") == {"state": {"count": 0.0, "label": "none"}}

    answer = await control.send(
        "PATCH", "/state", {"set": {"count": BIG, "label": {"a": [{"$float": "AAAAAAAA+H8="}]}}}
    )

    assert answer == {"state": {"count": BIG, "label": {"a": [{"$float": "AAAAAAAA+H8="}]}}}
    assert await control.get("/state") == answer


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"set": {"cuont": 1}}, (404, "not_found", "there is no state variable 'cuont'")),
        ({"set": {"count": 1, "cuont": 1}}, (404, "not_found", "there is no state variable 'cuont'")),
        ({}, (400, "bad_request", "set: this is missing")),
        ({"set": {"count": {"$integer": "x"}}}, (400, "bad_request", None)),
        ({"set": {"count": {"$odd": 1}}}, (400, "bad_request", None)),
    ],
)
async def test_a_variable_that_cannot_be_set_changes_nothing(
    control: Control, body: object, expected: tuple[int, str, str | None]
) -> None:
    status, code, message = await control.refusal("PATCH", "/state", body)

    assert (status, code) == expected[:2]
    assert expected[2] in (None, message)
    assert await control.get("/state") == {"state": {"count": 0.0, "label": "none"}}


async def test_documents_are_inserted_and_shown(control: Control) -> None:
    answer = await control.send(
        "POST", "/tables/notes", {"documents": [{"text": "b", "likes": BIG}, {"text": "c", "_id": "x", "likes": 2}]}
    )

    shown = await control.get("/tables/notes")
    assert shown["total"] == 3
    assert [each["text"] for each in shown["documents"]] == ["first", "b", "c"]
    assert [each["_id"] for each in shown["documents"][1:]] == answer["ids"]
    assert [each.get("likes") for each in shown["documents"]] == [None, BIG, {"$integer": "AgAAAAAAAAA="}]
    assert [each["text"] for each in (await control.call("notes:list"))["value"]] == ["first", "b", "c"]
    assert await control.get("/tables") == {"tables": [{"name": "notes", "documents": 3}]}


@pytest.mark.parametrize(("limit", "texts"), [(0, []), (1, ["first"]), (9, ["first", "b"])])
async def test_a_table_is_shown_as_far_as_is_asked(control: Control, limit: int, texts: list[str]) -> None:
    await control.send("POST", "/tables/notes", {"documents": [{"text": "b"}]})

    shown = await control.get(f"/tables/notes?limit={limit}")

    assert ([each["text"] for each in shown["documents"]], shown["total"]) == (texts, 2)


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([], "documents: list should have at least 1 item"),
        ([1], "documents.0: input should be a valid dictionary"),
        ([{"text": "a"}, {"$integer": "AQAAAAAAAAA="}], "documents.1: expected an object, which a document is"),
        ([{"text": "a"}, {"$float": "x"}], "documents.1: "),
        ([{"text": "a"}, {"text": 1}], 'Failed to insert or update a document in table "notes" because it does not'),
        ([{"text": "a"}, {}], "Failed to insert"),
        ([{"text": "a", "_odd": 1}], "Field '_odd' starts with an underscore"),
    ],
)
async def test_documents_that_the_table_does_not_take_are_refused_all_together(
    control: Control, documents: object, message: str
) -> None:
    status, code, told = await control.refusal("POST", "/tables/notes", {"documents": documents})

    assert (status, code) == (400, "bad_request")
    assert told.startswith(message)
    assert (await control.get("/tables/notes"))["total"] == 1


async def test_a_table_that_is_not_there_is_told(control: Control) -> None:
    for method in ("GET", "POST"):
        status, _, message = await control.refusal(method, "/tables/nodes")
        assert (status, message) == (404, "there is no table 'nodes'")


async def test_the_newest_commit_is_taken_back(control: Control) -> None:
    await control.call("notes:add", {"text": "b"})
    await control.send("POST", "/tables/notes", {"documents": [{"text": "c"}]})
    await control.send("PATCH", "/state", {"set": {"count": 5}})

    undone = []
    while (await control.send("POST", "/undo"))["undone"]:
        undone.append(((await control.get("/state"))["state"]["count"], (await control.get("/tables/notes"))["total"]))

    assert undone == [(0.0, 3), (0.0, 2), (0.0, 1)]


async def test_a_channel_does_what_it_is_told(control: Control) -> None:
    body = {"status": "disconnected", "error": "logged out"}
    assert await control.send("PUT", "/channels/telegram", body) == {"id": "telegram", **body}

    async with control.client.get(f"{control.url}/api/channels") as answer:
        (row,) = (await answer.json())["channels"]
    assert (row["status"], row["error"]) == ("disconnected", "logged out")

    await control.send("PUT", "/channels/telegram", {"status": "connected"})
    async with control.client.get(f"{control.url}/api/channels") as answer:
        (row,) = (await answer.json())["channels"]
    assert (row["status"], row.get("error")) == ("connected", None)


async def test_a_channel_that_is_not_there_or_does_what_none_does_is_refused(control: Control) -> None:
    assert (await control.refusal("PUT", "/channels/telegrm", {"status": "connected"}))[0] == 404
    assert (await control.refusal("PUT", "/channels/telegram", {"status": "odd"}))[0] == 400


async def test_a_table_that_an_import_made_is_shown_and_written_like_any(control: Control) -> None:
    def create(transaction: Transaction) -> None:
        create_table(transaction, "fresh")

    control.emulator.transact(create)

    assert {"name": "fresh", "documents": 0} in (await control.get("/tables"))["tables"]
    assert (await control.get("/status"))["tables"] == {"notes": 1, "fresh": 0}
    await control.send("POST", "/tables/fresh", {"documents": [{"a": 1}]})
    assert (await control.get("/tables/fresh"))["total"] == 1
