"""What is published: built, looked into, installed where nothing of this folder is, and used from there."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import emulator
from tests.support.process import clean_environment

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests/sample_projects/python"
NAME = f"convex_openclaw_emulator-{emulator.__version__}"
WHEEL = f"{NAME}-py3-none-any.whl"
BUILD = (sys.executable, "-m", "hatchling", "build")
SUITE = ("-m", "pytest", "-p", "no:cacheprovider")
FOLDERS = {"emulator", "scenarios", "docs"}
FILES = {"README.md", "CHANGELOG.md", "ARCHITECTURE.md", "pyproject.toml", "PKG-INFO", ".gitignore"}


class Installed(NamedTuple):
    """An environment with the wheel in it; all else is that of whoever runs this."""

    python: Path
    command: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    output_of([*BUILD, "-d", folder], ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("environment")
    output_of([sys.executable, "-m", "venv", "--without-pip", folder])
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    python = commands / Path(sys.executable).name
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
    output_of([*install, built / WHEEL])
    ours = Path(output_of([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip())
    (ours / "dependencies.pth").write_text(sysconfig.get_path("purelib"))  # a path alone: no editable install
    return Installed(python, commands / "emulator")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    skipped = shutil.ignore_patterns("__pycache__", ".*")
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample", ignore=skipped))


def output_of(command: Sequence[object], folder: Path | None = None, expected: int = 0) -> str:
    words = list(map(str, command))
    environment = clean_environment(PYTHONPATH="", PYTHONWARNINGS="", COLUMNS="120")
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_has_the_package_and_nothing_else(built: Path) -> None:
    modules = {str(each.relative_to(ROOT)) for each in (ROOT / "emulator").rglob("*.py")}
    information = {f"{NAME}.dist-info/{each}" for each in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}

    with zipfile.ZipFile(built / WHEEL) as wheel:
        names = set(wheel.namelist())
        entry_points = wheel.read(f"{NAME}.dist-info/entry_points.txt").decode()

    assert names == {*modules, "emulator/py.typed", *information}
    assert "[console_scripts]\nemulator = emulator.cli:main" in entry_points
    assert "[pytest11]\nemulator = emulator.testing.plugin" in entry_points


def test_the_sdist_has_what_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        names = {each.removeprefix(f"{NAME}/") for each in archive.getnames()}
        archive.extractall(tmp_path, filter="data")
    output_of([*BUILD, "-t", "wheel", "-d", tmp_path], tmp_path / NAME)

    with zipfile.ZipFile(tmp_path / WHEEL) as one, zipfile.ZipFile(built / WHEEL) as other:
        contents = [{each.filename: each.CRC for each in wheel.infolist()} for wheel in (one, other)]
    assert contents[0] == contents[1]
    assert {each.partition("/")[0] for each in names} == FOLDERS | FILES
    assert [each for each in names if "__pycache__" in each or "node_modules" in each] == []


def test_the_command_runs_from_where_it_is_installed(installed: Installed, sample: Path) -> None:
    place = output_of([installed.python, "-c", "import emulator; print(emulator.__file__)"], sample)

    assert Path(place.strip()).is_relative_to(installed.python.parents[1])
    assert emulator.__version__ in output_of([installed.command, "--version"], sample)
    output_of([installed.command, "check"], sample)


def test_the_suite_of_another_repository_passes_on_several_processes(installed: Installed, sample: Path) -> None:
    report = output_of([installed.python, *SUITE, "-n", "2", "tests/test_notifier.py"], sample)

    assert re.search(r"\b11 passed\b", report), report


def test_the_report_of_a_failed_test_in_another_repository_shows_its_calls(installed: Installed, sample: Path) -> None:
    options = ("--import-mode", "importlib", "-p", "no:randomly")
    report = output_of([installed.python, *SUITE, *options], sample, expected=1)

    assert re.search(r"\b1 failed, 11 passed\b", report), report
    assert "emulator: 1 call -" in report
    assert '   1 messages:sned {body: "Hello"} unscripted\n' in report
    assert "to answer it:\nfunctions:\n  messages:sned:\n    type: mutation\n" in report


def test_type_checkers_know_what_is_installed(installed: Installed, sample: Path, tmp_path: Path) -> None:
    check = [sys.executable, "-m", "mypy", "--python-executable", installed.python, "--cache-dir", tmp_path / "cache"]

    output_of([*check, "notifier.py", "tests"], sample)


def test_the_plugin_imports_nothing_before_it_is_used(installed: Installed) -> None:
    program = (
        "import pytest, sys; old = set(sys.modules); import emulator.testing.plugin; print(set(sys.modules) - old)"
    )

    imported = output_of([installed.python, "-c", program])

    assert ast.literal_eval(imported) == {"emulator", "emulator.testing", "emulator.testing.plugin"}
