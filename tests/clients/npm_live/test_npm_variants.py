"""Unmodified npm clients that choose variants in their address, and are told why nothing answered."""

from __future__ import annotations

import re
from pathlib import Path

import requests

from tests.clients.live import FILE, SCENARIO, LiveClients
from tests.clients.npm_live.said import Open, bodies
from tests.clients.scripts import run_script, save
from tests.support.process import EmulatorProcess, emulator_process


def test_live_clients_side_by_side_see_what_each_chose(
    clients: LiveClients, emulator: EmulatorProcess, connect: Open
) -> None:
    ordinary = bodies(connect(), "tea")
    empty = clients.open(f"{emulator.url}/__use/messages:*=empty")
    broken = clients.open(f"{emulator.url}/__use/messages:bodies=error")
    loading = clients.open(f"{emulator.url}/__use/messages:bodies=loading")
    waiting = bodies(loading, "tea")
    try:
        assert ordinary.next() == ["안녕하세요!"]
        assert bodies(empty, "tea").next() == []
        assert "Uncaught Error: Something went wrong" in bodies(broken, "tea").next()["error"]["message"]
        assert loading.do("query", "messages:count", {"channel": "tea"}) == 1
        assert not waiting.has_more()
    finally:
        for each in (empty, broken, loading):
            each.do("close")
    clients.said()


def test_a_live_client_hears_of_what_is_chosen_while_it_runs(own: EmulatorProcess, connect: Open) -> None:
    room = bodies(connect(own), "tea")
    assert room.next() == ["안녕하세요!"]
    headers = {"Authorization": f"Bearer {own.facts['token']}"}
    chosen = {"operation": "messages:bodies", "variant": "empty"}
    url = f"{own.url}/__emulator/variants"
    requests.put(url, json=chosen, headers=headers, timeout=10).raise_for_status()
    assert room.next() == []
    requests.delete(url, headers=headers, timeout=10).raise_for_status()
    assert room.next() == ["안녕하세요!"]


def test_a_call_that_nothing_answers_is_explained_in_the_console(
    connect: Open, clients: LiveClients, emulator: EmulatorProcess
) -> None:
    connect().watch("messages:bodis").next()
    printed = [each for each in clients.said() if "[WARN]" in each]
    assert len(printed) == 1
    expected = (
        r".*\[CONVEX Q\(messages:bodis\)\] \[WARN\].* 'messages:bodis is not scripted; nearest: messages:bodies \("
    )
    assert re.match(expected, printed[0])
    (over_http,) = run_script("missing", emulator.url)["printed"]
    assert over_http["prefix"] == "%c[CONVEX Q(messages:bodis)] [WARN]"
    assert over_http["text"].startswith("'messages:bodis is not scripted; nearest: messages:bodies (live.yaml:")


def test_production_explains_nothing(clients: LiveClients, tmp_path: Path) -> None:
    save(tmp_path, FILE, f"deployment: {{type: prod}}\n{SCENARIO}")
    with emulator_process(tmp_path, FILE) as emulator:
        client = clients.open(emulator.url)
        client.watch("messages:bodis").next()
        client.do("close")
        assert [each for each in clients.said() if "[WARN]" in each] == []
        assert run_script("missing", emulator.url)["printed"] == []
