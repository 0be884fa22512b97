"""The scenario's time, and beginning anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from emulator.runtime.clock import ScenarioClock
from tests.support.clocks import WatchedClock
from tests.support.control import Control, controlling
from tests.support.scenarios import load_text
from tests.wire.control.conftest import SCENARIO

START = "2024-02-08T12:00:00.000Z"
START_NS = 1_707_393_600_000_000_000


@pytest.fixture
async def timed(tmp_path: Path) -> AsyncIterator[Control]:
    """Serve the scenario at its own time, which stands still."""
    async with controlling(load_text(tmp_path, SCENARIO), ScenarioClock(START_NS, paused=True)) as control:
        yield control


async def test_the_clock_is_shown(timed: Control) -> None:
    assert await timed.get("/clock") == {
        "now": START,
        "rate": 1.0,
        "paused": True,
        "next": "2024-02-08T12:01:00.000Z",
    }


async def test_an_advance_does_all_that_happens_on_the_way_and_then_answers(timed: Control) -> None:
    states = []
    timed.emulator.on_commit(lambda _: states.append(dict(timed.emulator.reading().variables())))

    answer = await timed.send("POST", "/clock/advance", {"by": "2m30s"})

    assert states == [{"count": 0.0, "label": "one"}, {"count": 1.0, "label": "two"}]
    assert (answer["now"], answer["next"]) == ("2024-02-08T12:02:30.000Z", None)
    assert (await timed.get("/state"))["state"] == states[-1]


async def test_a_call_that_waits_is_answered_by_an_advance(control: Control, control_clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(control.call("slow:it"))
        await control_clock.until_asleep()
        assert not slow.done()
        await control.send("POST", "/clock/advance", {"by": "1s"})

    assert slow.result()["value"] == "ok"


async def test_several_advances_at_once_pass_together(timed: Control) -> None:
    await asyncio.gather(*(timed.send("POST", "/clock/advance", {"by": "1m"}) for _ in range(5)))

    assert (await timed.get("/clock"))["now"] <= "2024-02-08T12:05:00.000Z"
    assert (await timed.get("/state"))["state"]["label"] in {"one", "two"}


async def test_time_is_paused_resumed_and_goes_faster(timed: Control) -> None:
    assert (await timed.send("POST", "/clock/rate", {"rate": 1_000_000}))["rate"] == 1_000_000.0
    assert (await timed.get("/clock"))["now"] == START

    answer = await timed.send("POST", "/clock/resume")
    assert answer["paused"] is False
    async with asyncio.timeout(10):
        while (await timed.get("/clock"))["now"] < "2024-02-08T12:30":
            pass
    paused = await timed.send("POST", "/clock/pause")

    assert paused["paused"] is True
    assert (await timed.get("/clock"))["now"] == paused["now"]
    assert (await timed.get("/state"))["state"]["label"] == "two"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("advance", {"by": "5"}),
        ("advance", {"by": "-5s"}),
        ("advance", {"by": "400d"}),
        ("advance", {"by": 5}),
        ("advance", {}),
        ("rate", {"rate": 0}),
        ("rate", {"rate": -1}),
        ("rate", {"rate": 1_000_001}),
        ("rate", {"rate": "2"}),
        ("rate", {"rate": True}),
        ("rate", b'{"rate": 1e400}'),
        ("rate", b'{"rate": NaN}'),
    ],
)
async def test_what_time_cannot_do_is_refused(timed: Control, path: str, body: object) -> None:
    before = await timed.get("/clock")

    assert (await timed.refusal("POST", f"/clock/{path}", body))[:2] == (400, "bad_request")
    assert await timed.get("/clock") == before


async def test_there_is_no_time_after_the_year_9999(timed: Control) -> None:
    timed.emulator.clock.restart(253_402_300_799 * 10**9 - 10**9, 1.0)

    assert (await timed.refusal("POST", "/clock/advance", {"by": "1h"}))[:2] == (400, "bad_request")
    timed.emulator.clock.restart(253_402_300_799 * 10**9 + 10**9, 1.0)
    assert (await timed.get("/clock"))["now"].startswith("9999-12-31T23:59:59")


class Levels:
    """What each level is about, as seen from outside."""

    def __init__(self, control: Control) -> None:
        self.control = control

    async def disturb(self) -> None:
        """Have everything be otherwise than at its beginning."""
        control = self.control
        await control.send("PUT", "/faults/outage", {"enabled": True})
        for name, args in (
            ("jobs:steps", {}),
            ("notes:add", {"text": "x"}),
            ("notes:broken", {}),
            ("limited:it", {}),
            ("limited:it", {}),
        ):
            await control.call(name, args)
        await control.send("PATCH", "/state", {"set": {"count": 7}})
        await control.send("PUT", "/channels/telegram", {"status": "disabled"})
        async with control.client.post(f"{control.url}/api/chat", json={"message": "hi"}) as answer:
            assert answer.status == 200
        await control.send("POST", "/clock/advance", {"by": "90s"})
        await control.send("POST", "/clock/rate", {"rate": 2})

    async def seen(self) -> dict[str, Any]:
        """Return what there is, by the level that it belongs to; looking changes nothing."""
        control = self.control
        emulator = control.emulator
        async with control.client.get(f"{control.url}/api/sessions") as answer:
            sessions = len((await answer.json())["sessions"])
        async with control.client.get(f"{control.url}/api/channels") as answer:
            channels = [each["status"] for each in (await answer.json())["channels"]]
        journal = await control.get("/journal")
        clock = await control.get("/clock")
        return {
            "state": [
                (await control.get("/state"))["state"],
                (await control.get("/tables"))["tables"],
                (await control.get("/status"))["faults"],
                sessions,
                channels,
                len(emulator._timeline),
            ],
            "counts": [dict(emulator.state.counts), (await control.get("/faults"))["faults"][0]["hits"]],
            "limits": len(emulator.state.meters._meters),
            "journal": [each["operation"] for each in journal["calls"] if ":" in each["operation"]],
            "clock": [clock["now"], clock["rate"]],
        }


@pytest.mark.parametrize(
    "wanted",
    [*combinations(("state", "counts", "limits", "journal", "clock"), 1), ("state", "clock"), ("counts", "journal")],
)
async def test_a_level_begins_anew_by_itself(timed: Control, wanted: tuple[str, ...]) -> None:
    levels = Levels(timed)
    fresh = await levels.seen()
    await levels.disturb()
    disturbed = await levels.seen()
    assert all(fresh[level] != disturbed[level] for level in fresh)

    assert await timed.send("POST", "/reset", {"levels": wanted}) == {"ok": True}

    after = await levels.seen()
    for level in fresh:
        assert after[level] == (fresh if level in wanted else disturbed)[level], level


@pytest.mark.parametrize("body", [None, {}, {"levels": ["all"]}, {"levels": ["journal", "all"]}])
async def test_everything_begins_anew_and_the_same_calls_give_the_same(timed: Control, body: object) -> None:
    levels = Levels(timed)
    fresh = await levels.seen()
    runs = []
    for _ in range(3):
        await levels.disturb()
        runs.append((await timed.get("/tables/notes"), await timed.call("jobs:steps")))
        await timed.send("POST", "/reset", body)
        assert await levels.seen() == fresh

    assert runs[0] == runs[1] == runs[2]


async def test_a_reset_puts_first_documents_at_the_exact_beginning_of_time(timed: Control) -> None:
    before = await timed.get("/tables/notes")
    await timed.send("POST", "/clock/resume")
    await timed.send("POST", "/clock/rate", {"rate": 1000})

    await timed.send("POST", "/reset")

    assert await timed.get("/tables/notes") == before


async def test_a_reset_has_nothing_stay_delayed_and_begins_the_timeline_anew(timed: Control) -> None:
    await timed.call("notes:later")
    await timed.send("POST", "/clock/advance", {"by": "3m"})

    await timed.send("POST", "/reset", {"levels": ["state"]})
    assert (await timed.get("/state"))["state"] == {"count": 0.0, "label": "none"}
    await timed.send("POST", "/clock/advance", {"by": "90s"})
    assert (await timed.get("/state"))["state"]["label"] == "one"

    await timed.send("POST", "/clock/advance", {"by": "1h"})
    assert (await timed.get("/state"))["state"]["label"] == "two"


@pytest.mark.parametrize("levels", [[], ["everything"], "all", [1], ["state", "odd"]])
async def test_a_level_that_is_none_is_refused_and_nothing_begins_anew(timed: Control, levels: object) -> None:
    await timed.call("notes:add", {"text": "x"})

    assert (await timed.refusal("POST", "/reset", {"levels": levels}))[:2] == (400, "bad_request")
    assert (await timed.get("/tables/notes"))["total"] == 2


async def test_tables_that_cannot_begin_again_are_told(tmp_path: Path) -> None:
    text = "tables: {t: {documents: [{n: \"${1 / (0 if now > date('2024-01-01') else 1)}\"}]}}"
    async with controlling(load_text(tmp_path, text), ScenarioClock(0, paused=True)) as control:
        await control.send("POST", "/clock/advance", {"by": "1h"})
        control.emulator.clock.restart(START_NS)

        status, code, message = await control.refusal("POST", "/reset", {"levels": ["state"]})

        assert (status, code) == (409, "cannot_begin")
        assert "default.yaml:1:" in message
        assert (await control.get("/tables/t"))["total"] == 1
