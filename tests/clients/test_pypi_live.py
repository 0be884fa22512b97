"""PyPI `convex`'s ConvexClient, unmodified: queries that stay up to date whatever happens."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.clients.live import FILE, SCENARIO, LiveClient, LiveClients, control, live_clients
from tests.clients.scripts import save
from tests.support.process import EmulatorProcess, emulator_process

PROGRAM = Path(__file__).parent / "live_client.py"


@pytest.fixture(scope="module")
def clients() -> Iterator[LiveClients]:
    """Run one process for all clients."""
    with live_clients(sys.executable, str(PROGRAM)) as running:
        yield running


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """Serve the scenario to all tests that change nothing but a channel of their own."""
    folder = tmp_path_factory.mktemp("live")
    save(folder, FILE, SCENARIO)
    with emulator_process(folder, FILE) as running:
        yield running


@pytest.fixture
def client(clients: LiveClients, emulator: EmulatorProcess) -> LiveClient:
    """Return a client that nobody else uses."""
    return clients.open(emulator.url)


def test_a_watched_query_answers_at_once_with_its_values(client: LiveClient) -> None:
    [message] = client.watch("messages:list", {"channel": "tea"}).next()

    assert message["likes"] == {"int64": "3"}
    assert (message["author"], message["body"]) == ("민지", "안녕하세요!")


def test_what_is_written_is_iterated(clients: LiveClients, client: LiveClient, emulator: EmulatorProcess) -> None:
    mine = client.watch("messages:bodies", {"channel": "room"})
    other = clients.open(emulator.url).watch("messages:bodies", {"channel": "room"})
    assert (mine.next(), other.next()) == ([], [])
    assert re.fullmatch("[a-z0-9]{32}", client.send("room", "mine"))
    assert (mine.next(), other.next()) == (["mine"], ["mine"])
    args = {"channel": "room", "body": "from curl"}
    requests.post(f"{emulator.url}/api/mutation", json={"path": "messages:send", "args": args}, timeout=10)
    assert mine.next() == other.next() == ["mine", "from curl"]


def test_queries_and_actions_return(client: LiveClient) -> None:
    assert client.do("query", "messages:count", {"channel": "nobody's"}) == 0
    assert client.do("action", "ai/replies:generate") == {"text": "무엇을 도와드릴까요?", "tokens": {"int64": "42"}}


def test_nobody_hears_of_a_query_that_is_watched_no_more(client: LiveClient) -> None:
    watch = client.watch("messages:bodies", {"channel": "left"})
    assert watch.next() == []
    watch.do("unwatch")
    client.send("left", "anybody?")
    assert client.do("query", "messages:count", {"channel": "left"}) == 1
    assert not watch.has_more()


def test_a_convex_error_has_its_data(client: LiveClient) -> None:
    error = client.do("mutation", "messages:send", {"channel": "tea", "body": ""})["error"]
    assert (error["isConvexError"], error["data"]) == (True, {"code": "EMPTY", "left": {"int64": "7"}})
    assert "Uncaught ConvexError: Message is empty" in error["message"]


@pytest.mark.parametrize(
    ("op", "path", "args", "text"),
    [
        ("mutation", "messages:send", {"channel": "tea", "body": "crash"}, "Uncaught Error: the kettle is broken"),
        ("mutation", "messages:send", {"channel": 3.0, "body": ""}, "ArgumentValidationError: Value does not match"),
        ("mutation", "messages:sendd", {}, "Could not find public function for 'messages:sendd'."),
        ("query", "messages:broken", {}, "Uncaught Error: out of tea"),
        ("query", "messages:lst", {}, "Could not find public function for 'messages:lst'."),
    ],
)
def test_other_errors_have_their_text(client: LiveClient, op: str, path: str, args: dict[str, Any], text: str) -> None:
    error = client.do(op, path, args)["error"]
    assert error["isConvexError"] is False
    assert re.match(r"\[Request ID: [0-9a-f]{16}\] Server Error\n" + re.escape(text), error["message"]), error


def test_a_query_that_fails_is_raised_and_heals(client: LiveClient) -> None:
    name = client.watch("channels:name")
    assert name.next() == "tea"
    client.do("mutation", "channels:lose", {"gone": True})
    error = name.next()["error"]
    assert (error["isConvexError"], error["data"]) == (True, {"code": "GONE"})
    client.do("mutation", "channels:lose", {"gone": False})
    assert name.next() == "tea"


def test_a_token_signs_in_and_out(client: LiveClient) -> None:
    me = client.watch("users:me")
    assert me.next() == "nobody"
    client.do("setAuth", token="token-of-ada")
    assert me.until("Ada")
    client.do("setAuth", token="token-of-minji")
    assert me.until("민지")
    client.do("clearAuth")
    assert me.until("nobody")


def test_a_cut_connection_comes_back(client: LiveClient) -> None:
    client.do("setAuth", token="token-of-ada")
    me, room = client.watch("users:me"), client.watch("messages:bodies", {"channel": "cut"})
    assert me.until("Ada")
    assert room.next() == []
    assert client.watch("net:cut").next() == "back again"
    client.send("cut", "hello")
    assert room.until(["hello"])
    assert client.do("query", "users:me") == "Ada"


def test_a_client_comes_back_to_a_server_that_was_killed_and_started_again(
    clients: LiveClients, tmp_path: Path
) -> None:
    save(tmp_path, FILE, SCENARIO)
    with emulator_process(tmp_path, FILE) as before:
        client = clients.open(before.url)
        room = client.watch("messages:bodies", {"channel": "tea"})
        assert room.next() == ["안녕하세요!"]
        client.send("tea", "lost")
        assert room.next() == ["안녕하세요!", "lost"]
        before.process.kill()
        before.process.wait()
    with emulator_process(tmp_path, FILE, options=("--port", str(urlsplit(before.url).port))):
        assert room.next() == ["안녕하세요!"]
        client.send("tea", "again")
        assert room.next() == ["안녕하세요!", "again"]


def test_saved_scenarios_and_jumps_of_the_clock_are_pushed(clients: LiveClients, tmp_path: Path) -> None:
    save(tmp_path, FILE, SCENARIO)
    with emulator_process(tmp_path, FILE) as emulator:
        client = clients.open(emulator.url)
        note, shop, hour = client.watch("notes:latest"), client.watch("shop:status"), client.watch("time:hour")
        assert (note.next(), shop.next(), hour.next()) == ("nothing yet", "open", "12")
        save(tmp_path, FILE, SCENARIO.replace("nothing yet", "something"))
        assert note.until("something")
        save(tmp_path, FILE, re.sub("  notes:latest.*\n", "", SCENARIO))
        while (missing := note.next()) == "something":
            pass
        assert "Could not find public function for 'notes:latest'." in missing["error"]["message"]
        save(tmp_path, FILE, SCENARIO)
        assert note.until("nothing yet")
        control(emulator, "/clock/advance", {"by": "1h"})
        assert shop.until("closed")
        assert hour.until("13")
