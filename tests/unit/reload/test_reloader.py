"""Saving files while the emulator runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from emulator.engine.call import Call
from emulator.engine.plan import Finish, Returned, Unscripted
from emulator.reload.reloader import Reloader
from emulator.reload.report import Mended, Refused, Reloaded, Report
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loader
from tests.support.scenarios import write_files

PATIENCE = 10


def text_of(value: str) -> str:
    return f"functions: {{a:b: {{result: {value}}}, a:steps: {{sequence: [{{result: 1}}, {{result: 2}}]}}}}"


@dataclass
class Watched:
    """A running reloader and what it has told."""

    folder: Path
    emulator: Emulator
    reports: asyncio.Queue[Report]

    async def report(self) -> Report:
        return await asyncio.wait_for(self.reports.get(), PATIENCE)

    def answer(self, operation: str = "a:b") -> object:
        last = self.emulator.handle(Call(operation, None, {})).decision.plan[-1]
        assert isinstance(last, Finish)
        if isinstance(last.ending, Unscripted):
            return None
        assert isinstance(last.ending, Returned)
        return last.ending.value.value


@asynccontextmanager
async def watching(folder: Path, path: Path, files: dict[str, str]) -> AsyncIterator[Watched]:
    """Serve `path` from these files, and wait until the folders are really watched."""
    write_files(folder, files)
    loader = Loader([path])
    loaded = loader.load()
    (scenario,) = loaded.scenarios.values()
    assert scenario is not None
    watched = Watched(folder, Emulator(scenario, VirtualClock(0)), asyncio.Queue())
    stop = asyncio.Event()
    reloader = Reloader(loader, loaded)
    reloader.follow(watched.emulator, None, watched.reports.put_nowait)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reloader.run(stop))
        try:
            yield watched
        finally:
            stop.set()


async def save(watched: Watched, change: Callable[[], object]) -> Report:
    """Change files and return the next report."""
    change()
    return await watched.report()


async def test_a_saved_file_is_in_force(tmp_path: Path) -> None:
    file = tmp_path / "s/default.yaml"
    async with watching(tmp_path, tmp_path / "s", {"s/default.yaml": text_of("one")}) as watched:
        report = await save(watched, lambda: file.write_text(text_of("two")))

        assert isinstance(report, Reloaded)
        assert (report.revision.number, report.changed, report.added, report.removed) == (2, ("a:b",), (), ())
        assert watched.answer() == "two"


async def test_what_changed_is_named_whatever_it_is(tmp_path: Path) -> None:
    file = tmp_path / "s/default.yaml"
    before = "seed: 1\nvars: {who: Ada, n: 1}\nstate: {n: 1}\ntables: {notes: {}}\n" + text_of("one")
    after = "seed: 2\nlocale: ko_KR\nvars: {who: 민지, n: 1}\nstate: {n: 2}\ntables: {tasks: {}}\n" + text_of("one")
    async with watching(tmp_path, tmp_path / "s", {"s/default.yaml": before}) as watched:
        report = await save(watched, lambda: file.write_text(after))

        assert isinstance(report, Reloaded)
        assert report.changed == ("seed", "locale", "constant who", "state n")
        assert (report.added, report.removed) == (("table tasks",), ("table notes",))


async def test_a_broken_file_is_never_in_force_and_says_why(tmp_path: Path) -> None:
    file = tmp_path / "s/default.yaml"
    async with watching(tmp_path, tmp_path / "s", {"s/default.yaml": text_of("one")}) as watched:
        report = await save(watched, lambda: file.write_text("functions: {a:b: {reslt: 1}}"))

        assert isinstance(report, Refused)
        assert [each.slug for each in report.problems] == ["unknown-key", "no-outcome"][: len(report.problems)]
        assert (report.revision.number, watched.answer()) == (1, "one")

        assert isinstance(await save(watched, lambda: file.write_text(text_of("one"))), Mended)
        assert isinstance(await save(watched, lambda: file.write_text(text_of("two"))), Reloaded)
        assert watched.answer() == "two"


async def test_an_editor_that_saves_by_renaming_is_noticed_each_time(tmp_path: Path) -> None:
    file, other = tmp_path / "s/default.yaml", tmp_path / "s/.default.yaml.tmp"

    def rename(value: str) -> None:
        other.write_text(text_of(value))
        other.replace(file)

    async with watching(tmp_path, tmp_path / "s", {"s/default.yaml": text_of("one")}) as watched:
        for value in ("two", "three"):
            assert isinstance(await save(watched, partial(rename, value)), Reloaded)
            assert watched.answer() == value


async def test_a_folder_that_is_moved_away_and_comes_back_is_still_watched(tmp_path: Path) -> None:
    folder, away = tmp_path / "s", tmp_path / "away"
    async with watching(tmp_path, folder, {"s/default.yaml": text_of("one")}) as watched:
        assert isinstance(await save(watched, lambda: folder.rename(away)), Refused)
        assert watched.answer() == "one"
        assert isinstance(await save(watched, lambda: away.rename(folder)), Mended)

        report = await save(watched, lambda: (folder / "default.yaml").write_text(text_of("two")))

        assert isinstance(report, Reloaded)
        assert watched.answer() == "two"


async def test_a_part_in_a_folder_made_later_is_taken_in_and_watched(tmp_path: Path) -> None:
    def include() -> None:
        write_files(tmp_path, {"s/parts/more.yaml": "functions: {a:more: {result: 1}}"})
        (tmp_path / "s/default.yaml").write_text(f"include: [parts/more.yaml]\n{text_of('one')}")

    async with watching(tmp_path, tmp_path / "s", {"s/default.yaml": text_of("one")}) as watched:
        report = await save(watched, include)
        while not isinstance(report, Reloaded):
            report = await watched.report()
        assert report.added == ("a:more",)

        part = tmp_path / "s/parts/more.yaml"
        report = await save(watched, lambda: part.write_text("functions: {a:more: {result: changed}}"))

        assert isinstance(report, Reloaded)
        assert (report.changed, watched.answer("a:more")) == (("a:more",), "changed")


async def test_a_function_spec_that_is_saved_is_in_force(tmp_path: Path) -> None:
    def spec_of(name: str) -> str:
        return f'{{"functions": [{{"identifier": "a.js:{name}", "functionType": "Query"}}]}}'

    files = {"default.yaml": "functions: {$spec: parts/spec.json}", "parts/spec.json": spec_of("b")}
    async with watching(tmp_path, tmp_path, files) as watched:
        report = await save(watched, lambda: (tmp_path / "parts/spec.json").write_text(spec_of("c")))
        assert isinstance(report, Reloaded)
        assert (report.added, report.removed) == (("a:c",), ("a:b",))


async def test_a_single_file_is_watched_with_what_it_includes(tmp_path: Path) -> None:
    files = {
        "one.yaml": f"include: [deep/part.yaml]\n{text_of('one')}",
        "deep/part.yaml": "functions: {a:p: {result: 1}}",
    }
    async with watching(tmp_path, tmp_path / "one.yaml", files) as watched:
        part = tmp_path / "deep/part.yaml"

        report = await save(watched, lambda: part.write_text("functions: {a:p: {result: changed}}"))

        assert isinstance(report, Reloaded)
        assert watched.answer("a:p") == "changed"


async def test_content_that_stays_the_same_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "s/default.yaml"
    async with watching(tmp_path, tmp_path / "s", {"s/default.yaml": text_of("one")}) as watched:
        file.write_text(text_of("one"))
        os.utime(file)

        report = await save(watched, lambda: file.write_text(text_of("two")))

        assert isinstance(report, Reloaded)
        assert report.revision.number == 2


async def test_functions_that_stay_the_same_go_on_where_they_were(tmp_path: Path) -> None:
    file = tmp_path / "s/default.yaml"
    async with watching(tmp_path, tmp_path / "s", {"s/default.yaml": text_of("one")}) as watched:
        assert watched.answer("a:steps") == 1
        await save(watched, lambda: file.write_text(f"# a comment moves every line\n{text_of('two')}"))
        assert watched.answer("a:steps") == 2

        await save(watched, lambda: file.write_text(text_of("two").replace("result: 1", "result: 0")))

        assert watched.answer("a:steps") == 0


async def test_a_scenario_that_is_deleted_stays_in_force(tmp_path: Path) -> None:
    async with watching(tmp_path, tmp_path / "s", {"s/default.yaml": text_of("one")}) as watched:
        report = await save(watched, (tmp_path / "s/default.yaml").unlink)

        assert isinstance(report, Refused)
        assert [each.slug for each in report.problems] == ["empty-folder"]
        assert watched.answer() == "one"
