"""Agents, and what they are doing (openclaw §1.8)."""

from __future__ import annotations

import asyncio

from tests.support.clocks import WatchedClock
from tests.wire.gateway.conftest import Serve

AGENTS = """
gateway:
  agents:
    main: {}
    coder: {name: Code Writer, model: openai/gpt-4.1, workspace: ~/code}
    broken: {status: error, error: 모델이 없습니다}
    off: {status: disabled}
  sessions:
    "agent:coder:api:dm:a": {last_active: 2024-02-08T12:00:00Z}
    "agent:coder:api:dm:b": {last_active: 2024-02-07T12:00:00Z}
  chat: {reply: hello, delay: 1s}
"""
SONNET = "anthropic/claude-sonnet-4-20250514"


async def test_agents_are_listed_with_what_they_are(serve: Serve) -> None:
    gateway = await serve(AGENTS)
    workspace = "~/.openclaw/workspace"

    assert (await gateway.get("/api/agents")).ok == {
        "agents": [
            {
                "id": "main",
                "name": "Main",
                "default": True,
                "status": "idle",
                "model": SONNET,
                "workspace": workspace,
            },
            {
                "id": "coder",
                "name": "Code Writer",
                "status": "idle",
                "model": "openai/gpt-4.1",
                "workspace": "~/code",
            },
            {"id": "broken", "name": "Broken", "status": "error", "model": SONNET, "workspace": workspace},
            {"id": "off", "name": "Off", "status": "disabled", "model": SONNET, "workspace": workspace},
        ]
    }


async def test_an_agent_says_what_it_is_doing(serve: Serve) -> None:
    gateway = await serve(AGENTS)

    assert await gateway.agent("main") == {
        "id": "main",
        "status": "idle",
        "model": SONNET,
        "activeRuns": 0,
        "queuedRuns": 0,
        "sessions": 0,
    }
    assert await gateway.agent("coder") == {
        "id": "coder",
        "status": "idle",
        "model": "openai/gpt-4.1",
        "activeRuns": 0,
        "queuedRuns": 0,
        "sessions": 2,
        "lastActive": "2024-02-08T12:00:00Z",
    }
    broken = await gateway.agent("broken")
    assert (broken["status"], broken["error"]) == ("error", "모델이 없습니다")
    assert "error" not in await gateway.agent("off")


async def test_an_agent_that_is_not_there_is_not_found(serve: Serve) -> None:
    gateway = await serve(AGENTS)

    for name in ("nobody", "Main", "main%20", "%EB%A9%94%EC%9D%B8"):
        assert (await gateway.get(f"/api/agents/{name}/status")).refusal == (404, "NOT_FOUND")


async def test_an_agent_runs_while_it_answers(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(AGENTS)

    async with asyncio.TaskGroup() as group:
        group.create_task(gateway.chat("hi", "x", agent="broken"))
        group.create_task(gateway.chat("hi", "x", agent="broken"))
        await gateway.until_busy(1, 1, "broken")
        busy = await gateway.agent("broken")
        listed = {each["id"]: each["status"] for each in await gateway.rows("agents")}
        await clock.pass_milliseconds(2_000)

    assert (busy["status"], busy["sessions"], "error" in busy) == ("running", 1, False)
    assert busy["lastActive"] == "2023-11-14T22:13:20Z"
    assert listed == {"main": "idle", "coder": "idle", "broken": "running", "off": "disabled"}
    after = await gateway.agent("broken")
    assert (after["status"], after["activeRuns"], after["queuedRuns"]) == ("error", 0, 0)
    assert after["lastActive"] == "2023-11-14T22:13:22Z"


async def test_the_model_of_the_config_is_that_of_agents_without_their_own(serve: Serve) -> None:
    gateway = await serve(AGENTS)

    await gateway.patch({"agents.defaults.model": "openai/o3"})
    models = {each["id"]: each["model"] for each in await gateway.rows("agents")}

    assert models["main"] == models["broken"] == "openai/o3"
    assert models["coder"] == "openai/gpt-4.1"
    assert (await gateway.agent("main"))["model"] == "openai/o3"


async def test_without_a_model_in_the_config_agents_have_the_usual_one(serve: Serve) -> None:
    gateway = await serve(AGENTS)

    for patch in ({"agents.defaults.model": None}, {"agents.defaults": None}, {"agents": None}):
        assert (await gateway.patch(patch)).status == 200
        assert (await gateway.agent("main"))["model"] == SONNET
        assert (await gateway.get("/")).status == 200
        assert (await gateway.get("/api/agents")).status == 200
