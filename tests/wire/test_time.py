"""What comes by itself as time passes: delayed steps and the timeline, seen by clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clocks import START, WatchedClock
from tests.support.functions import mutation, post, query
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

HOUSE = """
state: {mode: normal}
tables:
  orders: {documents: []}
functions:
  house:mode: {type: query, rules: [{when: {state: {mode: degraded}}, failure: overloaded}, {result: "${state.mode}"}]}
  house:now: {type: query, result: "${iso()}"}
  orders:list: {type: query, result: "${[merge({'id': each._id}, {'step': each.step}) for each in tables.orders]}"}
  orders:times: {type: query, result: "${[[each._creationTime, each.at] for each in tables.orders]}"}
  orders:place:
    type: mutation
    do:
      - {insert: {into: orders, document: {step: placed, at: "${now}"}, as: id}}
      - after: 2s
        do:
          - {patch: {table: orders, id: "${id}", fields: {step: "brewed for ${args.name}", at: "${now}"}}}
          - after: 500ms
            do: [{patch: {table: orders, id: "${id}", fields: {step: served}}}]
    result: ${id}
  orders:cancel: {type: mutation, do: [{delete: {table: orders, id: "${args.id}"}}], result: null}
timeline:
  - {at: 30s, do: [{set: {mode: degraded}}]}
  - {at: 45s, do: [{set: {mode: back}}, {insert: {into: orders, document: {step: by itself, at: "${now}"}}}]}
"""


@pytest.fixture
async def house(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve a house where things happen."""
    async with serving(load_text(tmp_path, HOUSE), clock) as served:
        yield served


async def steps(house: Served) -> list[Any]:
    return [each["step"] for each in (await query(house, "orders:list")).value]


async def test_delayed_steps_are_done_at_their_time_and_not_before(house: Served, clock: WatchedClock) -> None:
    await mutation(house, "orders:place", {"name": "민지"})
    seen = [await steps(house)]
    for milliseconds in (1_999, 1, 499, 1):
        await clock.pass_milliseconds(milliseconds)
        seen.append(await steps(house))

    assert seen == [["placed"], ["placed"], ["brewed for 민지"], ["brewed for 민지"], ["served"]]


async def test_delayed_steps_know_the_time_they_are_done_at(house: Served, clock: WatchedClock) -> None:
    await mutation(house, "orders:place")
    await clock.pass_milliseconds(2_100)

    assert (await query(house, "orders:times")).value == [[START / 1e6, START / 1e6 + 2_000]]


async def test_delayed_steps_of_several_calls_do_not_mix(house: Served, clock: WatchedClock) -> None:
    await mutation(house, "orders:place", {"name": "Ada"})
    await clock.pass_milliseconds(1_000)
    await mutation(house, "orders:place", {"name": "민지"})
    await clock.pass_milliseconds(1_000)
    between = await steps(house)
    await clock.pass_milliseconds(1_000)

    assert between == ["brewed for Ada", "placed"]
    assert await steps(house) == ["served", "brewed for 민지"]


async def test_a_delayed_step_that_cannot_be_done_harms_nobody(
    house: Served, clock: WatchedClock, caplog: pytest.LogCaptureFixture
) -> None:
    gone = (await mutation(house, "orders:place", {"name": "Ada"})).value
    await mutation(house, "orders:place", {"name": "민지"})
    await mutation(house, "orders:cancel", {"id": gone})
    await clock.pass_milliseconds(3_000)

    assert await steps(house) == ["served"]
    assert f"Update on nonexistent document ID {gone}" in caplog.text


async def test_the_timeline_happens_at_its_times(house: Served, clock: WatchedClock) -> None:
    assert (await query(house, "house:mode")).value == "normal"
    await clock.pass_milliseconds(29_999)
    assert (await query(house, "house:mode")).value == "normal"
    await clock.pass_milliseconds(1)
    assert (await query(house, "house:mode")).refusal[:2] == (503, "ExecuteFullError")
    await clock.pass_milliseconds(15_000)
    assert (await query(house, "house:mode")).value == "back"
    assert await steps(house) == ["by itself"]
    assert (await query(house, "orders:times")).value[0][1] == START / 1e6 + 45_000


async def test_a_timestamp_from_before_sees_what_was_before_the_timeline(house: Served, clock: WatchedClock) -> None:
    ts = (await post(house, "/api/query_ts", None)).json["ts"]
    await clock.pass_milliseconds(60_000)

    past = await post(house, "/api/query_at_ts", {"path": "house:mode", "args": {}, "ts": ts})

    assert past.value == "normal"
    assert (await query(house, "house:mode")).value == "back"


async def test_a_saved_timeline_begins_anew_and_one_that_stayed_the_same_goes_on(
    house: Served, clock: WatchedClock, tmp_path: Path
) -> None:
    await clock.pass_milliseconds(20_000)
    house.emulator.swap(load_text(tmp_path, HOUSE.replace("step: placed", "step: written down")))
    await clock.pass_milliseconds(10_000)
    assert (await query(house, "house:mode")).status == 503
    house.emulator.swap(load_text(tmp_path, HOUSE.replace("45s", "46s")))
    await clock.pass_milliseconds(45_999)
    assert (await query(house, "house:mode")).status == 503
    await clock.pass_milliseconds(1)
    assert (await query(house, "house:mode")).value == "back"


async def test_steps_that_were_delayed_before_a_reload_are_done_after_it(
    house: Served, clock: WatchedClock, tmp_path: Path
) -> None:
    await mutation(house, "orders:place", {"name": "Ada"})
    house.emulator.swap(load_text(tmp_path, HOUSE.replace("brewed for", "poured for")))
    await clock.pass_milliseconds(2_000)

    assert await steps(house) == ["brewed for Ada"]


async def test_the_clock_of_the_scenario_is_the_time_that_clients_are_told(tmp_path: Path) -> None:
    text = f"clock: {{start: 2024-02-08T12:00:00Z}}\n{HOUSE}"
    clock = WatchedClock()
    async with serving(load_text(tmp_path, HOUSE), clock) as house:
        house.emulator.swap(load_text(tmp_path, text))
        told = (await query(house, "house:now")).value

    assert told.startswith("2024-02-08T12:00:")
