"""Everything a reader can copy out of README.md and docs/ is run, and what the page shows is what comes out.

Blocks are told apart by their first line: ``console`` (commands after ``$``, each with what it prints), ``yaml`` (a
scenario; with ``problem`` the problems follow in an ``output`` block), ``js`` and ``python`` (programs, what they print
follows in an ``output`` block). An ellipsis stands for anything.

Ports are those of the pages; where the emulator really listens is put in their place.

``yaml file=NAME`` is saved under that name when its turn comes, among the scenarios that are served or as a part that
others include, ``python file=NAME`` for a command after it; with ``from=NAME`` a block is a piece of a
file that is there, and run elsewhere. A reader's ``emulator serve …`` and ``make emulate`` start the emulator that the
commands after them talk to.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from emulator.scenario.load import Loader
from emulator.scenario.report import as_text
from tests.support.node import node_command
from tests.support.process import EmulatorProcess, clean_environment, emulator_process

ROOT = Path(__file__).parents[2]
NODE_MODULES = ROOT / "tests/clients/node/node_modules"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")])
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"\b(127\.0\.0\.1|localhost):(3210|18789)\b")
FREE_PORTS = ("--convex-port", "0", "--gateway-port", "0")
PROGRAMS = {"js": ((*node_command(),), "program.mjs"), "python": ((sys.executable,), "program.py")}
PYTEST = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "emulator.testing.plugin"}
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


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


class Reader:
    """Does what a page says, in a folder of their own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.running: EmulatorProcess | None = None
        self.served: list[Path] = []

    def serve(self, *arguments: str) -> EmulatorProcess:
        """Start the emulator, with Ctrl-C for the one that ran before."""
        if self.running is not None:
            self.running.interrupt()
        self.running = self.stack.enter_context(emulator_process(self.folder, *arguments, options=FREE_PORTS))
        named = [self.folder / each for each in arguments if (self.folder / each).is_dir()]
        self.served = named or [self.folder / "scenarios"]
        return self.running

    def at_home(self, text: str) -> str:
        """Return a text of a page with the ports that the emulator has."""
        running = self.running
        if running is None:
            return text
        ports = {"3210": urlsplit(running.url).port, "18789": urlsplit(running.gateway_url).port}
        return ADDRESS.sub(lambda found: f"{found[1]}:{ports[found[2]]}", text)

    def meant(self) -> dict[str, str]:
        """Return what tells `emulator status` and its like which emulator is meant: others run beside it."""
        running = self.running
        return {} if running is None else {"EMULATOR_URL": running.url, "EMULATOR_TOKEN": str(running.facts["token"])}

    def save(self, name: str, text: str) -> None:
        """Save a file and wait until the emulator has taken it in, if it serves its folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if any(path.is_relative_to(each) for each in self.served):
            self.wait_for_reload()

    def wait_for_reload(self) -> None:
        assert self.running is not None
        self.running.wait_for_log("force")

    def run(self, command: str) -> str:
        """Run a line; when it changed a scenario, wait until the emulator has said so."""
        match shlex.split(command):
            case ["make", *targets]:
                dry_run = ["make", "--dry-run", *targets]
                assert subprocess.run(dry_run, cwd=ROOT, check=True, capture_output=True).stdout
                if targets == ["emulate"]:
                    self.serve()
                return ""
            case ["emulator", "serve", *arguments]:
                self.serve(*arguments)
                return ""
        before = self.scenarios()
        environment = clean_environment(
            PATH=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", CI="1", **PYTEST, **self.meant()
        )  # with CI, npx convex tells its makers nothing
        bash = ["bash", "-c", self.at_home(command)]
        done = subprocess.run(bash, cwd=self.folder, env=environment, check=True, capture_output=True, text=True)
        if before != self.scenarios():
            self.wait_for_reload()
        return done.stdout

    def run_program(self, block: Block) -> str:
        """Run a program with CONVEX_URL set."""
        command, name = PROGRAMS[block.kind]
        assert self.running is not None, "a page says first how the emulator is started"
        (self.folder / name).write_text(self.at_home(block.text), encoding="utf-8")
        environment = clean_environment(CONVEX_URL=self.running.url)
        program = [*command, name]
        done = subprocess.run(program, cwd=self.folder, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    def scenarios(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for folder in self.served for path in folder.glob("**/*.yaml")}


@pytest.fixture
def reader(folder: Path) -> Iterator[Reader]:
    with ExitStack() as stack:
        yield Reader(folder, stack)


def commands_of(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


@EVERY_PAGE
def test_what_is_done_on_a_page_prints_what_the_page_says(page: Path, reader: Reader) -> None:
    blocks = blocks_of(page)
    for index, block in enumerate(blocks):
        if block.mark.startswith("file="):
            reader.save(block.mark.removeprefix("file="), block.text)
        elif block.kind in PROGRAMS and not block.mark.startswith("from="):
            assert_like(reader.run_program(block), output_after(blocks, index))
        elif block.kind == "console":
            for command, expected in commands_of(block.text):
                actual = reader.run(command)
                if expected.strip():
                    assert_like(actual, reader.at_home(expected))


@EVERY_PAGE
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
        if block.kind != "yaml" or block.mark.startswith(("file=", "from=")):
            continue
        Path("scenario.yaml").write_text(block.text, encoding="utf-8")
        loaded = Loader([Path("scenario.yaml")]).load()
        expected = output_after(blocks, index) if block.mark == "problem" else ""
        assert_like(as_text(loaded.problems, loaded.sources), expected)


@EVERY_PAGE
def test_every_piece_of_a_file_on_a_page_is_in_the_file(page: Path) -> None:
    for block in blocks_of(page):
        if block.mark.startswith("from="):
            assert block.text in (ROOT / block.mark.removeprefix("from=")).read_text(encoding="utf-8")


@EVERY_PAGE
def test_every_block_on_a_page_is_of_a_kind_that_is_run(page: Path) -> None:
    blocks = blocks_of(page)

    assert {block.kind for block in blocks} <= {"console", "yaml", "js", "ts", "python", "output"}
    assert [block.text for block in blocks if block.kind == "ts" and not block.mark.startswith("from=")] == []


@EVERY_PAGE
def test_every_link_on_a_page_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))

    assert [each for each in targets if not (page.parent / each).exists()] == []
