"""Airbyte's `source-convex`, unmodified, against the command itself: check, discover, full and incremental reads."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.clients.airbyte.install import SOURCE
from tests.support.process import EmulatorProcess, emulator_process
from tests.support.scenarios import write_files

PATIENCE = 60
KEY = "shop|key"
SCENARIO = """
deployment: {name: shop, admin_keys: ["shop|key"]}
tables:
  users: {count: 1100, document: {name: "user ${index}"}}
  orders: {fields: {item: string, count: int64}, documents: [{item: tea, count: 2}, {item: milk, count: 1}]}
functions:
  orders:list: {query: {table: orders}}
  orders:add: {do: [{insert: {into: orders, document: {item: "${args.item}", count: 1}, as: id}}], result: "${id}"}
  orders:drop: {do: [{delete: {table: orders, id: "${args.id}"}}], result: null}
"""


class Airbyte:
    """Runs the source as Airbyte does, with files for what it is told."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    def run(self, command: str, key: str = KEY, **files: Any) -> list[dict[str, Any]]:
        """Run a command of the source; return its messages, other than its log."""
        files["config"] = {"deployment_url": self.url, "access_key": key}
        options = []
        for name, content in files.items():
            path = self.folder / f"{name}.json"
            path.write_text(json.dumps(content), encoding="utf-8")
            options += [f"--{name}", str(path)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_PROXY": "*"}
        done = subprocess.run(
            [str(SOURCE), command, *options],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return [each for each in map(json.loads, done.stdout.splitlines()) if each["type"] not in {"LOG", "TRACE"}]

    @cached_property
    def streams(self) -> list[dict[str, Any]]:
        """The streams that the source finds."""
        (message,) = self.run("discover")
        streams: list[dict[str, Any]] = message["catalog"]["streams"]
        return streams

    def read(self, mode: str, state: Any = None) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
        """Read all streams; return the records of each, and the newest state of each for the next time."""
        streams: list[dict[str, Any]] = [
            {"stream": each, "sync_mode": mode, "destination_sync_mode": "append"} for each in self.streams
        ]
        given = {} if state is None else {"state": state}
        records: dict[str, list[dict[str, Any]]] = {each["stream"]["name"]: [] for each in streams}
        states: dict[str, dict[str, Any]] = {}
        for message in self.run("read", catalog={"streams": streams}, **given):
            if message["type"] == "RECORD":
                records[message["record"]["stream"]].append(message["record"]["data"])
            elif message["type"] == "STATE":
                states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
        return records, list(states.values())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    folder = tmp_path_factory.mktemp("shop")
    write_files(folder, {"shop.yaml": SCENARIO})
    with emulator_process(folder, "shop.yaml") as running:
        yield running


@pytest.fixture(scope="module")
def airbyte(shop: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Airbyte:
    if not SOURCE.exists():
        reason = "Airbyte's source is not installed; `make airbyte` does that, or says why it cannot"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return Airbyte(tmp_path_factory.mktemp("airbyte"), shop.url)


def call(shop: EmulatorProcess, kind: str, path: str, **args: Any) -> Any:
    body = {"path": path, "args": args, "format": "json"}
    return requests.post(f"{shop.url}/api/{kind}", json=body, timeout=PATIENCE).json()["value"]


def test_the_connection_is_good_with_the_key(airbyte: Airbyte) -> None:
    (message,) = airbyte.run("check")

    assert message["connectionStatus"]["status"] == "SUCCEEDED"


def test_a_wrong_key_is_told_in_the_words_of_the_deployment(airbyte: Airbyte) -> None:
    (message,) = airbyte.run("check", key="shop|wrong")

    assert message["connectionStatus"]["status"] == "FAILED"
    told = "401: BadAdminKey: The provided admin key was invalid for this instance"
    assert told in message["connectionStatus"]["message"]


def test_the_tables_are_its_streams(airbyte: Airbyte) -> None:
    orders, users = airbyte.streams

    assert (orders["name"], users["name"]) == ("orders", "users")
    assert orders["source_defined_primary_key"] == [["_id"]]
    assert {"_id", "_creationTime", "_ts", "_deleted", "count", "item"} <= orders["json_schema"]["properties"].keys()
    assert users["json_schema"]["properties"]["name"] == {"type": "string"}


def test_everything_is_read_and_then_what_changed(airbyte: Airbyte, shop: EmulatorProcess) -> None:
    full, _ = airbyte.read("full_refresh")
    first, state = airbyte.read("incremental")
    documents = {each["_id"]: each for each in call(shop, "query", "orders:list")}
    dropped = next(iter(documents))
    added = call(shop, "mutation", "orders:add", item="jam")
    call(shop, "mutation", "orders:drop", id=dropped)
    second, _ = airbyte.read("incremental", state)

    for records in (full, first):
        assert sorted(each["name"] for each in records["users"]) == sorted(f"user {n}" for n in range(1100))
        read = {each["_id"]: {name: each[name] for name in documents[each["_id"]]} for each in records["orders"]}
        assert read == documents
    assert second["users"] == []
    told = [(each["_id"], each.get("item"), bool(each["_ab_cdc_deleted_at"])) for each in second["orders"]]
    assert told == [(added, "jam", False), (dropped, None, True)]
