"""`--state` and `emulator snapshot`, as users meet them; and an emulator that is killed in the middle of writes."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from emulator.cli import main
from tests.support.process import EMULATOR, EmulatorProcess, clean_environment, emulator_process
from tests.support.scenarios import write_files

SCENARIO = """
tables: {notes: {}}
functions:
  notes:list: {type: query, query: {table: notes}}
  files:upload: {type: mutation, result: "${upload_url()}"}
  files:url: {type: query, result: "${storage_url(args.id)}"}
  notes:add:
    type: mutation
    do: [{insert: {into: notes, document: {text: "${args.text}"}}}]
    result: null
gateway: {agents: {main: {}}, chat: {reply: hello}}
"""
WRITERS = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path, {"scenarios/default.yaml": SCENARIO, "scenarios/other.yaml": "seed: 1"})
    return tmp_path


@contextmanager
def serving(folder: Path, *more: str) -> Iterator[EmulatorProcess]:
    """Run the emulator with a state file until the block ends."""
    with emulator_process(folder, options=("--port", "0", "--state", "demo.db", "--no-watch", *more)) as running:
        yield running


def call(connection: HTTPConnection, kind: str, path: str, args: object = None) -> Any:
    body = json.dumps({"path": path, "args": args or {}, "format": "json"})
    connection.request("POST", f"/api/{kind}", body, {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["value"]


def connected(running: EmulatorProcess) -> HTTPConnection:
    host, _, port = running.url.removeprefix("http://").partition(":")
    return HTTPConnection(host, int(port), timeout=30)


def texts(running: EmulatorProcess) -> list[str]:
    connection = connected(running)
    try:
        return [each["text"] for each in call(connection, "query", "notes:list")]
    finally:
        connection.close()


def add(running: EmulatorProcess, text: str) -> None:
    connection = connected(running)
    call(connection, "mutation", "notes:add", {"text": text})
    connection.close()


def write_until_killed(running: EmulatorProcess, name: str, enough: int, reached: Event) -> list[str]:
    """Write one document after the other, and return those that were answered; `reached` is set after `enough`."""
    answered: list[str] = []
    connection = connected(running)
    try:
        while True:
            text = f"{name} {len(answered)}"
            call(connection, "mutation", "notes:add", {"text": text})
            answered.append(text)
            if len(answered) >= enough:
                reached.set()
    except (OSError, HTTPException):
        return answered
    finally:
        connection.close()


def test_no_write_that_was_answered_is_lost_when_the_emulator_is_killed(folder: Path) -> None:
    draws = random.Random(7)  # noqa: S311 - when to kill is no secret
    answered: list[str] = []
    for life in range(4):
        with serving(folder) as running, ThreadPoolExecutor(WRITERS) as threads:
            assert set(answered) <= set(texts(running)), "an answered write is lost"
            reached, enough = Event(), draws.randint(1, 60)
            writers = [
                threads.submit(write_until_killed, running, f"{life} {number}", enough, reached)
                for number in range(WRITERS)
            ]
            assert reached.wait(30)
            running.process.kill()
            answered += [text for each in writers for text in each.result()]

    with serving(folder) as running:
        there = texts(running)
        assert running.interrupt() == 0
    assert set(answered) <= set(there)
    assert len(there) <= len(answered) + 4 * WRITERS  # what was written, and whose answer was on its way
    assert len(set(there)) == len(there)
    assert [each["message"] for each in running.log if each["level"] != "info"] == []
    assert sorted(each.name for each in folder.iterdir()) == ["demo.db", "scenarios"]


def upload(running: EmulatorProcess, content: bytes) -> str:
    """Send a file; return its id."""
    connection = connected(running)
    url = urlsplit(call(connection, "mutation", "files:upload"))
    connection.request("POST", f"{url.path}?{url.query}", content, {"Content-Type": "text/plain"})
    key = json.loads(connection.getresponse().read())["storageId"]
    connection.close()
    assert isinstance(key, str)
    return key


def download(running: EmulatorProcess, key: str) -> tuple[int, bytes]:
    connection = connected(running)
    connection.request("GET", urlsplit(call(connection, "query", "files:url", {"id": key})).path)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_a_file_that_was_uploaded_is_there_after_the_emulator_was_killed(folder: Path) -> None:
    contents = [b"", b"hello", bytes(range(256)) * 8192]
    with serving(folder) as running:
        keys = [upload(running, each) for each in contents]
        running.process.kill()
    with serving(folder) as running:
        assert [download(running, each) for each in keys] == [(200, each) for each in contents]
        assert running.interrupt() == 0
    with closing(sqlite3.connect(folder / "demo.db", isolation_level=None)) as connection:
        connection.execute("UPDATE files SET content = x'00' WHERE content = CAST('hello' AS BLOB)")
    with serving(folder) as running:
        (warning,) = [each["message"] for each in running.log if each["level"] == "warning"]
        told = f"the bytes of stored files are damaged in demo.db, or not there; their URLs answer 404: 1, {keys[1]}"
        assert warning == told
        assert [download(running, each)[0] for each in keys] == [200, 404, 200]


def test_the_log_says_what_became_of_the_state(folder: Path) -> None:
    with serving(folder) as running:
        assert "the state is kept in demo.db from now on" in [each["message"] for each in running.log]
        add(running, "milk")
        assert running.interrupt() == 0
    write_files(
        folder, {"scenarios/default.yaml": SCENARIO.replace("notes: {}", "notes: {}, tasks: {documents: [{}]}")}
    )
    with serving(folder) as running:
        text = "the state goes on as it is in demo.db: 1 document; begun anew, as the scenario says it otherwise by now"
        assert f"{text}: table tasks" in [each["message"] for each in running.log]
        assert texts(running) == ["milk"]


def test_a_broken_file_is_told_and_kept_aside(folder: Path) -> None:
    with serving(folder) as running:
        add(running, "milk")
        assert running.interrupt() == 0
    content = (folder / "demo.db").read_bytes()
    (folder / "demo.db").write_bytes(content[:4096])

    with serving(folder) as running:
        (warning,) = [each["message"] for each in running.log if each["level"] == "warning"]
        assert warning.startswith("the state file demo.db cannot be used: it is damaged")
        assert warning.endswith("; it is kept as demo.db.broken-1, and a new one begun")
        assert texts(running) == []


def refused(folder: Path, *options: str) -> str:
    """Return what a start is refused with."""
    command = [*EMULATOR, "serve", "--port", "0", *options]
    done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, ""), done
    return done.stderr


def test_a_start_that_cannot_have_the_file_says_why(folder: Path) -> None:
    with serving(folder):
        told = refused(folder, "--state", "demo.db")
        assert told == "Error: demo.db is in use by another emulator; stop that one, or name another file\n"
    told = refused(folder, "--state", "scenarios/default.yaml")
    assert told.startswith("Error: scenarios/default.yaml is no state file of an emulator; it is left as it is")
    told = refused(folder, "--state", "demo.db", "--scenario", "other")
    reason = "it is of the scenario default, and other is in force"
    assert told == f"Error: demo.db cannot be used: {reason}; name another file\n"
    told = refused(folder, "--state", "no/demo.db")
    assert told == "Error: no/demo.db cannot be opened: No such file or directory\n"


def said(running: EmulatorProcess, *arguments: str) -> tuple[int, str]:
    """Say something to an emulator, and return the exit status and all that was printed."""
    meant = ("--url", running.url, "--token", str(running.facts["token"]))
    done = CliRunner().invoke(main, (*arguments, *meant), prog_name="emulator")
    return done.exit_code, done.output


def test_a_snapshot_is_saved_and_loaded_and_is_a_state_file(folder: Path) -> None:
    saved = folder / "saved.db"
    with serving(folder) as running:
        add(running, "milk")
        status, told = said(running, "snapshot", "save", str(saved))
        assert (status, told) == (0, f"saved to {saved}, {saved.stat().st_size} bytes\n")
        assert saved.stat().st_mode & 0o777 == 0o600
        add(running, "tea")
        assert said(running, "snapshot", "save", str(saved))[0] == 0
        assert said(running, "reset")[0] == 0
        assert texts(running) == []
        assert said(running, "snapshot", "load", str(saved)) == (0, f"loaded from {saved}: 2 documents\n")
        assert texts(running) == ["milk", "tea"]
        status, told = said(running, "snapshot", "load", str(saved), "--json")
        assert json.loads(told) == {"scenario": "default", "documents": 2, "anew": []}
    (folder / "demo.db").unlink()
    (folder / "demo.db-wal").unlink(missing_ok=True)
    saved.rename(folder / "demo.db")
    with serving(folder) as running:
        assert texts(running) == ["milk", "tea"]


def test_a_snapshot_has_the_bytes_of_stored_files(folder: Path) -> None:
    saved = str(folder / "saved.db")
    with emulator_process(folder, options=("--port", "0", "--no-watch")) as running:
        key = upload(running, b"hello")
        assert said(running, "snapshot", "save", saved)[0] == 0
    with emulator_process(folder, options=("--port", "0", "--no-watch")) as running:
        assert said(running, "snapshot", "load", saved)[0] == 0
        assert download(running, key) == (200, b"hello")


def test_a_snapshot_replaces_nothing_that_is_none(folder: Path) -> None:
    notes = folder / "notes.txt"
    notes.write_text("mine")
    with serving(folder) as running:
        told = said(running, "snapshot", "save", str(notes))
        assert told == (1, f"Error: {notes} is there, and is no snapshot; it is left as it is\n")
        demo = folder / "demo.db"
        told = said(running, "snapshot", "save", str(demo))
        assert told == (1, f"Error: {demo} is the state file of an emulator; name another file\n")
        status, text = said(running, "snapshot", "load", str(notes))
        assert (status, text) == (
            1,
            "Error: the snapshot cannot be loaded: it is no snapshot and no state file of an emulator\n",
        )
        status, text = said(running, "snapshot", "load", str(folder / "no.db"))
        assert (status, text) == (1, f"Error: {folder / 'no.db'} cannot be read: No such file or directory\n")
    assert notes.read_text() == "mine"
    assert sorted(each.name for each in folder.glob(".*")) == []
