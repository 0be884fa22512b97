"""Deployment and gateway are one: what one changes is seen at the other; what a reload changes, and what it leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.functions import mutation, query
from tests.support.gateway import Gateway
from tests.support.scenarios import load_text
from tests.wire.gateway.conftest import Serve

BOTH = """
state: {mode: normal}
tables: {log: {}}
functions:
  log:list: {type: query, query: {table: log}}
  mode:get: {type: query, result: "${state.mode}"}
  slack:drop:
    type: mutation
    do:
      - {channel: {id: slack, status: disconnected, error: "${args.why}"}}
      - {append: {session: "agent:main:telegram:dm:1", message: {role: system, content: "slack: ${args.why}"}}}
      - {after: 10s, do: [{channel: {id: slack, status: connected}}]}
    result: null
  slack:break:
    type: mutation
    do: [{channel: {id: slack, status: disconnected}}, {append: {session: nonsense, message: {content: x}}}]
    result: null
gateway:
  channels: {slack: {}}
  chat:
    do:
      - {insert: {into: log, document: {said: "${message}", by: "${session}"}}}
      - {set: {mode: "${message}"}}
    reply: "${len(tables.log)} entries"
"""


async def test_a_mutation_changes_a_channel_and_a_conversation(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(BOTH)

    answer = await mutation(gateway.served, "slack:drop", {"why": "점검"})

    assert answer.value is None
    assert await gateway.channel("slack") == {"status": "disconnected", "error": "점검"}
    assert await gateway.said("agent:main:telegram:dm:1") == [("system", "slack: 점검")]
    await clock.pass_milliseconds(10_000)
    assert await gateway.channel("slack") == {"status": "connected", "lastActivity": "2023-11-14T22:13:30Z"}


async def test_a_mutation_that_fails_changes_nothing_at_the_gateway(serve: Serve) -> None:
    gateway = await serve(BOTH)

    answer = await mutation(gateway.served, "slack:break")

    assert answer.json["status"] == "error"
    assert await gateway.channel("slack") == {"status": "connected"}


async def test_a_message_writes_documents_that_queries_read(serve: Serve) -> None:
    gateway = await serve(BOTH)

    first, second = await gateway.chat("하나", "x"), await gateway.chat("two", "y")

    assert [first.ok["response"], second.ok["response"]] == ["1 entries", "2 entries"]
    rows = (await query(gateway.served, "log:list")).value
    assert [(each["said"], each["by"]) for each in rows] == [
        ("하나", "agent:main:api:dm:x"),
        ("two", "agent:main:api:dm:y"),
    ]
    assert (await query(gateway.served, "mode:get")).value == "two"


RELOADED = """
gateway:
  agents: {main: {}}
  chat: {rules: [{when: {call: 1}, reply: first}, {reply: later}]}
  channels:
    slack: {status: disconnected, error: a}
    line: {}
  nodes: {phone: {}}
  sessions: {"agent:main:telegram:dm:1": {messages: [{role: user, content: old}]}}
  config: {x: 1}
  cron: {daily: {schedule: 0 9 * * *, run: {reply: ok}}}
"""


@pytest.fixture
async def gateway(serve: Serve) -> Gateway:
    """Serve a scenario in which everything was changed by callers."""
    gateway = await serve(RELOADED)
    await gateway.chat("hi", "mine")
    await gateway.chat("hi", "agent:main:telegram:dm:1")
    await gateway.patch({"x": 2, "y": 3})
    await gateway.post("/api/channels/slack/reconnect")
    await gateway.post("/api/channels/line/reconnect")
    code = (await gateway.post("/api/nodes/pair")).ok["code"]
    await gateway.post("/api/nodes/pair/redeem", {"code": code})
    await gateway.post("/api/cron/daily/run")
    return gateway


def reload(gateway: Gateway, folder: Path, old: str = "", new: str = "") -> None:
    assert old in RELOADED
    gateway.emulator.swap(load_text(folder, RELOADED.replace(old, new)))


async def test_a_reload_leaves_what_it_does_not_change(gateway: Gateway, tmp_path: Path, clock: WatchedClock) -> None:
    reload(gateway, tmp_path, "agents: {main: {}}", "agents: {main: {}, coder: {}}")
    await clock.pass_milliseconds(500)

    assert [each["status"] for each in await gateway.rows("channels")] == ["connected", "connected"]
    assert len(await gateway.said("agent:main:telegram:dm:1")) == 3
    assert len(await gateway.said("agent:main:api:dm:mine")) == 2
    assert [each["id"] for each in await gateway.rows("nodes")] == ["phone", "node-1"]
    assert (await gateway.get("/api/config?key=y")).ok["value"] == 3
    assert (await gateway.get("/api/cron")).ok["jobs"][0]["lastStatus"] == "ok"
    assert (await gateway.chat()).ok["response"] == "later"
    assert len(await gateway.rows("agents")) == 2


async def test_a_changed_channel_begins_anew_and_others_go_on(
    gateway: Gateway, tmp_path: Path, clock: WatchedClock
) -> None:
    reload(gateway, tmp_path, "error: a", "error: b")
    at_once = [await gateway.channel("slack"), await gateway.channel("line")]
    await clock.pass_milliseconds(500)

    assert at_once == [{"status": "disconnected", "error": "b"}, {"status": "connecting"}]
    assert await gateway.channel("slack") == {"status": "disconnected", "error": "b"}
    assert (await gateway.channel("line"))["status"] == "connected"


async def test_a_removed_channel_stays_away(gateway: Gateway, tmp_path: Path, clock: WatchedClock) -> None:
    reload(gateway, tmp_path, "    line: {}\n")
    await clock.pass_milliseconds(500)

    assert [each["id"] for each in await gateway.rows("channels")] == ["slack"]


async def test_a_new_channel_stands_where_it_is_written(gateway: Gateway, tmp_path: Path) -> None:
    reload(gateway, tmp_path, "    line: {}\n", "    kakao: {}\n    line: {}\n")

    assert [each["id"] for each in await gateway.rows("channels")] == ["slack", "kakao", "line"]


async def test_a_changed_session_begins_anew_and_others_stay(gateway: Gateway, tmp_path: Path) -> None:
    reload(gateway, tmp_path, "content: old", "content: new")

    assert await gateway.said("agent:main:telegram:dm:1") == [("user", "new")]
    assert len(await gateway.said("agent:main:api:dm:mine")) == 2


async def test_a_removed_session_is_gone(gateway: Gateway, tmp_path: Path) -> None:
    reload(gateway, tmp_path, '"agent:main:telegram:dm:1": {messages: [{role: user, content: old}]}')

    keys = [each["key"] for each in await gateway.rows("sessions")]
    assert sorted(keys) == ["agent:main:api:dm:mine", "agent:main:cron:dm:daily"]


async def test_a_run_ends_with_the_session_that_a_reload_begins_anew(serve: Serve, tmp_path: Path) -> None:
    text = RELOADED.replace("chat: {", "chat: {delay: 1h, ")
    gateway = await serve(text)

    async with asyncio.TaskGroup() as group:
        answer = group.create_task(gateway.chat("hi", "agent:main:telegram:dm:1"))
        await gateway.until_busy(1)
        gateway.emulator.swap(load_text(tmp_path, text.replace("content: old", "content: new")))

    assert answer.result().ok["response"] == ""
    assert await gateway.said("agent:main:telegram:dm:1") == [("user", "new")]
    assert (await gateway.agent())["status"] == "idle"


async def test_a_reset_ends_runs_and_begins_everything_anew(serve: Serve) -> None:
    gateway = await serve(RELOADED.replace("chat: {", "chat: {delay: 1h, "))

    async with asyncio.TaskGroup() as group:
        group.create_task(gateway.chat("hi", "x"))
        group.create_task(gateway.chat("hi", "agent:main:telegram:dm:1"))
        await gateway.until_busy(2)
        await gateway.patch({"x": 2})
        gateway.emulator.reset()

    assert (await gateway.agent())["activeRuns"] == 0
    assert [each["key"] for each in await gateway.rows("sessions")] == ["agent:main:telegram:dm:1"]
    assert await gateway.said("agent:main:telegram:dm:1") == [("user", "old")]
    assert (await gateway.get("/api/config?key=x")).ok["value"] == 1


async def test_changed_devices_and_jobs_begin_anew(gateway: Gateway, tmp_path: Path) -> None:
    reload(gateway, tmp_path, "nodes: {phone: {}}", "nodes: {phone: {name: Phone}, desk: {}}")
    names = [each["name"] for each in await gateway.rows("nodes")]
    reload(gateway, tmp_path, "schedule: 0 9 * * *", "schedule: 0 8 * * *")
    (job,) = (await gateway.get("/api/cron")).ok["jobs"]

    assert sorted(names) == ["Phone", "desk", "node-1"]
    assert (job["schedule"], "lastRun" in job) == ("0 8 * * *", False)


async def test_a_changed_config_begins_anew(gateway: Gateway, tmp_path: Path) -> None:
    reload(gateway, tmp_path, "config: {x: 1}", "config: {x: 7}")

    config = (await gateway.get("/api/config")).ok["config"]
    assert (config["x"], "y" in config) == (7, False)


async def test_changed_chat_rules_count_from_one_again(gateway: Gateway, tmp_path: Path) -> None:
    reload(gateway, tmp_path, "reply: later", "reply: much later")

    assert [(await gateway.chat()).ok["response"] for _ in range(2)] == ["first", "much later"]


async def test_a_run_ends_with_the_rules_it_began_with(serve: Serve, tmp_path: Path, clock: WatchedClock) -> None:
    text = "gateway: {chat: {reply: old, delay: 1s}}"
    gateway = await serve(text)

    async with asyncio.TaskGroup() as group:
        answer = group.create_task(gateway.chat("hi", "x"))
        await gateway.until_busy(1)
        gateway.emulator.swap(load_text(tmp_path, text.replace("old", "new")))
        await clock.pass_milliseconds(1_000)

    assert answer.result().ok["response"] == "old"


async def test_health_agents_and_codes_are_those_of_the_new_scenario(gateway: Gateway, tmp_path: Path) -> None:
    reload(gateway, tmp_path, "agents: {main: {}}", "version: '9'\n  pairing: {code: ABCD1234}\n  agents: {boss: {}}")

    assert (await gateway.get("/health")).ok["version"] == "9"
    assert (await gateway.post("/api/nodes/pair")).ok["code"] == "ABCD1234"
    assert [each["id"] for each in await gateway.rows("agents")] == ["main", "boss"]


async def test_a_job_that_a_reload_changes_comes_when_it_is_due_now(
    serve: Serve, tmp_path: Path, clock: WatchedClock
) -> None:
    text = "gateway: {cron: {tick: {schedule: '30 * * * *', fires: true, run: {reply: x}}}}"
    gateway = await serve(text)

    gateway.emulator.swap(load_text(tmp_path, text.replace("30", "45")))
    await clock.pass_milliseconds(1_800_000)
    before = await gateway.rows("sessions")
    await clock.pass_milliseconds(900_000)

    assert before == []
    assert (await gateway.rows("sessions"))[0]["lastActive"] == "2023-11-14T22:45:00Z"
