"""A project in JavaScript, tested against the emulator as docs/testing-javascript.md tells, by each test runner."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.clients.browser.chromium import NoBrowserError, choice
from tests.support.process import clean_environment

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "tests/sample_projects/javascript"
HELPER = ROOT / "docs/javascript/emulator.ts"
MADE = shutil.ignore_patterns("node_modules", "test-results", "emulator.*")
STRICTEST = (
    "--strict",
    "--exactOptionalPropertyTypes",
    "--noUncheckedIndexedAccess",
    "--noPropertyAccessFromIndexSignature",
)
PLAIN = ("--noEmit", "--target", "es2022", "--lib", "es2022,dom", "--module", "esnext")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the project with the file that readers copy; where CI has not installed it that is a failure."""
    if not (PROJECT / "node_modules/.installed").exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("`make test` installs what the project needs")
    folder = tmp_path / "project"
    shutil.copytree(PROJECT, folder, ignore=MADE)
    (folder / "node_modules").symlink_to(PROJECT / "node_modules")
    shutil.copy(HELPER, folder)
    return folder


def run(project: Path, *command: str, **environment: str) -> str:
    """Run a command as `npx` does, with `emulator` installed, and return what it prints."""
    folders = (str(project / "node_modules/.bin"), str(Path(sys.executable).parent), os.environ["PATH"])
    variables = clean_environment(PATH=os.pathsep.join(folders), NO_COLOR="1", **environment)
    done = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", [("emulator", "exec", "--"), ()], ids=["under emulator exec", "by itself"])
def test_vitest_runs(project: Path, command: tuple[str, ...]) -> None:
    assert "5 passed" in run(project, *command, "vitest", "run", "--testTimeout=30000")


@pytest.mark.parametrize(("script", "passed"), [("node", "pass 3"), ("jest", "2 passed")])
def test_runners_of_plain_javascript_run(project: Path, script: str, passed: str) -> None:
    run(project, "npm", "run", "javascript")

    assert passed in run(project, "npm", "run", script)


async def test_playwright_runs_and_leaves_nothing_behind(project: Path) -> None:
    async with async_playwright() as playwright:
        try:
            which = await choice(playwright)
        except NoBrowserError as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])

    found = {"CHROMIUM": which.get("executable_path", ""), "CHANNEL": which.get("channel", "")}
    said = run(project, "playwright", "test", "--workers=2", "--timeout=60000", "--reporter=line", PORT=port, **found)

    assert "3 passed" in said
    assert not (project / "ready.json").exists()


def test_npx_convex_meets_the_emulator_whatever_the_project_is_linked_to(project: Path) -> None:
    elsewhere = "CONVEX_DEPLOYMENT=dev:real-one-123\nCONVEX_DEPLOY_KEY=dev:real-one-123|eyJ2MiI6ImFiYyJ9\n"
    (project / ".env.local").write_text(elsewhere, encoding="utf-8")

    said = run(project, "emulator", "exec", "--", "convex", "run", "messages:list")

    assert '"body": "Hello"' in said


def test_the_project_keeps_to_its_types(project: Path) -> None:
    run(project, "tsc")


def test_the_file_to_copy_is_strictly_typed_and_needs_nothing(project: Path) -> None:
    alone = project.parent / "alone"
    alone.mkdir()
    shutil.copy(HELPER, alone)

    run(alone, str(project / "node_modules/.bin/tsc"), *STRICTEST, *PLAIN, "emulator.ts")
