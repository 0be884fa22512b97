"""The gateway's public documentation: commands and programs as they stand there, against `scenarios/default.yaml`."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.node import node_command
from tests.support.process import EmulatorProcess, emulator_process

ROOT = Path(__file__).parents[2]
CONSOLE = Path(__file__).with_name("console.mjs")
ADDRESS = "localhost:18789"
CURL = r"""
curl -H "Authorization: Bearer your_password" \
  http://localhost:18789/api/...
"""
CHAT = """
{
  "message": "안녕하세요",
  "session": "custom-session-id",
  "agent": "main"
}
"""
CHATTED = """
{
  "response": "안녕하세요! 무엇을 도와드릴까요?",
  "sessionKey": "agent:main:api:dm:custom-session-id",
  "tokensUsed": 150
}
"""
CHANNELS = """
{
  "channels": [
    {
      "id": "telegram",
      "status": "connected",
      "lastActivity": "2024-02-08T12:00:00Z"
    },
    {
      "id": "whatsapp",
      "status": "disconnected",
      "error": "Session expired"
    }
  ]
}
"""
PATCH = """
{
  "agents.defaults.model": "anthropic/claude-sonnet-4-20250514"
}
"""
EVENT_SOURCE = """
const eventSource = new EventSource("/api/chat/stream?session=...");

eventSource.onmessage = (event) => {
  const data = JSON.parse(event.data);
  console.log(data.chunk);
};
"""
WEB_SOCKET = """
const ws = new WebSocket("ws://localhost:18789/ws");

ws.onmessage = (event) => {
  const data = JSON.parse(event.data);
  console.log(data);
};

ws.send(
  JSON.stringify({
    type: "chat",
    message: "안녕하세요",
  }),
);
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    folder = tmp_path_factory.mktemp("documented")
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    with emulator_process(folder, options=("--convex-port", "0", "--gateway-port", "0")) as process:
        yield process


def here(text: str, running: EmulatorProcess) -> str:
    """Return a text of the documentation with the port that the gateway has."""
    return text.replace(ADDRESS, f"localhost:{urlsplit(running.gateway_url).port}")


def ask(running: EmulatorProcess, path: str, *options: str) -> Any:
    """Run the documented command for one of the paths."""
    command = here(CURL.strip().replace("/api/...", path), running)
    done = subprocess.run(
        ["bash", "-c", f'{command} "$@"', "curl", "--silent", "--disable", *options], capture_output=True, check=True
    )
    return json.loads(done.stdout)


def test_health(running: EmulatorProcess) -> None:
    health = ask(running, "/health")

    assert list(health) == ["status", "version", "uptime"]
    assert (health["status"], health["version"], type(health["uptime"])) == ("ok", "2024.2.0", int)


def test_the_path_of_the_example_is_nowhere(running: EmulatorProcess) -> None:
    assert ask(running, "/api/...")["error"]["code"] == "NOT_FOUND"


def test_a_message(running: EmulatorProcess) -> None:
    assert ask(running, "/api/chat", "-d", CHAT) == json.loads(CHATTED)


def test_sessions(running: EmulatorProcess) -> None:
    rows = {row["key"]: row for row in ask(running, "/api/sessions")["sessions"]}

    assert list(rows["agent:main:telegram:dm:123"]) == ["key", "lastActive", "messageCount"]


def test_a_session_from_its_history_to_its_end(running: EmulatorProcess) -> None:
    ask(running, "/api/chat", "-d", '{"message": "hi", "session": "short-lived"}')
    path = "/api/sessions/agent:main:api:dm:short-lived"

    assert [each["content"] for each in ask(running, f"{path}/history")["messages"]] == ["hi", "You said: hi"]
    assert ask(running, path, "-X", "DELETE")["deleted"] is True
    assert ask(running, f"{path}/history")["error"]["code"] == "NOT_FOUND"


def test_channels(running: EmulatorProcess) -> None:
    assert ask(running, "/api/channels") == json.loads(CHANNELS)


def test_a_reconnect(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    with emulator_process(tmp_path) as running:
        assert ask(running, "/api/channels/whatsapp/reconnect", "-X", "POST")["status"] == "connecting"


def test_agents_and_nodes(running: EmulatorProcess) -> None:
    assert [each["id"] for each in ask(running, "/api/agents")["agents"]] == ["main"]
    assert ask(running, "/api/agents/main/status")["id"] == "main"
    assert [each["id"] for each in ask(running, "/api/nodes")["nodes"]] == ["node-1"]


def test_a_pairing_code(running: EmulatorProcess) -> None:
    pairing = ask(running, "/api/nodes/pair", "-X", "POST")

    assert list(pairing) == ["code", "qrCode", "expiresAt"]
    assert len(pairing["code"]) == len("ABCD1234")
    assert pairing["qrCode"].startswith("data:image/png;base64,")


def test_the_configuration(running: EmulatorProcess) -> None:
    assert ask(running, "/api/config", "-X", "PATCH", "-d", PATCH)["applied"] == ["agents.defaults.model"]
    assert ask(running, "/api/config")["config"]["agents"]["defaults"]["model"] == "anthropic/claude-sonnet-4-20250514"


def test_jobs(running: EmulatorProcess) -> None:
    assert [each["id"] for each in ask(running, "/api/cron")["jobs"]] == ["daily-report"]
    assert ask(running, "/api/cron/daily-report/run", "-X", "POST")["enqueued"] is True


def test_nobody_comes_in_without_the_password(running: EmulatorProcess) -> None:
    command = ["curl", "--silent", "--disable", here(f"http://{ADDRESS}/api/sessions", running)]
    done = subprocess.run(command, capture_output=True, check=True)

    assert json.loads(done.stdout)["error"]["code"] == "AUTH_REQUIRED"


def test_programs_of_a_page(running: EmulatorProcess) -> None:
    origin = here(f"http://{ADDRESS}", running)
    programs = [EVENT_SOURCE.strip(), here(WEB_SOCKET, running).strip()]
    command = [*node_command(), str(CONSOLE), origin, "your_password", *programs]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=30)

    printed = done.stdout.splitlines()
    assert printed[:3] == ["안녕하세요! ", "무엇을 ", "도와드릴까요?"]
    assert [each.strip() for each in printed if "type:" in each] == ["type: 'chunk',"] * 3 + ["type: 'done',"]
    assert "  response: '안녕하세요! 무엇을 도와드릴까요?'," in printed
