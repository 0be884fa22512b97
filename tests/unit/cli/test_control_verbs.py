"""`emulator status`, `calls`, `reset`, `clock`, `fault`, `scenario`: said to emulators that really run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner, Result

from emulator.cli import main
from emulator.cli.columns import call_line, fitted, table
from tests.support.process import EMULATOR, EmulatorProcess, clean_environment, emulator_process
from tests.support.scenarios import write_files

SCENARIO = """
seed: 7
clock: {start: 2024-02-08T12:00:00Z}
state: {n: 1}
tables: {notes: {documents: [{t: a}]}}
faults: [{name: outage, on: ["a:b"], enabled: false, failure: overloaded}, {name: dull, on: ["x:*"], delay: 1s}]
functions: {a:b: {result: 1}, a:c: {result: 2}}
"""
TWO = ("functions: {a:b: {result: 2}}", "functions: {a:b: {reslt: 2}}")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def running(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """Run one emulator for all tests of this module, the only one of its user."""
    folder = tmp_path_factory.mktemp("served")
    write_files(
        folder, {"scenarios/default.yaml": SCENARIO, "scenarios/two.yaml": TWO[0], "scenarios/우리 것.yaml": TWO[0]}
    )
    with emulator_process(folder, EMULATOR_CACHE=str(cache)) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(running: EmulatorProcess, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything begin anew before each test, and the verbs find the emulator."""
    monkeypatch.setenv("EMULATOR_CACHE", str(cache))
    monkeypatch.delenv("COLUMNS", raising=False)
    assert running.process.poll() is None
    assert said("scenario", "default").exit_code == 0
    assert said("reset").exit_code == 0


def said(*arguments: str, **environment: str) -> Result:
    """Say something to the emulator that runs, in this process."""
    return CliRunner().invoke(main, arguments, prog_name="emulator", env=environment)


def told(*arguments: str, **environment: str) -> str:
    """Return what a verb that does well prints."""
    done = said(*arguments, **environment)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def as_json(*arguments: str) -> Any:
    return json.loads(told(*arguments, "--json"))


def call(running: EmulatorProcess, name: str = "a:b", args: object = None) -> None:
    body = json.dumps({"path": name, "args": args or {}}).encode()
    request = urllib.request.Request(f"{running.url}/api/query", body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            response.read()
    except urllib.error.HTTPError as error:
        error.close()


def test_the_only_emulator_that_runs_is_found_by_itself(running: EmulatorProcess) -> None:
    call(running)

    lines = told("status").splitlines()

    assert lines[0].startswith("scenario  default (scenarios/default.yaml), revision ")
    assert lines[0].endswith(", seed 7")
    assert lines[1].startswith("clock     2024-02-08T12:00:0")
    assert lines[2:] == ["calls     1", "tables    notes (1)", "faults    dull"]


def test_every_verb_answers_in_json(running: EmulatorProcess) -> None:
    call(running)

    assert as_json("status")["calls"] == 1
    assert [each["operation"] for each in as_json("calls")] == ["a:b"]
    assert [each["name"] for each in as_json("fault")] == ["outage", "dull"]
    assert as_json("fault", "outage", "on") == {"name": "outage", "enabled": True}
    assert [each["name"] for each in as_json("scenario")] == ["default", "two", "우리 것"]
    assert as_json("scenario", "two")["scenario"] == "two"
    assert as_json("clock")["rate"] == 1.0
    assert as_json("clock", "pause")["paused"] is True
    assert as_json("clock", "resume")["paused"] is False
    assert as_json("reset") == {"ok": True}


def test_calls_are_shown_one_a_line_and_chosen(running: EmulatorProcess) -> None:
    assert told("calls") == "no calls yet\n"
    call(running, "a:b", {"text": "안녕"})
    call(running, "a:c")
    call(running, "no:such")

    lines = told("calls").splitlines()

    assert [line.split()[2:4] for line in lines] == [
        ["returned", "a:b"],
        ["returned", "a:c"],
        ["unscripted", "no:such"],
    ]
    assert lines[0].endswith('a:b {"text":"안녕"}')
    assert "is not scripted" in lines[2]
    assert len(told("calls", "--operation", "a:*").splitlines()) == 2
    assert len(told("calls", "--outcome", "unscripted").splitlines()) == 1
    assert told("calls", "--limit", "1").splitlines() == lines[2:]


def test_lines_fit_the_terminal_where_there_is_one(running: EmulatorProcess) -> None:
    call(running, "a:b", {"text": "안녕" * 100})
    call(running, "a:b", {"text": "x" * 300})

    for columns in (20, 40, 81):
        lines = told("calls", COLUMNS=str(columns)).splitlines() + told("fault", COLUMNS=str(columns)).splitlines()
        assert all(line == fitted_to(line, columns) for line in lines), lines
    assert max(map(len, told("calls").splitlines())) > 300


def fitted_to(line: str, columns: int) -> str:
    wide = sum("가" <= each <= "힣" for each in line)
    return line if len(line) + wide <= columns else f"{len(line) + wide} columns"


def test_what_a_client_sent_does_nothing_to_the_terminal() -> None:
    row = {"number": 1, "at": "2024-02-08T12:00:00.000Z", "outcome": "unscripted", "args": {}, "faults": ["f"]}

    line = call_line({**row, "operation": "a\x1b[31m\x07:b", "explanation": "one\ntwo\r\nthree\x9b"})

    assert line == "    1 12:00:00.000 unscripted a�[31m�:b {} [f] — one two three�"


def test_tables_have_columns_as_wide_as_need_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "14")

    assert table(("name", "on"), [("느림", "a"), ("b", "안녕하세요 모두")]) == "name  on\n느림  a\nb     안녕하…"
    assert fitted("") == ""


def test_faults_are_switched(running: EmulatorProcess) -> None:
    assert told("fault", "outage", "on") == "outage is on\n"
    call(running)
    assert told("fault").splitlines() == [
        "fault       hits  on",
        "outage  on  1     a:b",
        "dull    on  0     x:*",
    ]
    assert told("fault", "outage", "off") == "outage is off\n"
    call(running)
    assert [each["outcome"] for each in as_json("calls")] == ["failed", "returned"]
    assert told("fault", "dull", "off") == "dull is off\n"


def test_scenarios_are_listed_and_put_in_force_whatever_their_name() -> None:
    assert told("scenario") == "* default\n  two\n  우리 것\n"
    assert told("scenario", "우리 것").startswith("우리 것 is in force, revision ")
    assert told("scenario") == "  default\n  two\n* 우리 것\n"
    assert told("fault") == "the scenario has no faults\n"


def test_time_is_steered() -> None:
    told("clock", "pause")
    assert told("clock").endswith(", paused, rate 1.0\n")
    before = as_json("clock")["now"]
    assert as_json("clock", "advance", "1d")["now"][:10] == "2024-02-09"
    assert before < as_json("clock")["now"]
    assert told("clock", "rate", "10").endswith("rate 10.0\n")
    told("clock", "resume")


def test_levels_begin_anew(running: EmulatorProcess) -> None:
    call(running)

    assert told("reset", "state", "counts") == "reset: state, counts\n"
    assert len(as_json("calls")) == 1
    assert told("reset") == "reset: all\n"
    assert as_json("calls") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("fault", "outage"), "say on or off: emulator fault outage on"),
        (("clock", "advance"), "say how much: emulator clock advance 5m"),
        (("clock", "rate"), "say how much: emulator clock rate 10"),
        (("clock", "rate", "fast"), "'fast' is no number"),
        (("clock", "rate", "nan"), "'nan' is no number"),
        (("clock", "pause", "5m"), "say no more: emulator clock pause"),
        (("reset", "everything"), "'everything' is not one of"),
        (("status", "--url", "ftp://x"), "'ftp://x' is no URL such as http://127.0.0.1:3210"),
        (("status", "--url", "http://한글"), "is no URL"),
        (("status", "--url", "http://[::1"), "is no URL"),
        (("status", "--url", "http://x:99999"), "is no URL"),
    ],
)
def test_what_was_not_understood_is_told(arguments: tuple[str, ...], sentence: str) -> None:
    done = said(*arguments)

    assert (done.exit_code, sentence in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("fault", "outrage", "on"), "Error: there is no fault 'outrage'; did you mean 'outage'?"),
        (("scenario", "tow"), "Error: there is no scenario 'tow'; did you mean 'two'?"),
        (("clock", "advance", "5"), "Error: '5' is not a duration such as 250ms, 3s or 1m30s"),
        (("status", "--token", "wrong"), None),
        (("reset", "--token", "wrong"), "Error: this needs the control token; send Authorization: Bearer"),
    ],
)
def test_what_the_emulator_refuses_is_told_with_what_to_do(arguments: tuple[str, ...], sentence: str | None) -> None:
    done = said(*arguments)

    assert done.exit_code == (0 if sentence is None else 1)
    assert (sentence or "") in done.stderr


def test_an_emulator_is_named_by_any_of_its_names(running: EmulatorProcess) -> None:
    port = running.url.rpartition(":")[2]
    for url in (running.url, f"{running.url}/", f"localhost:{port}", f"http://127.0.0.1:{port}"):
        assert said("reset", "--url", url).exit_code == 0, url


def test_url_and_token_can_be_given_as_variables(running: EmulatorProcess) -> None:
    given = {"EMULATOR_CACHE": "off", "EMULATOR_URL": running.url}

    assert said("status", **given).exit_code == 0
    assert said("reset", **given).exit_code == 1
    assert said("reset", **given, EMULATOR_TOKEN=running.facts["token"]).exit_code == 0


@pytest.fixture
def nowhere() -> str:
    """Return a URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_where_no_emulator_answers_it_is_said_what_to_do(nowhere: str, tmp_path: Path) -> None:
    done = said("status", "--url", nowhere, EMULATOR_CACHE=str(tmp_path))
    assert done.exit_code == 1
    assert f"no emulator answers at {nowhere} (" in done.stderr
    assert "start one with `emulator serve`, or name it with --url" in done.stderr

    done = said("status", "--url", nowhere, EMULATOR_CACHE="off")
    assert "with EMULATOR_CACHE=off none is found by itself: name it with --url, and give its --token" in done.stderr


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"HTTP/1.1 404 No\r\n\r\n", b"SSH-2.0\r\n", b""]
)
def test_what_is_no_emulator_is_told_as_that(answer: bytes, tmp_path: Path) -> None:
    program = (
        "import socket,sys\n"
        "with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "    print(server.getsockname()[1], flush=True)\n"
        "    peer = server.accept()[0]\n"
        f"    peer.recv(9999), peer.sendall({answer!r}), peer.close()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        done = said("status", "--url", f"127.0.0.1:{int(process.stdout.readline())}", EMULATOR_CACHE=str(tmp_path))

    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert "no emulator" in done.stderr


def test_of_several_emulators_one_has_to_be_named(running: EmulatorProcess, cache: Path, tmp_path: Path) -> None:
    write_files(tmp_path, {"scenarios/default.yaml": "seed: 2"})
    with emulator_process(tmp_path, EMULATOR_CACHE=str(cache)) as other:
        done = said("status")
        assert done.exit_code == 1
        assert done.stderr.startswith("Error: several emulators run: ")
        assert all(each.url in done.stderr for each in (running, other))
        assert "name one with --url" in done.stderr
        assert json.loads(told("status", "--json", "--url", other.url))["seed"] == 2

        other.process.kill()
        other.process.wait()
        assert as_json("status")["seed"] == 7
        assert len(list((cache / "running").iterdir())) == 1


def test_files_of_emulators_that_run_are_their_users_alone(running: EmulatorProcess, cache: Path) -> None:
    (file,) = (cache / "running").iterdir()

    assert file.name == f"{running.process.pid}.json"
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"pid": 1}', '{"pid": 1e400}', f'{{"pid": {10**30}}}', '{"pid": "x"}', '"x"']
)
def test_files_that_are_none_are_removed(cache: Path, text: str) -> None:
    odd = cache / "running" / "0.json"
    odd.write_text(text)

    assert said("status").exit_code == 0
    assert not odd.exists()


def test_an_emulator_that_ends_takes_its_file_with_it(tmp_path: Path) -> None:
    write_files(tmp_path, {"scenarios/default.yaml": "seed: 2"})
    with emulator_process(tmp_path, EMULATOR_CACHE=str(tmp_path / "cache")) as running:
        assert len(list((tmp_path / "cache/running").iterdir())) == 1
        assert running.interrupt() == 0

        assert list((tmp_path / "cache/running").iterdir()) == []


@contextmanager
def following(running: EmulatorProcess, cache: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Follow calls until the block ends; nothing may be said that is no call."""
    environment = clean_environment(EMULATOR_CACHE=str(cache))
    command = [*EMULATOR, "calls", "--follow", "--url", running.url, *more]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield process, process.stdout
            assert process.wait(timeout=10) == 0
            assert (process.stdout.read(), process.stderr.read()) == ("", "")
        finally:
            process.kill()


def test_calls_are_followed_until_ctrl_c(running: EmulatorProcess, cache: Path) -> None:
    call(running)
    call(running, "a:c")
    with following(running, cache, "--operation", "a:b") as (process, output):
        assert "a:b" in output.readline()
        call(running, "a:c")
        call(running, "a:b", {"n": 1})
        assert output.readline().endswith('a:b {"n":1.0}\n')
        process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_who_follows_ends_quietly_with_the_emulator(tmp_path: Path, number: signal.Signals) -> None:
    write_files(tmp_path, {"scenarios/default.yaml": SCENARIO})
    with emulator_process(tmp_path, EMULATOR_CACHE=str(tmp_path)) as ending:
        call(ending)
        with following(ending, tmp_path, "--json") as (_, output):
            assert json.loads(output.readline())["operation"] == "a:b"
            call(ending, "a:c")
            assert json.loads(output.readline())["operation"] == "a:c"
            ending.process.send_signal(number)


def test_a_broken_pipe_is_no_matter(running: EmulatorProcess, cache: Path) -> None:
    for number in range(300):
        call(running, "a:b", {"text": str(number) * 100})
    command = f"{sys.executable} -m emulator calls --limit 1000 | head -1"
    environment = clean_environment(EMULATOR_CACHE=str(cache), PATH=os.environ["PATH"])
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)

    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_json_logs_have_no_secrets(tmp_path: Path) -> None:
    key = "d|hunter2secret"
    scenario = f"deployment: {{admin_keys: ['{key}']}}\nfunctions: {{a:b: {{result: 1}}}}"
    write_files(tmp_path, {"scenarios/default.yaml": scenario})
    with emulator_process(tmp_path) as running:
        (tmp_path / "scenarios/default.yaml").write_text(scenario.replace("result", "reslt"))
        running.wait_for_log("stays in force")
        token, lines = running.facts["token"], json.dumps(running.log)

        assert running.facts["admin_key"] == key
        assert "hunter2" not in lines
        assert token not in lines
        assert "unknown-key" in lines
