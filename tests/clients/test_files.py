"""Stored files with npm `convex` and fetch, and with curl, against the command itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.scripts import run_script
from tests.support.process import EmulatorProcess, emulator_process

SCENARIO = Path(__file__).parents[2] / "scenarios/files.yaml"


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[EmulatorProcess]:
    """Serve the scenario that the how-to walks through."""
    with emulator_process(tmp_path, str(SCENARIO)) as running:
        yield running


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run the script once, against an emulator that nobody else talks to, and return what it saw."""
    with emulator_process(tmp_path_factory.mktemp("pictures"), str(SCENARIO)) as running:
        return run_script("files", running.url)


def test_a_blob_comes_back_as_it_was_sent_with_its_type(seen: Any) -> None:
    assert (seen["id"], seen["type"], seen["isSame"]) == ("kg2", "image/png", True)


def test_a_part_of_it_can_be_had(seen: Any) -> None:
    assert seen["part"] == [206, [0, 1, 2, 3, 4]]


def test_a_query_sees_its_document(seen: Any) -> None:
    assert seen["details"]["size"] == 3_000_000
    assert seen["details"]["contentType"] == "image/png"


def test_an_id_that_is_none_is_refused(seen: Any) -> None:
    assert "ArgumentValidationError" in seen["wrong"]["message"]


def test_live_queries_hear_when_a_file_is_shown_and_when_it_is_deleted(seen: Any) -> None:
    assert seen["pushed"] == [[], [["noise", True]], [["noise", False]]]
    assert seen["gone"] == 404


def curl(*arguments: str) -> bytes:
    """Run curl, which must be satisfied."""
    command = ["curl", "--disable", "--silent", "--show-error", "--fail", *arguments]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def called(pictures: EmulatorProcess, kind: str, path: str, **args: str) -> Any:
    """Call a function with curl."""
    body = json.dumps({"path": path, "args": args})
    answer = curl(f"{pictures.url}/api/{kind}", "-H", "Content-Type: application/json", "-d", body)
    return json.loads(answer)["value"]


def test_curl_sends_a_file_and_goes_on_where_a_download_broke_off(pictures: EmulatorProcess, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    url = called(pictures, "mutation", "pictures:uploadUrl")
    file = json.loads(curl(url, "-H", "Content-Type: video/mp4", "--data-binary", f"@{source}"))["storageId"]
    called(pictures, "mutation", "pictures:add", file=file, title="film")
    (link,) = [each["url"] for each in called(pictures, "query", "pictures:list") if each["title"] == "film"]

    target.write_bytes(content[:1_000_000])
    curl(link, "--continue-at", "-", "--output", str(target))

    assert target.read_bytes() == content
    assert curl(link, "--range", "0-3") == bytes(range(4))
    head = curl(link, "--head").decode().lower()
    assert "content-type: video/mp4\r\n" in head
    assert f"content-length: {len(content)}\r\n" in head
