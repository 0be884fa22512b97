"""Secrets of the scenario, and of whoever calls, are nowhere to be read."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from emulator.scenario.load import Loader
from emulator.scenario.report import as_text
from tests.support.control import TOKEN, controlling
from tests.support.scenarios import load_text, write_files

MARK = "hunter2"
SCENARIO = f"""
deployment: {{name: d, admin_keys: ["d|{MARK}-admin"]}}
identities: {{Ada: {{token: {MARK}-ada}}}}
functions:
  who:ami: {{rules: [{{when: {{headers: {{x-plain: a}}}}, result: 1}}]}}
  fails:here: {{result: "${{1 / len(args)}}"}}
gateway:
  auth: {{password: {MARK}-password, tokens: {{{MARK}-ci: {{scopes: [read]}}}}}}
  agents: {{main: {{}}}}
  config: {{tools: {{search: {{apiKey: {MARK}-config}}}}}}
  chat: {{rules: [{{when: {{message: no}}, reply: hello}}]}}
"""


async def test_nothing_that_can_be_read_has_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with controlling(load_text(tmp_path, SCENARIO)) as control:
        for header in ("Convex d|", "Bearer "):
            for secret in ("admin", "ada", "password", "ci", "wrong"):
                headers = {"Authorization": f"{header}{MARK}-{secret}", "Cookie": f"session={MARK}", "X-Api-Key": MARK}
                await control.call("who:ami", {}, headers)
                await control.call("fails:here", {}, headers)
                await control.call("no:such", {}, headers)
                body = {"message": "hi"}
                async with control.client.post(f"{control.url}/api/chat", json=body, headers=headers):
                    pass
                async with control.client.get(f"{control.url}/api/agents", headers=headers):
                    pass
        url = f"{control.url}/api/chat/stream?session=s&close=1&message=no&token={MARK}-password"
        async with control.client.get(url):
            pass
        async with control.client.post(f"{control.url}/login", data={"password": f"{MARK}-password"}):
            pass
        answers = [
            (await control.ask("GET", path)).body.decode()
            for path in (
                *("/health", "/status", "/scenarios", "/problems", "/functions", "/journal", "/faults", "/limits"),
                *("/state", "/tables", "/clock", "/metrics", "/openapi.json"),
            )
        ]

    assert [each for each in answers if MARK in each or TOKEN in each] == []
    assert "who:ami" in answers[5]
    assert MARK not in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        f"deployment: {{admin_keys: [{MARK}]}}",
        f"deployment: {{admin_keys: {MARK}}}",
        f"deployment: {{admin_keys: ['d|{MARK}', 'd|{MARK}'], odd: 1}}",
        f"identities: {{Ada: {{token: {MARK}}}, Bea: {{token: {MARK}}}}}",
        f"identities: {{Ada: {{token: [{MARK}]}}}}",
        f"gateway: {{auth: {{password: [{MARK}]}}}}",
        f"gateway: {{auth: {{password: {{{MARK}: 1}}}}}}",
        f"gateway: {{auth: {MARK}}}",
        f"gateway: {{auth: {{tokens: {MARK}}}}}",
        f"gateway: {{auth: {{tokens: {{{MARK}: {{scopes: [odd]}}}}}}}}",
        f"gateway: {{auth: {{tokens: {{{MARK}: 1}}}}}}",
    ],
)
def test_a_problem_with_a_secret_does_not_tell_it(tmp_path: Path, text: str) -> None:
    write_files(tmp_path, {"default.yaml": text})
    loaded = Loader([tmp_path]).load()

    assert loaded.problems
    assert MARK not in "".join(f"{each.message}{each.expected}{each.hint}" for each in loaded.problems)
    assert as_text(loaded.problems, loaded.sources)
