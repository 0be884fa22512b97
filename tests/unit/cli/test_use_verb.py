"""`emulator use`: said to an emulator that really runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from emulator.cli import main
from tests.support.process import EmulatorProcess, emulator_process
from tests.support.scenarios import write_files


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatorProcess]:
    """Run an emulator, the only one of its user."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("EMULATOR_CACHE", str(cache))
    monkeypatch.delenv("COLUMNS", raising=False)
    write_files(tmp_path, {"scenarios/default.yaml": "functions: {a:b: {result: 1}, a:c: {result: 2}}"})
    with emulator_process(tmp_path, EMULATOR_CACHE=str(cache)) as running:
        yield running


def said(*arguments: str) -> Result:
    """Say something to the emulator that runs, in this process."""
    return CliRunner().invoke(main, arguments, prog_name="emulator")


def told(*arguments: str) -> str:
    """Return what a verb that does well prints."""
    done = said(*arguments)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def as_json(*arguments: str) -> Any:
    return json.loads(told(*arguments, "--json"))


def test_variants_are_listed_used_and_used_no_more(running: EmulatorProcess) -> None:
    assert told("use").splitlines()[1:] == ["a:b        loading, empty, error", "a:c        loading, empty, error"]

    assert told("use", "a:b=empty", "a:*=error") == "a:b is empty\na:* is error\n"
    assert told("use").splitlines()[1:] == [
        "a:b        loading, empty, error  empty, error",
        "a:c        loading, empty, error  error",
    ]
    requests.post(f"{running.url}/api/query", json={"path": "a:b", "args": {}}, timeout=10).raise_for_status()
    assert as_json("calls")[-1]["variant"] == "empty"

    assert told("use", "--clear", "a:b") == "a:* is error\n"
    assert told("use", "--clear") == "no variant is used\n"
    assert as_json("use")["chosen"] == []
    assert as_json("use", "a:b=loading") == [{"operation": "a:b", "variant": "loading", "identity": None}]


@pytest.mark.usefixtures("running")
def test_a_variant_that_is_not_there_is_told() -> None:
    done = said("use", "a:b=emty")
    assert done.exit_code == 1
    assert "a:b has no variant 'emty', only loading, empty, error; did you mean 'empty'?" in done.stderr
    assert said("use", "a:b").exit_code == 2
    assert "there is no identity 'eda'" in said("use", "a:b=empty", "--identity", "eda").stderr
