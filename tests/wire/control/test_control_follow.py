"""The journal as it is written: GET /__emulator/journal/follow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from emulator.engine.call import Call
from emulator.surfaces.control import follow
from tests.support.clocks import settle
from tests.support.control import PREFIX, Control
from tests.support.live import RETRY, RawStream, data_of
from tests.support.live import opened as opened_at
from tests.support.raw import PATIENCE, request_bytes


@asynccontextmanager
async def following(
    control: Control, query: str = "", headers: Mapping[str, str] | None = None, receive_buffer: int | None = None
) -> AsyncIterator[RawStream]:
    """Follow until the block ends; the first event, how soon to come back, is read."""
    path = f"{PREFIX}/journal/follow{query}"
    request = request_bytes("GET", path, headers={"Host": "localhost", **(headers or {})})
    async with opened_at(control, request, receive_buffer) as stream:
        assert stream.status == 200, stream.head
        assert "Content-Type: text/event-stream" in stream.head
        assert await stream.event() == RETRY
        yield stream


async def told(stream: RawStream, count: int) -> list[tuple[str, Any]]:
    """Return the ids of the next calls, and their operations."""
    events = await stream.events(count)
    return [(each.split("\n")[0], data_of(each)["operation"]) for each in events]


async def test_each_call_is_told_as_it_comes(control: Control) -> None:
    await control.call("notes:list")
    async with following(control) as stream:
        await control.call("jobs:steps")
        await control.call("no:such")

        event = await stream.event()
        assert event.split("\n")[0] == "id: 2"
        assert data_of(event) == await control.get("/journal/2")
        assert await told(stream, 1) == [("id: 3", "no:such")]


@pytest.mark.parametrize(
    ("query", "headers", "ids"),
    [
        ("?after=0", {}, [1, 2, 3]),
        ("?after=2", {}, [3]),
        ("", {"Last-Event-ID": "1"}, [2, 3]),
        ("?after=0", {"Last-Event-ID": "2"}, [3]),
        ("?after=0&operation=notes:*", {}, [1, 3]),
        ("", {"Last-Event-ID": "99"}, [1, 2, 3]),
    ],
)
async def test_who_comes_back_misses_nothing(
    control: Control, query: str, headers: dict[str, str], ids: list[int]
) -> None:
    for name in ("notes:list", "jobs:steps", "notes:list"):
        await control.call(name)
    async with following(control, query, headers) as stream:
        await control.call("notes:list")

        assert [number for number, _ in await told(stream, len(ids) + 1)] == [f"id: {each}" for each in (*ids, 4)]


async def test_only_what_was_asked_for_is_told(control: Control) -> None:
    async with following(control, "?operation=notes:*&outcome=threw") as stream:
        for name in ("jobs:steps", "notes:list", "notes:throws"):
            await control.call(name)

        assert await told(stream, 1) == [("id: 3", "notes:throws")]


async def test_a_number_to_begin_after_that_is_none_is_refused(control: Control) -> None:
    assert (await control.ask("GET", "/journal/follow?after=x")).error[:2] == (400, "bad_request")
    assert (await control.ask("GET", "/journal/follow", None, {"Last-Event-ID": "x"})).error[0] == 400


async def test_a_silence_is_broken(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "SILENCE", 0.01)
    async with following(control) as stream:
        assert await stream.events(2) == [": still here"] * 2
        await control.call("notes:list")
        while (event := await stream.event()) == ": still here":
            pass

    assert data_of(event)["operation"] == "notes:list"


async def test_who_leaves_is_forgotten(control: Control) -> None:
    async with following(control):
        assert len(control.emulator.journal._listeners) == 2

    async with asyncio.timeout(PATIENCE):
        while len(control.emulator.journal._listeners) > 1:
            await settle(1)


async def test_who_leaves_in_the_middle_of_an_event_is_no_bug(control: Control) -> None:
    async with following(control) as stream:
        for _ in range(50):
            control.emulator.handle(Call("no:such", None, {"text": "x" * 10_000}))
        stream.writer.transport.abort()
    async with asyncio.timeout(PATIENCE):
        while len(control.emulator.journal._listeners) > 1:
            await settle(1)


@pytest.mark.parametrize(("count", "size"), [(40, 200_000), (3_000, 2_000)])
async def test_who_never_reads_is_cut_off(control: Control, count: int, size: int) -> None:
    async with following(control, receive_buffer=4096) as stream:
        for _ in range(count):
            control.emulator.handle(Call("no:such", None, {"text": "x" * size}, size=size))
            await settle(1)
        async with asyncio.timeout(PATIENCE):
            while len(control.emulator.journal._listeners) > 1:
                await settle(1)

        events = await stream.broken()
        assert len(events) < count


async def test_streams_end_well_with_the_emulator(control: Control) -> None:
    async with following(control) as stream:
        await control.call("notes:list")
        await stream.event()
        await control.app.stop()

        await stream.end()


async def test_many_follow_at_once(control: Control) -> None:
    async with following(control) as one, following(control) as two, following(control, "?operation=x:*") as three:
        await control.call("notes:list")
        await control.call("x:y")

        assert [len(await told(each, 2)) for each in (one, two)] == [2, 2]
        assert json.dumps(await told(three, 1)) == '[["id: 2", "x:y"]]'
