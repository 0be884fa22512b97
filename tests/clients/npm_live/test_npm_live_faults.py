"""npm `convex`'s ConvexClient, unmodified, in Node, and faults that are laid over its socket while it is open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.live import FILE, SCENARIO, LiveClient, LiveClients, control
from tests.clients.npm_live.said import Open, bodies, said_like
from tests.clients.scripts import save
from tests.support.process import EmulatorProcess, emulator_process

FAULTS = """
faults:
  - {name: internal, on: sync socket, enabled: false, failure: internal}
  - {name: overloaded, on: sync socket, enabled: false, failure: overloaded}
  - {name: signed-out, on: sync socket, enabled: false, failure: unauthorized}
  - {name: no-news, on: sync transition, enabled: false, failure: timeout}
  - {name: cut-news, on: sync transition, enabled: false, times: 1, failure: disconnect}
  - {name: busy, on: messages:send, enabled: false, times: 1, failure: {status: 500}}
  - {name: bad-token, on: sync auth, enabled: false, times: 1, failure: unauthorized}
"""
RECONNECT = r"log: Attempting reconnect in \d+ms"
Switch = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    folder = tmp_path_factory.mktemp("troubled")
    save(folder, FILE, SCENARIO + FAULTS)
    with emulator_process(folder, FILE) as running:
        yield running


@pytest.fixture
def client(connect: Open, troubled: EmulatorProcess) -> LiveClient:
    return connect(troubled)


@pytest.fixture
def switch(troubled: EmulatorProcess) -> Switch:
    def do(name: str, state: str) -> Any:
        return control(troubled, f"/faults/{name}", {"enabled": state == "on"}, "PUT")

    return do


def test_a_socket_that_a_fault_closes_says_why_and_comes_back_when_it_is_over(
    client: LiveClient, clients: LiveClients, switch: Switch
) -> None:
    room = bodies(client, "closed")
    assert room.next() == []
    switch("internal", "on")
    switch("internal", "off")
    client.send("closed", "back")
    assert room.until(["back"])
    said_like(
        clients,
        "log: WebSocket closed with code 1011: InternalServerError",
        RECONNECT,
        r"log: WebSocket reconnected at t=[\d.]+s after disconnect due to InternalServerError",
    )


def test_an_overloaded_server_closes_with_its_code(connect: Open, clients: LiveClients, tmp_path: Path) -> None:
    save(tmp_path, FILE, SCENARIO)
    with emulator_process(tmp_path, FILE) as own:
        client = connect(own)
        bodies(client, "busy").next()
        save(
            tmp_path,
            FILE,
            SCENARIO + FAULTS.replace("overloaded, on: sync socket, enabled: false", "o, on: sync socket"),
        )
        said: list[str] = []
        while len(said) < 2:
            said += clients.said()
        assert said[0] == "log: WebSocket closed with code 1013: ExecuteFullError"
        assert re.fullmatch(RECONNECT, said[1])
        client.do("close")
        clients.said()


def test_an_optimistic_update_is_shown_while_news_are_withheld(client: LiveClient, switch: Switch) -> None:
    room = bodies(client, "withheld")
    assert room.next() == []
    switch("no-news", "on")
    shown = {"query": "messages:bodies", "with": {"channel": "withheld"}, "value": "(sending)"}
    sent = client.begin("mutation", "messages:send", {"channel": "withheld", "body": "sent"}, appends=shown)
    assert room.next() == ["(sending)"]
    assert client.do("state")["hasInflightRequests"]
    assert not room.has_more()
    switch("no-news", "off")
    assert room.next() == ["sent"]
    assert isinstance(sent.result(), str)


@pytest.mark.parametrize("fault", ["cut-news", "busy"])
def test_a_mutation_is_done_once_whether_it_is_cut_before_or_after_it_is_done(
    client: LiveClient, clients: LiveClients, switch: Switch, fault: str
) -> None:
    room = bodies(client, fault)
    assert room.next() == []
    switch(fault, "on")
    sent = client.begin("mutation", "messages:send", {"channel": fault, "body": "once"})
    assert isinstance(sent.result(), str)
    switch(fault, "off")
    assert room.until(["once"])
    assert client.do("query", "messages:count", {"channel": fault}) == 1
    assert len(clients.said()) == 3


def test_a_client_that_is_signed_out_on_demand_comes_back_with_a_fresh_token(
    client: LiveClient, clients: LiveClients, switch: Switch
) -> None:
    client.do("setAuth", tokens=["token-of-ada", "token-of-ada", "token-of-minji"])
    me = client.watch("users:me")
    assert client.is_signed_in()
    me.until("Ada")
    switch("signed-out", "on")
    switch("signed-out", "off")
    assert me.until("민지")
    clients.said()


def test_a_token_that_a_fault_refuses_is_replaced_by_a_fresh_one(
    client: LiveClient, clients: LiveClients, switch: Switch
) -> None:
    switch("bad-token", "on")
    client.do("setAuth", tokens=["token-of-ada", "token-of-minji"])
    me = client.watch("users:me")
    assert client.is_signed_in()
    assert me.until("민지")
    clients.said()
