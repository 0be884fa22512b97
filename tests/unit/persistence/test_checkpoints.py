"""The log of a state file: worked in by a thread, never by a commit, and no commit is lost in the middle of it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from emulator.persistence import checkpoints, state_file
from emulator.persistence.errors import StateFileError
from emulator.persistence.state_file import StateFile
from tests.support.process import clean_environment
from tests.unit.persistence.test_state_file import add, emulator_of, kept, texts

MEGABYTE = 1024 * 1024
WRITER = """
import sys
from pathlib import Path
from emulator.persistence import checkpoints
checkpoints.ENOUGH, checkpoints.TOO_MUCH = 64 * 1024, 256 * 1024
from tests.unit.persistence.test_state_file import add, kept, texts
path, folder = Path(sys.argv[1]), Path(sys.argv[2])
with kept(path, folder) as emulator:
    for number in range(len(texts(emulator)), 1_000_000):
        add(emulator, f"{number} " + "x" * 3000)
        print(number, flush=True)
"""


def fill(path: Path, folder: Path) -> tuple[StateFile, list[object]]:
    """Write 20 MiB in commits of a megabyte to a file that stays open; return what was written."""
    state = StateFile(path)
    emulator = emulator_of(folder)
    state.keep(emulator)
    for number in range(20):
        add(emulator, str(number) * MEGABYTE)
    return state, texts(emulator)


def worked_in(state: StateFile) -> None:
    """Wait until the thread is done."""
    assert state._checkpoints._working is not None
    state._checkpoints._working.result(30)


def test_no_commit_works_the_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "ENOUGH", 1 << 40)
    path = tmp_path / "state.db"
    with kept(path, tmp_path):
        pass
    before = path.read_bytes()
    state, written = fill(path, tmp_path)
    with closing(state):
        assert path.read_bytes() == before
        assert path.with_name("state.db-wal").stat().st_size > 20 * MEGABYTE

    with kept(path, tmp_path) as emulator:
        assert texts(emulator) == written


def test_a_thread_works_the_log_in_while_commits_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "ENOUGH", 2 * MEGABYTE)
    path = tmp_path / "state.db"
    state, written = fill(path, tmp_path)
    with closing(state):
        worked_in(state)
        assert path.stat().st_size > 2 * MEGABYTE

    with kept(path, tmp_path) as emulator:
        assert texts(emulator) == written


def test_a_log_that_is_too_long_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (checkpoints, state_file):
        monkeypatch.setattr(module, "ENOUGH", 2 * MEGABYTE)
    monkeypatch.setattr(checkpoints, "TOO_MUCH", 4 * MEGABYTE)
    path = tmp_path / "state.db"
    state, written = fill(path, tmp_path)
    with closing(state):
        worked_in(state)
        state._checkpoints.hear(2 * MEGABYTE)  # what was written while the thread was at it
        worked_in(state)
        assert state._emulator is not None
        add(state._emulator, "last")
        assert path.with_name("state.db-wal").stat().st_size <= 2 * MEGABYTE

    with kept(path, tmp_path) as emulator:
        assert texts(emulator) == [*written, "last"]


def test_a_log_that_cannot_be_worked_in_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(StateFile(tmp_path / "state.db")) as state:
        state.keep(emulator_of(tmp_path))
        worked_in(state)
        state._checkpoints._connection.close()
        for _ in range(2):
            state._checkpoints.hear(checkpoints.ENOUGH)
            worked_in(state)

    told = "the log of the state file cannot be worked into it: Cannot operate on a closed database.; it grows until"
    assert [each.getMessage() for each in caplog.records] == [f"{told} it can"]


def test_of_two_that_begin_at_once_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with (
        state_file._beginning(path),
        pytest.raises(StateFileError, match=r"state\.db is in use by another emulator"),
    ):
        StateFile(path)
    with kept(path, tmp_path / "s"):
        assert not path.with_name("state.db-lock").exists()


def test_no_commit_is_lost_when_the_process_is_killed_while_the_log_is_worked_in(tmp_path: Path) -> None:
    draws = random.Random(3)  # noqa: S311 - when to kill is no secret
    path, answered = tmp_path / "state.db", 0
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(path), str(tmp_path / "s")]
        with subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            enough = answered + draws.randint(50, 400)
            answered = next(number for number in map(int, writer.stdout) if number >= enough)
            writer.send_signal(signal.SIGKILL)
            answered = max([answered, *map(int, writer.stdout.read().split())])

    with kept(path, tmp_path / "s") as emulator:
        numbers = [int(str(each).split()[0]) for each in texts(emulator) if each != "first"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers[-1] >= answered
