"""Live clients and files that are saved while `emulator serve` runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.process import EmulatorProcess, emulator_process
from tests.support.syncing import SyncClient, connected

TEXT = "functions: {q:one: {type: query, result: 1}, q:two: {type: query, result: 2}}\n"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    (tmp_path / "live.yaml").write_text(TEXT, encoding="utf-8")
    with emulator_process(tmp_path, "live.yaml") as running:
        yield running


@pytest.fixture
async def client(emulator: EmulatorProcess) -> AsyncIterator[SyncClient]:
    async with connected(emulator) as client:
        yield client


async def test_a_saved_file_is_pushed_and_a_broken_one_is_only_spoken_of(client: SyncClient, tmp_path: Path) -> None:
    file = tmp_path / "live.yaml"
    assert await client.watch("q:one", "q:two") == [1.0, 2.0]

    file.write_text(TEXT.replace("result: 2", "result: 3"), encoding="utf-8")
    assert await client.told() == [3.0]

    file.write_text(TEXT.replace("result: 2", "resullt: 2"), encoding="utf-8")
    frame = await client.hear()
    [told] = frame["modifications"]
    assert (told["type"], told["value"]) == ("QueryUpdated", 1.0)
    [line] = told["logLines"]
    assert line.startswith("[WARN] ")
    assert "the scenario has problems, the last good one stays in force: live.yaml:1:" in line

    file.write_text(TEXT, encoding="utf-8")
    assert await client.told() == [2.0]
