"""What clients make of every way to fail: curl, requests, PyPI convex, Node's fetch, npm convex."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from convex.http_client import ConvexExecutionError, ConvexHttpClient

from tests.clients.faults import DEATHS, FAILURES, FILE, SCENARIO, WAYS
from tests.clients.scripts import run_script
from tests.support.process import EmulatorProcess, emulator_process
from tests.support.scenarios import write_files

SUCCESS = b'{"status":"success","value":"the whole answer","logLines":[]}'
EACH_FAILURE = pytest.mark.parametrize("way", FAILURES)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    folder: Path = tmp_path_factory.mktemp("faults")
    write_files(folder, {FILE: SCENARIO})
    with emulator_process(folder, FILE) as running:
        yield running


@pytest.fixture(scope="module")
def seen(failing: EmulatorProcess) -> Any:
    """Return what Node saw of all of it."""
    return run_script("faults", failing.url, WAYS=json.dumps([*FAILURES, *DEATHS]))


def curl(emulator: EmulatorProcess, way: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    body = json.dumps({"path": f"fail:{way}", "args": {}})
    command = ["curl", "--disable", "--silent", "--show-error", "-d", body, "-H", "Content-Type: application/json"]
    url = f"{emulator.url}/api/query"
    return subprocess.run([*command, *options, url], capture_output=True, check=False, timeout=60)


def asked(emulator: EmulatorProcess, way: str, timeout: float = 10) -> requests.Response:
    return requests.post(f"{emulator.url}/api/query", json={"path": f"fail:{way}", "args": {}}, timeout=timeout)


@EACH_FAILURE
def test_a_failure_is_the_answer_of_a_deployment(failing: EmulatorProcess, way: str) -> None:
    answer = asked(failing, way)

    assert (answer.status_code, answer.json()["code"]) == FAILURES[way]
    assert answer.json()["message"]


@EACH_FAILURE
def test_pypi_convex_says_status_code_and_message(failing: EmulatorProcess, way: str) -> None:
    status, code = FAILURES[way]
    message = asked(failing, way).json()["message"]

    with pytest.raises(Exception) as raised:  # noqa: PT011 - the client raises nothing more particular
        ConvexHttpClient(failing.url).query(f"fail:{way}")

    assert type(raised.value) is Exception
    assert str(raised.value) == f"{status} {code}: {message}"


@EACH_FAILURE
def test_npm_convex_says_the_body(failing: EmulatorProcess, seen: Any, way: str) -> None:
    assert seen["client"][way]["name"] == "Error"
    assert json.loads(seen["client"][way]["message"]) == asked(failing, way).json()
    assert seen["fetch"][way]["value"]["status"] == FAILURES[way][0]


def test_npm_convex_says_the_same_of_all_kinds_of_function(seen: Any) -> None:
    assert seen["kinds"]["query"] == seen["kinds"]["mutation"] == seen["kinds"]["action"]
    assert json.loads(seen["kinds"]["query"]["message"])["code"] == "ExecuteFullError"


CURL = {"disconnect": 52, "reset": 56, "malformed": 0, "cut": 18, "torn": 0}


@pytest.mark.parametrize("way", CURL)
def test_curl_tells_one_death_from_another(failing: EmulatorProcess, way: str) -> None:
    assert curl(failing, way).returncode == CURL[way]


def test_curl_gets_what_was_sent_before(failing: EmulatorProcess) -> None:
    assert curl(failing, "cut").stdout == SUCCESS[:20]
    assert curl(failing, "malformed").stdout.startswith(SUCCESS[: len(SUCCESS) // 2])


def test_curl_waits_in_vain_for_what_times_out(failing: EmulatorProcess) -> None:
    run = curl(failing, "timeout", "--max-time", "0.2")

    assert (run.returncode, run.stdout) == (28, b"")


@pytest.mark.parametrize(
    ("way", "error"),
    [
        ("disconnect", requests.ConnectionError),
        ("reset", requests.ConnectionError),
        ("cut", requests.exceptions.ChunkedEncodingError),
        ("malformed", requests.exceptions.JSONDecodeError),
        ("torn", requests.exceptions.JSONDecodeError),
        ("timeout", requests.ReadTimeout),
    ],
)
def test_requests_raises_an_error_of_its_own_for_each_death(
    failing: EmulatorProcess, way: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        asked(failing, way, timeout=0.2 if way == "timeout" else 10).json()


@pytest.mark.parametrize("way", ["disconnect", "reset", "cut"])
def test_pypi_convex_raises_what_requests_raises(failing: EmulatorProcess, way: str) -> None:
    with pytest.raises(requests.RequestException):
        ConvexHttpClient(failing.url).query(f"fail:{way}")


@pytest.mark.parametrize("way", ["malformed", "torn"])
def test_pypi_convex_says_that_it_cannot_read_what_is_malformed(failing: EmulatorProcess, way: str) -> None:
    with pytest.raises(ConvexExecutionError, match=r"^Unexpected response format: "):
        ConvexHttpClient(failing.url).query(f"fail:{way}")


NODE = {
    "disconnect": ("TypeError", "fetch failed"),
    "reset": ("TypeError", "fetch failed"),
    "cut": ("TypeError", "terminated"),
    "malformed": ("SyntaxError", None),
    "torn": ("SyntaxError", None),
}


@pytest.mark.parametrize("way", NODE)
def test_npm_convex_throws_what_fetch_throws(seen: Any, way: str) -> None:
    name, message = NODE[way]
    thrown = seen["client"][way]

    assert thrown["name"] == name
    assert message in (None, thrown["message"])


def test_fetch_tells_a_reset_from_an_end(seen: Any) -> None:
    assert seen["fetch"]["reset"]["cause"] == "ECONNRESET"
    assert seen["fetch"]["disconnect"]["cause"] == "UND_ERR_SOCKET"


def test_npm_convex_can_be_given_a_timeout(seen: Any) -> None:
    assert seen["timeout"]["name"] == "TimeoutError"


def test_a_caller_over_a_limit_is_told_so(seen: Any) -> None:
    assert [each.get("value") for each in seen["limited"]] == ["sent", "sent", None]
    assert json.loads(seen["limited"][2]["message"])["code"] == "TooManyConcurrentRequests"


def test_clients_go_on_after_all_of_it(failing: EmulatorProcess, seen: Any) -> None:
    assert seen["afterwards"] == "done"
    assert ConvexHttpClient(failing.url).query("well:done") == "done"
    assert set(WAYS) == {*FAILURES, *DEATHS, "timeout"}
