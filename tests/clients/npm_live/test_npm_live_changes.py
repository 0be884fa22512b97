"""npm `convex`'s ConvexClient, unmodified, in Node: cuts, restarts, saved scenarios."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from tests.clients.live import FILE, SCENARIO, LiveClient, LiveClients, control
from tests.clients.npm_live.said import CUT, Open, bodies, said_like
from tests.clients.scripts import save
from tests.support.process import EmulatorProcess, emulator_process


def test_a_cut_connection_comes_back_with_its_queries_and_its_identity(
    client: LiveClient, clients: LiveClients
) -> None:
    client.do("setAuth", tokens=["token-of-ada"])
    me, room = client.watch("users:me"), bodies(client, "cut")
    assert (me.next(), room.next()) == ("Ada", [])

    cut = client.watch("net:cut")

    assert cut.next() == "back again"
    said_like(clients, *CUT)
    assert client.do("state")["connectionCount"] == 2
    client.send("cut", "hello")
    assert room.until(["hello"])


def test_a_mutation_is_run_once_though_its_connection_is_cut_before_the_answer(
    client: LiveClient, clients: LiveClients
) -> None:
    room = bodies(client, "in flight")
    assert room.next() == []
    sent = client.begin("mutation", "messages:slow", {"channel": "in flight", "body": "once"})
    assert client.watch("net:cutAgain").next() == "back again"
    assert sent.result() == "once"
    assert client.do("query", "messages:count", {"channel": "in flight"}) == 1
    assert room.until(["once"])
    said_like(clients, *CUT)


def test_an_action_whose_connection_is_cut_is_lost(client: LiveClient, clients: LiveClients) -> None:
    sent = client.begin("action", "ai/replies:cut")
    assert "Connection lost while action was in flight" in sent.result()["error"]["message"]
    assert client.do("query", "users:me") == "nobody"
    said_like(clients, *CUT)


def test_clients_come_back_to_a_server_that_was_killed_and_started_again(
    connect: Open, clients: LiveClients, tmp_path: Path
) -> None:
    save(tmp_path, FILE, SCENARIO)
    with emulator_process(tmp_path, FILE) as before:
        client = connect(before)
        room = bodies(client, "tea")
        assert room.next() == ["안녕하세요!"]
        sent = client.begin("mutation", "messages:slow", {"channel": "tea", "body": "in flight"})
        client.do("state")
        before.process.kill()
        before.process.wait()
    with emulator_process(tmp_path, FILE, options=("--port", str(urlsplit(before.url).port))):
        assert sent.result() == "in flight"
        assert room.until(["안녕하세요!", "in flight"])
        client.send("tea", "again")
        assert room.next() == ["안녕하세요!", "in flight", "again"]
        client.do("close")
    said = clients.said()
    assert said[0] == CUT[0]
    assert all(line.startswith("log: ") for line in said)


def test_clients_are_told_that_a_server_goes_down_and_print_no_error(
    connect: Open, clients: LiveClients, tmp_path: Path
) -> None:
    save(tmp_path, FILE, SCENARIO)
    with emulator_process(tmp_path, FILE) as before:
        client = connect(before)
        room = bodies(client, "tea")
        room.next()
        assert before.interrupt() == 0
    with emulator_process(tmp_path, FILE, options=("--port", str(urlsplit(before.url).port))):
        assert room.next() == ["안녕하세요!"]
        client.do("close")
    said = clients.said()
    assert re.fullmatch(r"log: Attempting reconnect in \d+ms", said[0])
    assert said[-1].endswith("after disconnect due to server is going down")


def test_an_edit_is_pushed_at_once(own: EmulatorProcess, connect: Open, clients: LiveClients, tmp_path: Path) -> None:
    client = connect(own)
    reply, room = client.watch("notes:latest"), bodies(client, "tea")
    assert (reply.next(), room.next()) == ("nothing yet", ["안녕하세요!"])

    save(tmp_path, FILE, SCENARIO.replace("nothing yet", "something"))
    assert reply.next() == "something"
    without = re.sub("  notes:latest.*\n", "", SCENARIO)
    save(tmp_path, FILE, without)
    assert "Could not find public function for 'notes:latest'." in reply.next()["error"]["message"]
    save(tmp_path, FILE, SCENARIO.replace("nothing yet", "healed"))
    assert reply.next() == "healed"

    assert not room.has_more()
    assert client.do("state")["connectionCount"] == 1
    said_like(clients, r"log: %c\[CONVEX Q\(notes:latest\)\] \[WARN\] .* is not scripted; .*")


def test_a_file_with_a_mistake_changes_no_answer_and_is_said_in_the_console(
    own: EmulatorProcess, connect: Open, clients: LiveClients, tmp_path: Path
) -> None:
    client = connect(own)
    reply = client.watch("notes:latest")
    assert reply.next() == "nothing yet"
    save(tmp_path, FILE, SCENARIO.replace("result: nothing yet", "resul: something"))
    own.wait_for_log("stays in force")
    save(tmp_path, FILE, SCENARIO.replace("nothing yet", "mended"))
    assert set(reply.until("mended")) <= {"nothing yet", "mended"}
    said_like(clients, r"log: %c\[CONVEX Q\(notes:latest\)\] \[WARN\] .*stays in force: live.yaml:\d+:\d+: .*'resul'.*")


def test_what_clients_wrote_stays_when_a_function_is_edited(
    own: EmulatorProcess, connect: Open, tmp_path: Path
) -> None:
    client = connect(own)
    client.send("tea", "kept")
    room = client.watch("messages:count", {"channel": "tea"})
    assert room.next() == 2
    doubled = SCENARIO.replace('"${len([', '"${2 * len([')
    save(tmp_path, FILE, doubled)
    assert room.next() == 4


def test_the_timeline_and_a_jump_of_the_clock_are_pushed(own: EmulatorProcess, connect: Open) -> None:
    client = connect(own)
    shop, now, reminder = client.watch("shop:status"), client.watch("time:hour"), client.watch("notes:reminder")
    assert (shop.next(), now.next(), reminder.next()) == ("open", "12", None)
    client.do("mutation", "notes:remind")

    control(own, "/clock/advance", {"by": "30m"})
    assert reminder.next() == "now"
    control(own, "/clock/advance", {"by": "30m"})
    assert (shop.next(), now.next()) == ("closed", "13")


def test_what_the_control_api_writes_is_pushed(own: EmulatorProcess, connect: Open) -> None:
    client = connect(own)
    shop, room = client.watch("shop:status"), bodies(client, "tea")
    assert (shop.next(), room.next()) == ("open", ["안녕하세요!"])
    client.send("tea", "gone soon")
    assert room.next() == ["안녕하세요!", "gone soon"]

    control(own, "/state", {"set": {"shop": "on fire"}}, "PATCH")
    assert shop.next() == "on fire"
    control(own, "/reset", {})
    assert (shop.next(), room.next()) == ("open", ["안녕하세요!"])


def test_a_query_that_fails_heals_when_what_it_read_is_written(own: EmulatorProcess, connect: Open) -> None:
    client = connect(own)
    name, room = client.watch("channels:name"), bodies(client, "tea")
    assert (name.next(), room.next()) == ("tea", ["안녕하세요!"])

    client.do("mutation", "channels:lose", {"gone": True})
    error = name.next()["error"]
    assert (error["isConvexError"], error["data"]) == (True, {"code": "GONE"})
    client.do("mutation", "channels:lose", {"gone": False})
    assert name.next() == "tea"
