"""Fails by design: what its report says is looked at."""

from __future__ import annotations

import requests

from emulator.testing import Emulator


def test_that_fails(emulator: Emulator) -> None:
    body = {"path": "messages:sned", "args": {"body": "Hello"}}
    answer = requests.post(f"{emulator.convex_url}/api/mutation", json=body, timeout=10)
    assert answer.json()["status"] == "success"
