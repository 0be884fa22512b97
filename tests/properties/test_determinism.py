"""The same scenario, seed and calls give the same bytes: in every process, by every hash seed, on every version."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import faker
import pytest

from tests.support.determinism import drawn, faked
from tests.support.golden import GOLDEN, assert_golden

ROOT = Path(__file__).parents[2]
PINNED_FAKER = "40.54.0"
OTHERS = [f"python3.{minor}" for minor in range(11, 16) if minor != sys.version_info.minor]


def printed_by(python: str, hash_seed: str) -> list[str]:
    """Return what a run prints in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT), "EMULATOR_CACHE": "off"}
    command = [python, "-m", "tests.support.determinism"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60)
    return done.stdout.decode().split("\n")


@cache
def interpreter(name: str) -> str | None:
    """Return an interpreter that has what the emulator needs, None where there is none."""
    places = [
        shutil.which(name),
        *map(str, Path.home().glob(f".pyenv/versions/{name.removeprefix('python')}.*/bin/{name}")),
    ]
    for place in filter(None, places):
        probe = [place, "-c", "import aiohttp, click, faker, orjson, pydantic, watchfiles, yaml"]
        if subprocess.run(probe, capture_output=True, check=False, timeout=60).returncode == 0:
            return place
    return None


def test_a_run_gives_the_bytes_that_are_kept(tmp_path: Path) -> None:
    assert_golden(GOLDEN / "determinism.txt", "\n".join(drawn(tmp_path)))


@pytest.mark.skipif(faker.VERSION != PINNED_FAKER, reason="fake data follows from the version of Faker, too")
def test_fake_data_is_what_is_kept(tmp_path: Path) -> None:
    assert_golden(GOLDEN / "determinism-of-fakes.txt", "\n".join(faked(tmp_path)))


def test_processes_with_other_hash_seeds_give_the_same_bytes(tmp_path: Path) -> None:
    here = [*drawn(tmp_path), "", *faked(tmp_path)]

    assert printed_by(sys.executable, "1") == here
    assert printed_by(sys.executable, "4294967295") == here


@pytest.mark.parametrize("name", OTHERS)
def test_another_version_of_python_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    python = interpreter(name)
    if python is None:
        pytest.skip(f"there is no {name} with the packages that the emulator needs")

    lines = printed_by(python, "random")

    assert lines[: lines.index("")] == drawn(tmp_path)
