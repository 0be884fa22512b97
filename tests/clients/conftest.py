"""One emulator for each file of client tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.chat import FILE, SCENARIO
from tests.clients.room import FILE as ROOM_FILE
from tests.clients.room import SCENARIO as ROOM
from tests.support.process import EmulatorProcess, emulator_process
from tests.support.scenarios import write_files


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    folder = tmp_path_factory.mktemp("chat")
    write_files(folder, {FILE: SCENARIO})
    with emulator_process(folder, FILE) as running:
        yield running


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """Serve the room, in which nobody has written anything yet."""
    folder = tmp_path_factory.mktemp("room")
    write_files(folder, {ROOM_FILE: ROOM})
    with emulator_process(folder, ROOM_FILE) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a proxy, which some machines have set, away from the loopback address."""
    monkeypatch.setenv("NO_PROXY", "*")
