"""`emulator check` and `emulator schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emulator.cli import main
from tests.support.scenarios import write_files


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_scenarios_without_problems_are_named(tmp_path: Path) -> None:
    write_files(tmp_path, {"scenarios/a.yaml": "seed: 1", "scenarios/b.yaml": "seed: 2"})

    done = check()

    assert (done.exit_code, done.output) == (0, "2 files checked, no problems; scenarios: a, b\n")


def test_problems_are_shown_and_counted(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yaml": "sed: 1"})

    done = check("a.yaml")

    assert done.exit_code == 1
    assert done.output.startswith("a.yaml:1:1: error[unknown-key]")
    assert done.output.endswith("1 file checked, 1 problem\n")


def test_programs_get_json(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yaml": "sed: 1", "b.yaml": "seed: 1"})

    assert [each["slug"] for each in json.loads(check("--format", "json", "a.yaml").output)] == ["unknown-key"]
    assert json.loads(check("--format", "json", "b.yaml").output) == []


def test_github_gets_annotations(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yaml": "sed: 1", "b.yaml": "seed: 1"})

    assert check("--format", "github", "a.yaml").output.startswith(
        "::error file=a.yaml,line=1,col=1,title=unknown-key::"
    )
    assert check("--format", "github", "b.yaml").output == ""


@pytest.mark.parametrize("arguments", [(), ("nowhere",), ("--format", "xml")])
def test_what_cannot_be_checked_has_a_status_of_its_own(arguments: tuple[str, ...]) -> None:
    assert check(*arguments).exit_code == 2


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    printed = CliRunner().invoke(main, ["schema"])
    written = CliRunner().invoke(main, ["schema", "--output", "schema.json"])

    assert (printed.exit_code, written.exit_code, written.output) == (0, 0, "")
    assert (tmp_path / "schema.json").read_text() == printed.output
    assert json.loads(printed.output)["title"] == "Emulator scenario"
