"""GET /health (openclaw §1.4)."""

from __future__ import annotations

from pathlib import Path

from tests.support.clocks import WatchedClock
from tests.support.scenarios import load_text
from tests.wire.gateway.conftest import Serve


async def test_the_gateway_is_well_and_says_so_in_three_members(serve: Serve) -> None:
    gateway = await serve("gateway: {}")

    assert (await gateway.get("/health")).ok == {"status": "ok", "version": "2024.2.0", "uptime": 0}


async def test_the_uptime_counts_whole_seconds(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("gateway: {}")

    await clock.pass_milliseconds(3_600_999)

    uptime = (await gateway.get("/health")).ok["uptime"]
    assert (uptime, type(uptime)) == (3_600, int)


async def test_version_and_status_are_as_the_scenario_says(serve: Serve) -> None:
    degraded = await serve("gateway: {version: '2025.1.1', health: degraded}")
    starting = await serve("gateway: {health: starting}")

    well, not_yet = await degraded.get("/health"), await starting.get("/health")

    assert well.ok == {"status": "degraded", "version": "2025.1.1", "uptime": 0}
    assert (not_yet.status, not_yet.tree["status"]) == (503, "starting")


async def test_health_is_to_be_read_only(serve: Serve) -> None:
    gateway = await serve("gateway: {auth: {password: x}}")

    answer = await gateway.post("/health", {})

    assert answer.refusal == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "GET, HEAD"


async def test_a_scenario_without_a_gateway_has_one_all_the_same(serve: Serve) -> None:
    gateway = await serve("functions: {a:b: {result: 1}}")

    assert (await gateway.get("/health")).ok["status"] == "ok"
    assert [each["id"] for each in await gateway.rows("agents")] == ["main"]


async def test_the_uptime_begins_anew_when_a_reload_sets_the_clock(
    serve: Serve, clock: WatchedClock, tmp_path: Path
) -> None:
    gateway = await serve("gateway: {}")
    await clock.pass_milliseconds(5_000)

    gateway.emulator.swap(load_text(tmp_path, "clock: {start: 2001-01-01T00:00:00Z}\ngateway: {}"))
    set_back = (await gateway.get("/health")).ok["uptime"]
    clock.pause()
    await clock.pass_milliseconds(7_000)

    assert set_back == 0
    assert (await gateway.get("/health")).ok["uptime"] == 7
