"""Clients in one process of Node, and emulators for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.live import FILE, SCENARIO, LiveClient, LiveClients, live_clients
from tests.clients.npm_live.said import Open
from tests.clients.scripts import SCRIPTS, save
from tests.support.process import EmulatorProcess, emulator_process


@pytest.fixture(scope="module")
def clients() -> Iterator[LiveClients]:
    """Run one process for all clients."""
    with live_clients("node", str(SCRIPTS / "live.mjs")) as running:
        yield running


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """Serve the scenario to all tests that change nothing but a channel of their own."""
    folder = tmp_path_factory.mktemp("live")
    save(folder, FILE, SCENARIO)
    with emulator_process(folder, FILE) as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmulatorProcess]:
    """Serve the scenario to one test that changes more."""
    save(tmp_path, FILE, SCENARIO)
    with emulator_process(tmp_path, FILE) as running:
        yield running


@pytest.fixture
def connect(clients: LiveClients, emulator: EmulatorProcess) -> Iterator[Open]:
    """Open clients, close them in the end, and see that they printed nothing that a test has not asked for."""
    opened = []

    def open_client(at: EmulatorProcess = emulator, **options: Any) -> LiveClient:
        opened.append(clients.open(at.url, **options))
        return opened[-1]

    yield open_client
    for client in opened:
        client.do("close")
    assert clients.said() == []


@pytest.fixture
def client(connect: Open) -> LiveClient:
    """Return a client that everybody may have."""
    return connect()
