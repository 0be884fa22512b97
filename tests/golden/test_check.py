"""What `emulator check` prints, in all its forms."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from emulator.cli import main
from emulator.scenario.problem import SLUGS
from tests.support.golden import GOLDEN, assert_golden

CHECK = GOLDEN / "check"
SUFFIXES = {"text": "txt", "json": "json", "github": "github.txt"}


def run(folder: str, form: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.chdir(CHECK / folder)
    result = CliRunner().invoke(main, ["check", ".", "--format", form])
    assert not result.stderr
    return result.exit_code, result.stdout


@pytest.mark.parametrize("form", SUFFIXES)
def test_problems_are_written_exactly_so(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    status, output = run("broken", form, monkeypatch)
    assert status == 1
    assert output.endswith("\n")
    assert_golden(CHECK / f"broken.{SUFFIXES[form]}", output[:-1])


def test_first_documents_that_cannot_be_are_told_exactly_so(monkeypatch: pytest.MonkeyPatch) -> None:
    status, output = run("seeds", "text", monkeypatch)
    assert status == 1
    assert_golden(CHECK / "seeds.txt", output[:-1])
    assert set(re.findall(r"^(\S+?)\.yaml:", output, re.MULTILINE)) == {
        each.stem for each in (CHECK / "seeds").iterdir() if each.stem != "sound"
    }
    assert set(re.findall(r": (?:error|warning)\[(\S+)\]: ", output)) == {"bad-seed"}


def test_sound_scenarios_are_counted_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    status, output = run("sound", "text", monkeypatch)
    assert status == 0
    assert_golden(CHECK / "sound.txt", output[:-1])


def test_no_problems_are_an_empty_array_as_json_and_nothing_as_annotations(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("sound", "json", monkeypatch) == (0, "[]\n")
    assert run("sound", "github", monkeypatch) == (0, "")


def test_json_and_text_tell_the_same_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = json.loads(run("broken", "json", monkeypatch)[1])
    text = run("broken", "text", monkeypatch)[1]
    assert rows
    for row in rows:
        where = f"{row['file']}:{row['line']}:{row['column']}" if row["line"] else row["file"]
        assert f"{where}: {row['severity']}[{row['slug']}]: {row['message']}\n" in text
        assert row["slug"] in SLUGS


def test_an_annotation_is_one_line_however_odd_its_problem_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = json.loads(run("broken", "json", monkeypatch)[1])
    lines = run("broken", "github", monkeypatch)[1].splitlines()
    assert len(lines) == len(rows)
    assert all(each.startswith(("::error file=", "::warning file=")) for each in lines)
    assert any("file=100%25%2C done.yaml," in each for each in lines)


def test_a_folder_that_is_not_there_is_a_mistake_in_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECK)
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == 2
    assert "there is no folder scenarios/ here; name a file or a folder" in result.stderr
