"""`emulator serve`, run as users run it."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from emulator.app import Listener
from emulator.cli.options import USUAL_PORTS, listeners
from tests.support.process import EMULATOR, clean_environment, emulator_process
from tests.support.scenarios import write_files

ONE = "functions: {messages:list: {result: [hello]}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path, {"scenarios/default.yaml": ONE})
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*EMULATOR, *arguments]
    environment = clean_environment(**environment)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=30)


def ask(url: str, path: str = "messages:list") -> object:
    body = json.dumps({"path": path, "args": {}}).encode()
    request = urllib.request.Request(f"{url}/api/query", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return json.loads(response.read())["value"]


def test_the_ready_file_says_where_everything_is(folder: Path) -> None:
    with emulator_process(folder) as running:
        ready = folder / "ready.json"
        facts = json.loads(ready.read_text())

        assert set(facts) == {
            *("convex_url", "gateway_url", "site_url", "control_url"),
            *("admin_key", "gateway_token", "gateway_password", "token", "scenario", "seed", "pid"),
        }
        assert (facts["scenario"], facts["seed"], facts["site_url"]) == (
            *("default", 0),
            f"{facts['convex_url']}/http",
        )
        assert facts["pid"] == running.process.pid
        assert facts["admin_key"].startswith("local-emulator|")
        assert len(facts["token"]) >= 32
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        assert ask(facts["convex_url"]) == ["hello"]
        assert ask(facts["gateway_url"]) == ["hello"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_while_a_call_waits(folder: Path, number: signal.Signals) -> None:
    write_files(folder, {"scenarios/default.yaml": "functions: {a:slow: {result: 1, delay: 1h}, a:quick: {result: 2}}"})
    with emulator_process(folder) as running:
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as waiting:
            body = b'{"path":"a:slow","args":{}}'
            head = (
                f"POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            )
            waiting.sendall(head.encode() + b"\r\n\r\n" + body)
            assert ask(running.url, "a:quick") == 2
            running.process.send_signal(number)

            assert running.process.wait(timeout=10) == 0
            assert waiting.recv(100) == b""
        assert not (folder / "ready.json").exists()


def test_it_refuses_a_port_in_use_and_says_who_holds_it(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        import os

        done = run(folder, "serve", "--port", str(port))

        assert done.returncode == 1
        assert f"port {port} of 127.0.0.1 is in use by process {os.getpid()}" in done.stderr
        assert "--port 0" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_broken_scenario_is_not_served_and_says_why(folder: Path) -> None:
    write_files(folder, {"scenarios/default.yaml": "functions: {messages:list: {reslt: 1}}"})

    done = run(folder, "serve", "--port", "0")

    assert done.returncode == 1
    assert "scenarios/default.yaml:1:29: error[unknown-key]" in done.stderr
    assert "did you mean 'result'?" in done.stderr
    assert done.stdout == ""


def test_a_problem_in_another_scenario_is_said_and_does_no_harm(folder: Path) -> None:
    write_files(folder, {"scenarios/other.yaml": "functons: {}"})
    command = [*EMULATOR, "serve", "--port", "0", "--json-logs"]
    with subprocess.Popen(command, cwd=folder, env=clean_environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first, second = (json.loads(process.stderr.readline()) for _ in range(2))
        process.send_signal(signal.SIGINT)

        assert "scenarios/other.yaml:1:1: error[unknown-key]" in first["message"]
        assert second["message"] == "ready"


def test_the_wanted_scenario_is_served(folder: Path) -> None:
    write_files(folder, {"scenarios/other.yaml": "functions: {messages:list: {result: other}}"})

    with emulator_process(folder, options=("--port", "0", "--scenario", "other")) as running:
        assert running.facts["scenario"] == "other"
        assert ask(running.url) == "other"


@pytest.mark.parametrize(
    ("names", "options", "sentence"),
    [
        (["default"], ["--scenario", "defualt"], "there is no scenario 'defualt'; did you mean 'default'?"),
        (["one", "two"], [], "there are several scenarios and none is called default: one, two; use --scenario"),
    ],
)
def test_it_says_which_scenarios_there_are(
    tmp_path: Path, names: Sequence[str], options: Sequence[str], sentence: str
) -> None:
    write_files(tmp_path, {f"scenarios/{name}.yaml": ONE for name in names})

    done = run(tmp_path, "serve", "--port", "0", *options)

    assert (done.returncode, sentence in done.stderr) == (1, True)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--port", "0")

    assert done.returncode == 1
    assert "cannot read scenarios: No such file or directory" in done.stderr


def test_options_can_be_given_as_variables(folder: Path) -> None:
    with emulator_process(folder, options=(), EMULATOR_PORT="0", EMULATOR_SEED="77") as running:
        assert running.facts["seed"] == 77


def test_the_log_can_go_to_a_file(folder: Path) -> None:
    write_files(folder, {"scenarios/other.yaml": "functons: {}"})
    with emulator_process(folder) as running:
        done = run(folder, "serve", "--convex-port", running.url.rpartition(":")[2], "--log-file", "emulator.log")

    assert "is in use by process" in done.stderr
    assert "problems in scenarios that are not served" not in done.stderr
    assert "problems in scenarios that are not served" in (folder / "emulator.log").read_text(encoding="utf-8")


def test_a_log_file_that_cannot_be_written_is_said(folder: Path) -> None:
    done = run(folder, "serve", "--port", "0", "--log-file", "nowhere/emulator.log")

    assert (done.returncode, done.stderr) == (
        1,
        "Error: cannot write the log to nowhere/emulator.log: No such file or directory\n",
    )


def test_a_random_seed_is_drawn_and_shown(folder: Path) -> None:
    with emulator_process(folder, options=("--port", "0", "--seed", "random")) as running:
        seed = running.facts["seed"]

    assert isinstance(seed, int)
    assert seed > 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--port", "1", "--convex-port", "2"], "--port is one port for everything; it excludes --convex-port"),
        (["--seed", "x"], "'x' is neither a whole number nor random"),
        (["--port", "70000"], "70000 is not in the range"),
        (["--sed", "1"], "No such option"),
    ],
)
def test_options_that_make_no_sense_are_refused(folder: Path, options: Sequence[str], sentence: str) -> None:
    done = run(folder, "serve", *options)

    assert (done.returncode, sentence in done.stderr) == (2, True)


NOT_GIVEN: dict[str, int | None] = {"convex": None, "gateway": None, "site": None}


def test_by_default_it_listens_at_the_ports_of_the_real_things() -> None:
    assert listeners("127.0.0.1", None, NOT_GIVEN, USUAL_PORTS) == (
        Listener("convex", "127.0.0.1", 3210),
        Listener("gateway", "127.0.0.1", 18789),
        Listener("site", "127.0.0.1", 3211),
    )


def test_whoever_moves_the_deployment_has_its_http_actions_below_it() -> None:
    assert [
        each.name for each in listeners("127.0.0.1", None, {"convex": 8000, "gateway": 8001, "site": None}, USUAL_PORTS)
    ] == ["convex", "gateway"]


def test_each_port_can_be_chosen() -> None:
    with pytest.raises(click.UsageError):
        listeners("::1", 1, {**NOT_GIVEN, "site": 4}, USUAL_PORTS)

    chosen = listeners("::1", None, {"convex": 2, "gateway": 3, "site": 4}, USUAL_PORTS)
    assert [each.port for each in chosen] == [2, 3, 4]


def test_every_listener_answers_and_the_site_has_no_http_actions(folder: Path) -> None:
    options = ("--convex-port", "0", "--gateway-port", "0", "--site-port", "0")
    with emulator_process(folder, options=options) as running:
        urls = {running.facts[name] for name in ("convex_url", "gateway_url", "site_url")}

        assert len(urls) == 3
        assert ask(running.facts["gateway_url"]) == ["hello"]
        with pytest.raises(urllib.error.HTTPError) as failure:
            urllib.request.urlopen(f"{running.facts['site_url']}/http/tea")  # noqa: S310
        assert failure.value.read() == b"This Convex deployment does not have HTTP actions enabled."
        failure.value.close()


def test_the_banner_has_a_line_to_paste_that_works(folder: Path) -> None:
    command = [*EMULATOR, "serve", "--port", "0", "--no-watch"]
    with subprocess.Popen(
        command, cwd=folder, env=clean_environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        banner = []
        for line in process.stdout:
            banner.append(line.rstrip())
            if "curl" in line:
                break
        done = subprocess.run(["bash", "-c", banner[-1]], capture_output=True, text=True, check=True)
        process.send_signal(signal.SIGINT)

    text = "\n".join(banner)
    assert json.loads(done.stdout)["value"] == ["hello"]
    assert "serves scenario default (scenarios/default.yaml), seed 0" in text
    assert "1 function" in text
    assert "admin key   local-emulator|" in text
    assert "Not watching for changes. Ctrl-C stops." in text


def test_a_start_imports_neither_the_yaml_reader_nor_the_watcher() -> None:
    program = (
        "import sys, emulator.cli.serve; print([m for m in ('yaml', 'pydantic', 'watchfiles') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_command_tells_its_version(tmp_path: Path) -> None:
    from emulator import __version__

    assert run(tmp_path, "--version").stdout.strip() == f"emulator, version {__version__}"
