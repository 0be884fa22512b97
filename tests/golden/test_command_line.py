"""What the command prints of itself: its help, and the schema."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from emulator import __version__
from emulator.cli import main
from tests.support.golden import GOLDEN, assert_golden

WIDTH = 80


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, prog_name="emulator", terminal_width=WIDTH)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("\n")
    return result.stdout[:-1]


@pytest.mark.parametrize("command", ["emulator", *main.list_commands(click.Context(main))])
def test_the_help_of_a_command_reads_so(command: str) -> None:
    arguments = [] if command == "emulator" else [command]
    text = run(*arguments, "--help")
    assert_golden(GOLDEN / "help" / f"{command}.txt", text)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert run(*arguments, "-h") == text


def test_no_help_shows_the_marks_it_is_written_with() -> None:
    assert "\\b" not in run("schema", "--help")


def test_there_is_a_help_text_for_every_command() -> None:
    kept = {each.stem for each in (GOLDEN / "help").glob("*.txt")}
    assert kept == {"emulator", *main.list_commands(click.Context(main))}


def test_the_version_is_the_packages() -> None:
    assert run("--version") == f"emulator, version {__version__}"


def test_the_schema_is_this_one() -> None:
    assert_golden(GOLDEN / "schema.json", run("schema"))


def test_the_schema_is_a_schema() -> None:
    text = run("schema")
    Draft202012Validator.check_schema(json.loads(text))
    assert '"ge"' not in text
    assert '"le"' not in text


def test_the_schema_written_to_a_file_is_the_one_printed(tmp_path: Path) -> None:
    path = tmp_path / "scenario.schema.json"
    assert CliRunner().invoke(main, ["schema", "--output", str(path)]).exit_code == 0
    assert path.read_text(encoding="utf-8") == f"{run('schema')}\n"
