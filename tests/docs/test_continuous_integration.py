"""The files for GitHub Actions and for containers, as far as they can be run without either."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator import __version__
from tests.support.process import clean_environment
from tests.support.scenarios import write_files

ROOT = Path(__file__).parents[2]
FILES = ROOT / "docs/continuous-integration"
ACTION: dict[str, Any] = yaml.safe_load((FILES / "action.yml").read_text(encoding="utf-8"))
WORKFLOW: dict[str, Any] = yaml.safe_load((FILES / "workflow.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
ONE = "functions: {messages:list: {result: [hello]}}"


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub's runners do."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    temporary = {"RUNNER_TEMP": str(folder), "GITHUB_ENV": str(folder / "variables"), "PATH": path}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=clean_environment(**temporary, **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def start(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(STEPS["Start"]["run"], folder, SCENARIOS=ACTION["inputs"]["scenarios"]["default"])


def test_the_action_leads_the_steps_that_follow_to_an_emulator(tmp_path: Path) -> None:
    write_files(tmp_path, {"scenarios/default.yaml": ONE})

    done = start(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pid = json.loads((tmp_path / "emulator-ready.json").read_text(encoding="utf-8"))["pid"]
    try:
        found = dict(row.split("=", 1) for row in (tmp_path / "variables").read_text(encoding="utf-8").splitlines())
        with urllib.request.urlopen(f"{found['EMULATOR_CONTROL_URL']}status") as response:  # noqa: S310
            assert json.load(response)["scenario"] == "default"
    finally:
        os.kill(pid, signal.SIGTERM)


def test_the_action_fails_with_the_reason_when_the_scenario_has_problems(tmp_path: Path) -> None:
    write_files(tmp_path, {"scenarios/default.yaml": "functions: {messages:list: {reslt: []}}"})

    done = start(tmp_path)

    assert done.returncode == 1
    assert "did you mean 'result'?" in done.stdout
    assert not (tmp_path / "variables").exists()


def test_each_input_of_the_action_is_used_by_its_name_and_never_as_code() -> None:
    given = {name for step in STEPS.values() for name in step["env"].values()}

    assert given == {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}
    assert [step for step in STEPS.values() if "${{" in step["run"]] == []


def test_the_workflow_checks_the_scenarios_and_runs_the_tests_beside_an_emulator(tmp_path: Path) -> None:
    package = {
        "scripts": {
            "test": "node --eval 'fetch(process.env.CONVEX_URL + `/version`).then((_) => console.log(_.status))'"
        }
    }
    write_files(tmp_path, {"scenarios/default.yaml": ONE, "package.json": json.dumps(package)})
    commands = [step["run"] for step in WORKFLOW["jobs"]["test"]["steps"] if step.get("run", "").startswith("emulator")]

    done = [run(command, tmp_path) for command in commands]

    assert [each.returncode for each in done] == [0, 0]
    assert done[1].stdout.splitlines()[-1] == "200"
    assert (tmp_path / "emulator.log").exists()


@pytest.mark.parametrize("file", ["continuous-integration.md", "continuous-integration/workflow.yml"])
def test_wheels_are_called_as_they_are_built(file: str) -> None:
    name = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"].replace("-", "_")

    found = set(re.findall(r"[\w.-]+\.whl", (ROOT / "docs" / file).read_text(encoding="utf-8")))

    assert found == {f"{name}-{__version__}-py3-none-any.whl"}


def test_what_the_image_is_made_of_is_there_and_not_left_out() -> None:
    text = (FILES / "Dockerfile").read_text(encoding="utf-8")
    copied = {each for row in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for each in row.split()}
    kept = re.findall(r"^!(.*)$", (FILES / "Dockerfile.dockerignore").read_text(encoding="utf-8"), re.MULTILINE)

    assert copied == set(kept)
    assert [each for each in copied if not (ROOT / each).exists()] == []
