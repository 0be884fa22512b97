"""Several scenarios, and what is wrong with them: as a reloader knows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.reload.reloader import Reloader
from emulator.reload.report import Report
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loader, choose
from tests.support.clocks import WatchedClock
from tests.support.control import Control, controlling
from tests.support.scenarios import write_files

DEFAULT = "state: {n: 1}\nfunctions: {a:b: {result: default}, a:steps: {sequence: [{result: 1}, {result: 2}]}}"
FILES = {
    "s/default.yaml": DEFAULT,
    "s/other.yaml": "state: {n: 2}\nfunctions: {a:b: {result: other}}",
    "s/broken.yaml": "functions: {a:b: {reslt: 1}}",
    "s/unseedable.yaml": 'tables: {t: {documents: [{n: "${1 / 0}"}]}}',
}


@dataclass
class Staged:
    """An emulator with several scenarios; `reports` are what its reloader told."""

    control: Control
    reloader: Reloader
    folder: Path
    reports: list[Report]

    async def save(self, name: str, text: str) -> None:
        """Save a file and have it loaded."""
        (self.folder / name).write_text(text)
        await self.reloader.reload()

    async def slugs(self) -> list[str]:
        """Return the names of all problems."""
        return [each["slug"] for each in (await self.control.get("/problems"))["problems"]]

    async def use(self, name: str) -> Any:
        return await self.control.send("POST", f"/scenarios/{name}/use")


@pytest.fixture
async def staged(tmp_path: Path) -> AsyncIterator[Staged]:
    """Serve the scenario `default` of several."""
    write_files(tmp_path, FILES)
    loader = Loader([tmp_path / "s"])
    loaded = loader.load()
    name = choose(loaded, None)
    assert name is not None
    scenario = loaded.scenarios[name]
    assert scenario is not None
    reports: list[Report] = []
    async with controlling(scenario, WatchedClock()) as control:
        reloader = Reloader(loader, loaded)
        control.app.stage = reloader.follow(control.emulator, None, reports.append)
        yield Staged(control, reloader, tmp_path / "s", reports)
        reloader._thread.shutdown()


async def test_scenarios_are_listed_with_the_one_in_force(staged: Staged) -> None:
    assert await staged.control.get("/scenarios") == {
        "scenarios": [
            {"name": "broken", "active": False},
            {"name": "default", "active": True},
            {"name": "other", "active": False},
            {"name": "unseedable", "active": False},
        ]
    }


async def test_another_scenario_is_put_in_force_and_everything_begins_anew(staged: Staged) -> None:
    control = staged.control
    assert (await control.call("a:steps"))["value"] == 1.0
    await control.send("PATCH", "/state", {"set": {"n": 9}})

    answer = await staged.use("other")

    assert (answer["scenario"], answer["revision"]) == ("other", 2)
    assert (await control.call("a:b"))["value"] == "other"
    assert (await control.get("/state"))["state"] == {"n": 2.0}
    assert [each["name"] for each in (await control.get("/scenarios"))["scenarios"] if each["active"]] == ["other"]

    await staged.use("default")
    assert (await control.call("a:steps"))["value"] == 1.0
    assert (await control.get("/state"))["state"] == {"n": 1.0}


async def test_the_scenario_in_force_goes_on_as_it_is(staged: Staged) -> None:
    await staged.control.call("a:steps")

    assert (await staged.use("default"))["revision"] == 1

    assert (await staged.control.call("a:steps"))["value"] == 2.0
    assert staged.reports == []


async def test_the_scenario_that_was_chosen_is_the_one_that_is_reloaded(staged: Staged) -> None:
    await staged.use("other")
    await staged.save("default.yaml", DEFAULT.replace("result: default", "result: changed"))
    assert (await staged.control.call("a:b"))["value"] == "other"

    await staged.save("other.yaml", "functions: {a:b: {result: saved}}")

    assert (await staged.control.call("a:b"))["value"] == "saved"


@pytest.mark.parametrize("name", ["broken", "unseedable"])
async def test_a_scenario_with_problems_is_not_put_in_force(staged: Staged, name: str) -> None:
    refusal = await staged.control.refusal("POST", f"/scenarios/{name}/use")

    assert refusal == (409, "has_problems", f"the scenario {name} has problems")
    assert (await staged.control.call("a:b"))["value"] == "default"
    assert (await staged.control.get("/status"))["scenario"] == "default"
    assert {"broken": "unknown-key", "unseedable": "bad-seed"}[name] in await staged.slugs()
    await staged.save("default.yaml", DEFAULT.replace("result: default", "result: changed"))
    assert (await staged.control.call("a:b"))["value"] == "changed"


async def test_a_scenario_that_is_not_there_is_told_with_one_that_is(staged: Staged) -> None:
    told = await staged.control.ask("POST", "/scenarios/othr/use", None, {"Authorization": "Bearer token-of-the-tests"})

    assert told.error == (404, "not_found", "there is no scenario 'othr'")
    assert told.hint == "did you mean 'other'?"


async def test_problems_are_those_of_the_files_as_they_are_now(staged: Staged) -> None:
    (problem,) = [each for each in (await staged.control.get("/problems"))["problems"] if each["slug"] == "unknown-key"]
    assert problem["file"].endswith("broken.yaml")
    assert {"line": 1, "column": 19, "severity": "error"}.items() <= problem.items()
    assert "did you mean 'result'?" in problem["hint"]

    await staged.save("broken.yaml", "functions: {a:b: {result: 1}}")
    assert await staged.slugs() == []
    assert (await staged.control.get("/status"))["problems"] == 0

    await staged.save("default.yaml", "functions: {a:b: {result: 1, rslt: 1}}")
    assert await staged.slugs() == ["unknown-key"]
    assert (await staged.control.get("/status"))["problems"] == 1
    assert (await staged.control.call("a:b"))["value"] == "default"

    await staged.save("default.yaml", DEFAULT)
    assert await staged.slugs() == []


async def test_tables_that_cannot_begin_are_a_problem_until_the_next_save(staged: Staged) -> None:
    await staged.save("broken.yaml", "seed: 1")
    await staged.save("default.yaml", FILES["s/unseedable.yaml"])
    assert await staged.slugs() == ["bad-seed"]
    assert (await staged.control.call("a:b"))["value"] == "default"

    await staged.save("default.yaml", DEFAULT)
    assert await staged.slugs() == []


async def test_the_scenario_in_force_is_listed_though_its_file_is_gone(staged: Staged) -> None:
    (staged.folder / "default.yaml").unlink()
    await staged.reloader.reload()

    rows = (await staged.control.get("/scenarios"))["scenarios"]

    assert {"name": "default", "active": True} in rows
    assert (await staged.control.call("a:b"))["value"] == "default"


async def test_changes_of_scenario_and_reloads_at_once_end_with_what_was_asked_last(staged: Staged) -> None:
    for name in ("other", "default", "other"):
        (staged.folder / "default.yaml").write_text(f"{DEFAULT} # {name}")
        await asyncio.gather(staged.reloader.reload(), staged.use(name), staged.reloader.reload())
        assert (await staged.control.get("/status"))["scenario"] == name


async def test_without_a_stage_there_is_the_one_scenario(control: Control) -> None:
    assert await control.get("/scenarios") == {"scenarios": [{"name": "default", "active": True}]}
    assert await control.get("/problems") == {"problems": []}
    assert (await control.send("POST", "/scenarios/default/use"))["revision"] == 1
    assert isinstance(control.emulator, Emulator)
    assert (await control.refusal("POST", "/scenarios/x/use"))[0] == 404
