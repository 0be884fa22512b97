"""What was called: listed, shown, counted, waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Journal
from emulator.surfaces.control.asked import json_bytes
from tests.support.clocks import settle
from tests.support.control import PREFIX, Control

ADA = {"Authorization": "Bearer secret-of-ada"}


async def verify(control: Control, **body: object) -> Any:
    told = await control.ask("POST", "/journal/verify", body)
    assert told.status == 200, told
    return told.json


async def test_a_call_is_shown_with_all_that_became_of_it(control: Control) -> None:
    await control.call("notes:add", {"text": "milk"}, ADA)

    (row,) = (await control.get("/journal"))["calls"]

    assert row.pop("rule").endswith(":21:3")
    (write,) = row.pop("writes")
    assert (write["table"], write["deleted"]) == ("notes", False)
    assert row == {
        "number": 1,
        "at": "2023-11-14T22:13:20.000Z",
        "operation": "notes:add",
        "type": None,
        "args": {"text": "milk"},
        "identity": "Ada",
        "outcome": "returned",
        "duration": 0,
        "revision": 1,
        "faults": [],
        "variant": None,
    }
    assert (await control.get("/journal/1"))["args"] == {"text": "milk"}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("?limit=2", [4, 5]),
        ("?limit=0", []),
        ("?after=3", [4, 5]),
        ("?operation=notes:*", [2, 3, 4]),
        ("?operation=notes:only", [4]),
        ("?outcome=threw", [3]),
        ("?outcome=unmatched", [4]),
        ("?outcome=unscripted", [5]),
        ("?identity=Ada", [2]),
        ("?identity=nobody", []),
        ("?operation=notes:*&after=2&limit=1", [4]),
    ],
)
async def test_calls_are_chosen_by_what_the_query_says(control: Control, query: str, numbers: list[int]) -> None:
    await control.call("jobs:steps")
    await control.call("notes:list", headers=ADA)
    await control.call("notes:throws")
    await control.call("notes:only", {"n": 2})
    await control.call("no:such")

    assert [each["number"] for each in (await control.get(f"/journal{query}"))["calls"]] == numbers


async def test_what_nothing_answered_is_explained(control: Control) -> None:
    await control.call("notes:only", {"n": 2})
    await control.call("notes:throws")

    unmatched, threw = (await control.get("/journal"))["calls"]

    assert unmatched["nearMisses"][0]["mismatches"] == [{"path": "args.n", "expected": "1.0", "got": "2.0"}]
    assert "notes:only" in unmatched["explanation"]
    assert (threw["detail"], "explanation" in threw) == ("out of tea", False)


@pytest.mark.parametrize("query", ["?limit=-1", "?limit=x", "?after=1.5", "?after=", "?limit=99999999999999999999"])
async def test_a_number_that_is_none_is_refused(control: Control, query: str) -> None:
    assert (await control.ask("GET", f"/journal{query}")).error[:2] == (400, "bad_request")


@pytest.mark.parametrize("number", ["2", "0", "x", "-1", "1.0", "%20"])
async def test_a_call_that_is_not_there_is_told(control: Control, number: str) -> None:
    await control.call("notes:list")

    assert (await control.ask("GET", f"/journal/{number}")).error[:2] == (404, "not_found")


async def test_a_journal_that_is_cleared_is_empty_and_its_numbers_go_on(control: Control) -> None:
    await control.call("notes:list")

    assert await control.send("DELETE", "/journal") == {"ok": True}
    assert await control.get("/journal") == {"calls": [], "total": 0, "dropped": 0}
    assert (await control.get("/status"))["calls"] == 0

    await control.call("notes:list")
    assert [each["number"] for each in (await control.get("/journal"))["calls"]] == [2]


async def test_calls_that_gave_way_are_counted(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control.emulator.journal, "_max_entries", 2)
    for _ in range(5):
        await control.call("notes:list")

    assert (await control.get("/journal"))["dropped"] == 3
    assert await verify(control, operation="notes:list", exactly=5) == {
        "ok": False,
        "found": 2,
        "expected": "exactly 5",
        "dropped": 3,
    }


def test_letters_that_are_none_do_no_harm_to_the_rest() -> None:
    assert json_bytes({"a": "\udcff", "b": [1, None, "é"]}) == '{"a":"?","b":[1,null,"é"]}'.encode()


@pytest.mark.parametrize(
    ("expected", "ok", "words"),
    [
        ({}, True, "at least 1"),
        ({"exactly": 3}, True, "exactly 3"),
        ({"exactly": 2}, False, "exactly 2"),
        ({"exactly": 4}, False, "exactly 4"),
        ({"at_least": 3}, True, "at least 3"),
        ({"at_least": 4}, False, "at least 4"),
        ({"at_most": 3}, True, "at most 3"),
        ({"at_most": 2}, False, "at most 2"),
        ({"at_least": 1, "at_most": 3}, True, "at least 1 and at most 3"),
        ({"at_least": 1, "at_most": 2}, False, "at least 1 and at most 2"),
        ({"after": 3}, True, "at least 1"),
        ({"after": 4}, False, "at least 1"),
        ({"after": 4, "at_most": 0}, True, "at most 0"),
        ({"args": {"text": "b"}, "exactly": 1}, True, "exactly 1"),
        ({"args": {"text": "z"}, "exactly": 0}, True, "exactly 0"),
        ({"outcome": "returned", "exactly": 3}, True, "exactly 3"),
        ({"identity": "Ada", "exactly": 1}, True, "exactly 1"),
    ],
)
async def test_calls_are_counted(control: Control, expected: dict[str, object], ok: bool, words: str) -> None:  # noqa: FBT001
    for text, headers in (("a", ADA), ("b", {})):
        await control.call("notes:add", {"text": text}, headers)
    await control.call("notes:list")
    await control.call("notes:add", {"text": "c"})

    answer = await verify(control, operation="notes:add", **expected)

    assert (answer["ok"], answer["expected"]) == (ok, words)


async def test_too_few_calls_are_told_with_the_nearest(control: Control) -> None:
    await control.call("notes:add", {"text": "tea", "x": 1})
    await control.call("notes:add", {"text": "coffee"})

    answer = await verify(control, operation="notes:add", args={"text": "milk", "x": 1})

    assert (answer["ok"], answer["found"]) == (False, 0)
    assert answer["nearest"] == 'nearest: call 1 of notes:add, where args.text: expected "milk", got "tea"'
    assert "nearest" not in await verify(control, operation="no:such")
    assert "nearest" not in await verify(control, operation="notes:add", at_most=1)


async def test_arguments_are_compared_in_part_and_as_values(control: Control) -> None:
    await control.call("notes:list", {"a": {"b": [1, {"$integer": "AQAAAAAAAAA="}], "c": 2}})

    for like, found in [
        ({"a": {"b": [1, {"$integer": "AQAAAAAAAAA="}]}}, 1),
        ({"a": {"b": [1, 1]}}, 0),
        ({"a": {"b": [1]}}, 0),
        ({"a": {}}, 1),
        ({"a": {"z": None}}, 0),
        ({}, 1),
    ]:
        assert (await verify(control, args=like, at_least=0))["found"] == found, like


async def test_a_sequence_is_found_in_its_order_with_others_between(control: Control) -> None:
    for text in "abc":
        await control.call("notes:add", {"text": text})
        await control.call("notes:list")

    async def sequence(*texts: str, **more: object) -> Any:
        return await verify(
            control, sequence=[{"operation": "notes:add", "args": {"text": text}} for text in texts], **more
        )

    assert await sequence("a", "c") == {"ok": True, "found": 2, "expected": "2 in this order"}
    assert await sequence("b", "c", after=2) == {"ok": True, "found": 2, "expected": "2 in this order"}
    assert (await sequence("a", after=1))["ok"] is False
    assert await sequence("b", "a") == {
        "ok": False,
        "found": 1,
        "expected": "2 in this order",
        "nearest": 'nearest: call 5 of notes:add, where args.text: expected "a", got "c"',
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"sequence": []}, "sequence: list should have at least 1 item after validation, not 0"),
        ({"sequence": [{}], "exactly": 1}, "the body: sequence excludes exactly"),
        ({"exactly": 1, "at_most": 1}, "the body: exactly excludes at_least and at_most"),
        ({"exactly": -1}, "exactly: input should be greater than or equal to 0"),
        ({"exactly": 1.5}, "exactly: input should be a valid integer"),
        ({"args": {"x": {"$odd": 1}}}, "args: "),
        ({"args": []}, "args: input should be a valid dictionary"),
    ],
)
async def test_what_cannot_be_expected_is_refused(control: Control, body: object, message: str) -> None:
    status, code, told = (await control.ask("POST", "/journal/verify", body)).error

    assert (status, code) == (400, "bad_request")
    assert told.startswith(message)


async def test_arguments_that_are_nested_too_deeply_are_refused(control: Control) -> None:
    for depth in (70, 1_000, 100_000):
        body = b'{"args": {"a":' + b"[" * depth + b"]" * depth + b"}}"
        assert (await control.ask("POST", "/journal/verify", body)).error[:2] == (400, "bad_request")


async def test_calls_that_came_already_need_no_waiting(control: Control) -> None:
    await control.call("notes:list")

    told = await control.ask("POST", "/journal/wait", {"operation": "notes:list", "timeout": "0ms"})

    assert told.json == {"ok": True, "found": 1, "expected": "at least 1"}


async def test_who_waits_is_told_when_the_last_call_has_come(control: Control) -> None:
    await control.call("notes:list")
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(control.ask("POST", "/journal/wait", {"operation": "notes:*", "count": 3}))
        await until_heard(control.emulator)
        await control.call("notes:list")
        await control.call("jobs:steps")
        assert not waiting.done()
        await control.call("notes:add", {"text": "x"})

    assert waiting.result().json == {"ok": True, "found": 3, "expected": "at least 3"}
    assert listeners_of(control.emulator.journal) == 1


async def test_who_waits_in_vain_is_told_what_came_instead(control: Control) -> None:
    await control.call("notes:add", {"text": "tea"})

    body = {"operation": "notes:add", "args": {"text": "milk"}, "timeout": "1ms"}
    answer = (await control.ask("POST", "/journal/wait", body)).json

    assert (answer["ok"], answer["found"]) == (False, 0)
    assert "call 1 of notes:add" in answer["nearest"]
    assert "nearest" not in (await control.ask("POST", "/journal/wait", {"operation": "x", "timeout": "1ms"})).json
    assert listeners_of(control.emulator.journal) == 1


async def test_who_waits_and_leaves_is_forgotten(control: Control) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(control.ask("POST", "/journal/wait", {"operation": "x", "timeout": "10m"}))
        await until_heard(control.emulator)
        waiting.cancel()

    async with asyncio.timeout(10):
        while listeners_of(control.emulator.journal) > 1:
            await settle(1)


@pytest.mark.parametrize("duration", ["11m", "1", "", "-1s", "999999999d"])
async def test_nobody_waits_for_ever(control: Control, duration: str) -> None:
    assert (await control.ask("POST", "/journal/wait", {"timeout": duration})).error[:2] == (400, "bad_request")


async def test_functions_are_told_with_their_calls_those_unused_and_those_missing(control: Control) -> None:
    for name in ("notes:list", "notes:list", "no:such", "no:such", "notes:throws"):
        await control.call(name)

    answer = await control.get("/functions")

    rows = {each["path"]: each for each in answer["functions"]}
    assert (rows["notes:list"]["calls"], rows["notes:list"]["type"], rows["never:called"]["calls"]) == (2, "query", 0)
    assert rows["notes:list"]["place"].endswith(":20:3")
    assert "never:called" in answer["unused"]
    assert not {"notes:list", "notes:throws"} & set(answer["unused"])
    assert answer["unscripted"] == [{"operation": "no:such", "calls": 2}]


async def test_requests_of_the_control_api_are_no_calls(control: Control) -> None:
    await control.get("/status")
    await control.send("POST", "/undo")

    assert (await control.get("/journal"))["total"] == 0
    assert PREFIX not in str(await control.get("/journal"))


def listeners_of(journal: Journal) -> int:
    return len(journal._listeners)


async def until_heard(emulator: Emulator) -> None:
    """Return once somebody but the metrics listens to the journal."""
    async with asyncio.timeout(10):
        while listeners_of(emulator.journal) < 2:
            await settle(1)
