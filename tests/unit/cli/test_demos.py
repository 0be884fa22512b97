"""`emulator serve --demo`, as its host meets it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.cli import main
from emulator.cli.banner import banner
from emulator.values.durations import SECOND
from emulator.worlds import Terms
from tests.support.process import EMULATOR, clean_environment, emulator_process
from tests.support.scenarios import load_text, write_files

SCENARIO = "functions: {a:b: {result: 1}}"


def test_a_demo_is_found_and_read_and_not_changed(tmp_path: Path) -> None:
    write_files(tmp_path, {"scenarios/default.yaml": SCENARIO})
    cache = str(tmp_path / "cache")
    with emulator_process(tmp_path, options=("--port", "0", "--demo"), EMULATOR_CACHE=cache) as running:
        assert running.facts["token"] is None
        variables = {"EMULATOR_CACHE": cache}
        status = CliRunner().invoke(main, ["status", "--json"], env=variables)
        assert (status.exit_code, json.loads(status.stdout)["demo"]) == (0, True)
        reset = CliRunner().invoke(main, ["reset"], env=variables)
        told = "Error: this is a demo: through the control API nothing is changed, and only this machine may read"
        assert (reset.exit_code, reset.output.partition(";")[0]) == (1, told)
        assert running.interrupt() == 0
    assert [each for each in running.log if each["level"] == "error"] == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--demo-worlds", "5"), "--demo-worlds: there is no demo without --demo"),
        (("--demo", "--state", "x.db"), "in a demo each visitor has a state of his own, which ends with it"),
        (("--demo", "--demo-expires", "soon"), "'soon' is not a duration such as 250ms, 3s or 1m30s"),
        (("--demo", "--demo-reset", "10ms"), "Invalid value for --demo-reset: at least 1s"),
        (("--demo", "--demo-worlds", "0"), "0 is not in the range 1<=x<=10000"),
    ],
)
def test_options_that_make_no_demo_are_told(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    command = [*EMULATOR, "serve", "--port", "0", *options]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert told in done.stderr


def test_the_banner_says_what_visitors_find_and_not_the_token(tmp_path: Path) -> None:
    facts: dict[str, object] = {
        "convex_url": "http://127.0.0.1:3210",
        "gateway_url": "http://127.0.0.1:18789",
        "site_url": None,
        "control_url": "http://127.0.0.1:3210/__emulator/",
        "admin_key": "k",
        "token": None,
    }

    lines = banner(load_text(tmp_path, SCENARIO), facts, None, Terms(1800 * SECOND, 200, 3600 * SECOND)).splitlines()

    assert "  Control     http://127.0.0.1:3210/__emulator/  read-only" in lines
    words = "a world for each visitor, until it lies idle for 30m; 200 at most; all begin anew every 1h"
    assert f"  Demo        {words}" in lines
    assert "token" not in "\n".join(lines)
