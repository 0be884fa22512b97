"""Runs of pytest within a test, in which nothing is installed but what is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from emulator.testing import Emulator

PLUGIN = ("-p", "emulator.testing.plugin")
ASK = """
import pytest, requests

def ask(emulator, path, kind="query", **args):
    url = f"{emulator.convex_url}/api/{kind}"
    return requests.post(url, json={"path": path, "args": args}, timeout=10).json()
"""

Run = Callable[..., pytest.RunResult]
"""Runs a test file in this process, with the plugin and without those of other packages."""


def ask(emulator: Emulator, path: str, kind: str = "query", **args: object) -> dict[str, object]:
    """Call a function as a client does."""
    body = {"path": path, "args": args}
    answer = requests.post(f"{emulator.convex_url}/api/{kind}", json=body, timeout=10)
    return dict(answer.json())
