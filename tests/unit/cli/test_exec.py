"""`emulator exec`, run as users run it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.process import EMULATOR, clean_environment
from tests.support.scenarios import write_files

ASK = """
import json, os, sys, urllib.request

def ask(path="messages:list"):
    body = json.dumps({"path": path, "args": {}}).encode()
    url, headers = os.environ["CONVEX_URL"] + "/api/query", {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request) as response:
        return json.load(response).get("value")
"""
COUNT_INTERRUPTS = """
import signal, sys
interrupts = []
def interrupted(*_):
    interrupts.append(1)
    print("interrupted", flush=True)
def end(*_):
    print("ends after", len(interrupts), flush=True)
    sys.exit(5)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGTERM, end)
print("begins", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path, {"scenarios/default.yaml": "functions: {messages:list: {result: [hello]}}"})
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*EMULATOR, "exec", *arguments]
    variables = clean_environment(**environment)
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=30)


@contextmanager
def started(folder: Path, program: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program under `emulator exec`, in a group of its own, until the block ends."""
    command = [*EMULATOR, "exec", *options, "--", sys.executable, "-c", program]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_command_finds_the_emulator_by_its_environment_and_its_output_is_its_own(folder: Path) -> None:
    done = run(folder, "--", sys.executable, "-c", f"{ASK}\nprint(ask())", CONVEX_DEPLOY_KEY="prod:real|key")

    assert (done.stdout, done.stderr, done.returncode) == ("['hello']\n", "", 0)


def test_the_command_has_the_urls_of_all_ports_and_no_way_elsewhere(folder: Path) -> None:
    print_environment = "import json, os; print(json.dumps(dict(os.environ)))"
    done = run(folder, "--", sys.executable, "-c", print_environment, CONVEX_DEPLOY_KEY="prod:real|key", HOME="/mine")

    found = json.loads(done.stdout)
    assert len({found[each] for each in ("CONVEX_URL", "CONVEX_SITE_URL", "OPENCLAW_GATEWAY_URL")}) == 3
    assert (found["CONVEX_DEPLOY_KEY"], found["HOME"]) == ("", "/mine")


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -TERM $$"], 143),
    ],
)
def test_the_exit_status_is_the_commands(folder: Path, command: Sequence[str], status: int) -> None:
    assert run(folder, "--", *command).returncode == status


@pytest.mark.parametrize(
    ("command", "status", "sentence"),
    [
        ("no-such-command", 127, "there is no command no-such-command"),
        ("./scenarios", 126, "cannot run ./scenarios: Permission denied"),
        ("./script", 126, "cannot run ./script: what its first line names is not there"),
        ("./text", 126, "cannot run ./text: Exec format error"),
    ],
)
def test_a_command_that_cannot_be_run_is_said(folder: Path, command: str, status: int, sentence: str) -> None:
    for name, text in {"script": "#!/no/such/program\n", "text": "hello\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)

    done = run(folder, "--", command)

    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"Error: {sentence}\n")


def test_without_a_command_it_says_how_to_give_one(folder: Path) -> None:
    done = run(folder, "scenarios")

    assert done.returncode == 2
    assert "say the command after two dashes: emulator exec -- npm test" in done.stderr


def test_options_and_paths_stand_before_the_dashes_and_none_of_the_commands_are_ours(folder: Path) -> None:
    write_files(folder, {"other/one.yaml": "functions: {messages:list: {result: one}}"})
    program = f"{ASK}\nprint(ask(), sys.argv[1:])"

    done = run(folder, "--seed", "3", "other", "--", sys.executable, "-c", program, "--seed", "--", "x")

    assert done.stdout == "one ['--seed', '--', 'x']\n"


def test_a_broken_scenario_is_said_and_nothing_is_run(folder: Path) -> None:
    write_files(folder, {"scenarios/default.yaml": "functions: {messages:list: {reslt: 1}}"})

    done = run(folder, "--", "echo", "hello")

    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean 'result'?" in done.stderr


def test_what_nothing_answers_is_told_beside_the_output_or_in_a_file(folder: Path) -> None:
    command = ("--", sys.executable, "-c", f"{ASK}\nprint(ask('messages:lst'))")

    shown, kept = run(folder, *command), run(folder, "--log-file", "emulator.log", *command)

    assert (shown.stdout, kept.stdout, kept.stderr) == ("None\n", "None\n", "")
    assert "messages:lst is not scripted; nearest: messages:list" in shown.stderr
    assert "messages:lst is not scripted" in (folder / "emulator.log").read_text(encoding="utf-8")


def test_what_is_saved_while_the_command_runs_is_in_force(folder: Path) -> None:
    program = f"""{ASK}
open("scenarios/default.yaml", "w").write("functions: {{messages:list: {{result: saved}}}}")
while ask() != "saved":
    pass
print("saved")
"""
    with started(folder, program) as process:
        assert (line_of(process), process.wait(timeout=10)) == ("saved", 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_command_with_all_that_it_started(folder: Path, number: signal.Signals) -> None:
    program = f"""
import signal, subprocess, sys
inner = subprocess.Popen([sys.executable, "-c", "import signal; print('begins', flush=True); signal.pause()"])
signal.signal({number}, lambda *_: None)
print(inner.wait() != 0)
"""
    with started(folder, program) as process:
        assert line_of(process) == "begins"
        process.send_signal(number)

        assert line_of(process) == "True"
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("beginning", "shown", "end"),
    [
        ("", b"^Cinterrupted\r\n", b"ends after 1\r\n"),
        ("import os; os.setpgid(0, 0)", b"^C", b"ends after 0\r\n"),  # out of the terminal's reach
    ],
    ids=["by the terminal", "not by us"],
)
def test_ctrl_c_in_a_terminal_reaches_the_command_once(folder: Path, beginning: str, shown: bytes, end: bytes) -> None:
    ours, its = pty.openpty()
    command = [*EMULATOR, "exec", "--", sys.executable, "-c", f"{beginning}{COUNT_INTERRUPTS}"]
    # The leader of a session that opens a terminal has it as its own from then on.
    at_terminal = ["sh", "-c", 'exec < "$0" > "$0" 2>&1; exec "$@"', os.ttyname(its), *command]
    process = subprocess.Popen(at_terminal, cwd=folder, env=clean_environment(), start_new_session=True)
    with process, os.fdopen(ours, "r+b", buffering=0) as terminal, os.fdopen(its):
        try:
            assert terminal.readline() == b"begins\r\n"
            terminal.write(b"\x03")
            assert b"".join(terminal.read(1) for _ in shown) == shown
            process.send_signal(signal.SIGTERM)

            assert terminal.readline() == end
            assert process.wait(timeout=10) == 5
        finally:
            process.kill()


@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["alone", "with its group"])
def test_an_emulator_that_is_killed_takes_the_command_with_it(folder: Path, kill: Callable[[int, int], None]) -> None:
    with started(folder, COUNT_INTERRUPTS) as process:
        assert line_of(process) == "begins"
        kill(process.pid, signal.SIGKILL)

        assert line_of(process) == "ends after 0"
