"""Everything a reader can copy out of README.md and docs/ is run, and what the page shows is what comes out.

Blocks are told apart by their first line: ``console`` (commands after ``$``, each with what it prints), ``yaml`` (a
scenario; with ``problem`` the problems follow in an ``output`` block; with ``file=NAME`` a part that others include),
``js`` and ``python`` (programs, what they print follows in an ``output`` block). An ellipsis stands for anything.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.scenario.load import Loader
from emulator.scenario.report import as_text
from tests.support.process import EmulatorProcess, clean_environment, emulator_process

ROOT = Path(__file__).parents[2]
NODE_MODULES = ROOT / "tests/clients/node/node_modules"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")])
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
URL = "http://127.0.0.1:3210"


class Block:
    """A fenced block of a page."""

    def __init__(self, match: re.Match[str]) -> None:
        self.kind = match[1]
        self.mark = match[2].strip()
        self.text = match[3]


def blocks_of(page: Path) -> list[Block]:
    return [Block(each) for each in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def output_after(blocks: list[Block], index: int) -> str:
    following = blocks[index + 1 : index + 2]
    assert following, "an output block must follow"
    assert following[0].kind == "output", "an output block must follow"
    return following[0].text


def assert_like(actual: str, expected: str) -> None:
    parts = [re.escape(each) for each in expected.strip().split("…")]
    is_like = re.fullmatch(".*?".join(parts), actual.strip(), re.DOTALL) is not None
    assert is_like, f"expected\n{expected}\ngot\n{actual}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder like a fresh clone, as far as readers touch it."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[EmulatorProcess]:
    with emulator_process(folder) as process:
        yield process


def commands_of(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split("$ ")[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def run_command(command: str, folder: Path, running: EmulatorProcess) -> str:
    """Run a line as a reader would; when it changed a scenario, wait until the emulator has said so."""
    if command.startswith("make "):
        check = subprocess.run(["make", "--dry-run", *command.split()[1:]], cwd=ROOT, check=True, capture_output=True)
        assert check.stdout
        return ""
    before = {path: path.read_bytes() for path in (folder / "scenarios").glob("**/*.yaml")}
    environment = clean_environment(PATH=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin")
    done = subprocess.run(
        ["bash", "-c", command.replace(URL, running.url)],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    if before != {path: path.read_bytes() for path in (folder / "scenarios").glob("**/*.yaml")}:
        running.wait_for_log("force")
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_a_page_prints_what_the_page_says(page: Path, folder: Path, running: EmulatorProcess) -> None:
    for block in blocks_of(page):
        if block.kind == "console":
            for command, expected in commands_of(block.text):
                actual = run_command(command, folder, running)
                if expected.strip():
                    assert_like(actual, expected)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_scenario_on_a_page_does_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = blocks_of(page)
    for block in blocks:
        if block.mark.startswith("file="):
            part = tmp_path / block.mark.removeprefix("file=")
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(block.text, encoding="utf-8")
    for index, block in enumerate(blocks):
        if block.kind != "yaml" or block.mark.startswith("file="):
            continue
        Path("scenario.yaml").write_text(block.text, encoding="utf-8")
        loaded = Loader([Path("scenario.yaml")]).load()
        expected = output_after(blocks, index) if block.mark == "problem" else ""
        assert_like(as_text(loaded.problems, loaded.sources), expected)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_program_on_a_page_prints_what_the_page_says(page: Path, folder: Path, running: EmulatorProcess) -> None:
    blocks = blocks_of(page)
    interpreters = {"js": ("program.mjs", "node"), "python": ("program.py", sys.executable)}
    for index, block in enumerate(blocks):
        if block.kind not in interpreters:
            continue
        name, interpreter = interpreters[block.kind]
        (folder / name).write_text(block.text, encoding="utf-8")
        environment = clean_environment(CONVEX_URL=running.url)
        done = subprocess.run(
            [interpreter, name], cwd=folder, env=environment, check=True, capture_output=True, text=True
        )
        assert_like(done.stdout, output_after(blocks, index))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_on_a_page_is_of_a_kind_that_is_run(page: Path) -> None:
    kinds = {block.kind for block in blocks_of(page)}

    assert kinds <= {"console", "yaml", "js", "python", "output"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_on_a_page_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))

    assert [each for each in targets if not (page.parent / each).exists()] == []
