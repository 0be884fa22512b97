"""`emulator env`: read back by those who read it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emulator.cli import main
from emulator.environment import variables
from tests.support.process import emulator_process
from tests.support.scenarios import write_files

FACTS: dict[str, object] = {
    "convex_url": "http://127.0.0.1:1",
    "gateway_url": "http://[::1]:2",
    "site_url": "http://127.0.0.1:3",
    "control_url": "http://127.0.0.1:1/__emulator/",
    "admin_key": "local emulator|key",
    "gateway_token": '비밀 $HOME `id` # \\ "',
    "gateway_password": "it's $5",
    "token": "t",
    "pid": os.getpid(),
}
PRINT = "console.log(JSON.stringify(process.env))"


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    path = tmp_path / "ready.json"
    path.write_text(json.dumps(FACTS), encoding="utf-8")
    return path


def said(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["env", *arguments], prog_name="emulator", env=environment)


def by_shell(text: str, folder: Path) -> dict[str, str]:
    (folder / "env.sh").write_text(text, encoding="utf-8")
    command = ["bash", "-c", f"eval \"$(cat env.sh)\"; node --eval '{PRINT}'"]
    return dict(json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout))


def by_sourcing(text: str, folder: Path) -> dict[str, str]:
    (folder / ".env").write_text(text, encoding="utf-8")
    command = ["bash", "-c", f"set -a; . ./.env; node --eval '{PRINT}'"]
    return dict(json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout))


def by_node(text: str, folder: Path) -> dict[str, str]:
    (folder / ".env").write_text(text, encoding="utf-8")
    command = ["node", "--env-file=.env", "--eval", PRINT]
    return dict(json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout))


@pytest.mark.parametrize(
    ("form", "read"),
    [("shell", by_shell), ("dotenv", by_sourcing), ("dotenv", by_node)],
    ids=["eval", "source", "node"],
)
def test_who_reads_it_has_each_variable_to_the_letter(
    form: str, read: Callable[[str, Path], dict[str, str]], ready: Path, tmp_path: Path
) -> None:
    facts = (
        FACTS if form == "shell" else {**FACTS, "gateway_token": '비밀 $HOME `id` # "', "gateway_password": "it's 5"}
    )
    ready.write_text(json.dumps(facts), encoding="utf-8")

    found = read(said("--format", form, "--ready-file", str(ready)).stdout, tmp_path)

    expected = variables(facts)
    assert {name: found[name] for name in expected} == expected


def test_a_value_that_no_env_file_can_have_is_said(ready: Path) -> None:
    done = said("--format", "dotenv", "--ready-file", str(ready))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: no .env file can hold the quotes in OPENCLAW_GATEWAY_TOKEN; use --format shell or json\n"
    )


def test_json_and_the_file_of_github_have_every_variable(ready: Path) -> None:
    expected = variables(FACTS)

    assert json.loads(said("--format", "json", "--ready-file", str(ready)).stdout) == expected
    rows = said("--format", "github", "--ready-file", str(ready)).stdout.splitlines()
    assert dict(row.split("=", 1) for row in rows) == expected


def test_the_file_of_github_keeps_lines_apart(ready: Path) -> None:
    ready.write_text(json.dumps({**FACTS, "gateway_password": "two\nlines"}), encoding="utf-8")

    text = said("--format", "github", "--ready-file", str(ready)).stdout

    assert "OPENCLAW_GATEWAY_PASSWORD<<END_OF_VALUE\ntwo\nlines\nEND_OF_VALUE\n" in text


def test_a_file_that_is_no_ready_file_is_said(tmp_path: Path) -> None:
    done = said("--ready-file", str(tmp_path / "nothing.json"))

    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing.json is no ready file of an emulator that runs; one with --ready-file writes it" in done.stderr


def test_an_emulator_that_runs_is_found_by_itself_or_by_its_url(tmp_path: Path) -> None:
    write_files(tmp_path, {"scenarios/default.yaml": "gateway: {auth: {password: open sesame}}\nfunctions: {}\n"})
    cache = {"EMULATOR_CACHE": str(tmp_path / "cache")}

    none = said(**cache)
    with emulator_process(tmp_path, **cache) as running:
        alone, named = said(**cache), said("--url", running.url, **cache)
        unknown = said("--url", running.url, EMULATOR_CACHE="off")

        assert f"export CONVEX_URL={running.url}\n" in alone.stdout
        assert "export OPENCLAW_GATEWAY_PASSWORD='open sesame'\n" in alone.stdout
        assert named.stdout == alone.stdout
    assert "start one with `emulator serve`" in none.stderr
    assert f"nothing is known here of the emulator at {running.url}; name its --ready-file" in unknown.stderr
    assert (none.exit_code, unknown.exit_code) == (1, 1)
