"""``python -m bench.in_process (emulator|httpserver) FOLDER``: one process of the benchmark of the fixture.

Prints, as JSON, how many milliseconds each step took.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import pytest  # noqa: F401 - whoever imports a plugin has it

from bench.measure import now

TIMES = 50
STEPS = ("import of the plugin", "first start, with its imports", "further start", "reset", "further server")


def main(which: str, folder: str) -> None:
    steps = {"emulator": _emulator, "httpserver": _httpserver}[which](folder)
    print(json.dumps(dict(zip(STEPS, steps, strict=True))))


def _emulator(folder: str) -> list[float]:
    imported = _took(lambda: import_module("emulator.testing.plugin"))
    servers: list[Any] = []

    def start() -> None:
        context = import_module("emulator.testing").serve_in_thread(folder)
        context.__enter__()
        servers.append(context)

    first = _took(start)
    further = _took(start)
    for each in servers:
        each.__exit__(None, None, None)
    with import_module("emulator.testing").serve_in_thread(folder) as emulator:
        emulator.reset()
        reset = median(_took(emulator.reset) for _ in range(TIMES))
        headers = {"Authorization": f"Bearer {emulator.control_token}", "Content-Type": "application/json"}
        request = Request(f"{emulator.control_url}instances", b"{}", headers)  # noqa: S310 - it is http
        _ask(request)
        instance = median(_took(lambda: _ask(request)) for _ in range(TIMES))
    return [imported, first, further, reset, instance]


def _httpserver(_folder: str) -> list[float]:
    imported = _took(lambda: import_module("pytest_httpserver.pytest_plugin"))
    servers: list[Any] = []

    def start() -> None:
        server = import_module("pytest_httpserver").HTTPServer(port=0)
        server.expect_request("/api/query").respond_with_json({"status": "success"})
        server.start()
        servers.append(server)

    first = _took(start)
    further = _took(start)
    reset = median(_took(servers[0].clear) for _ in range(TIMES))
    server = median(_took(start) for _ in range(TIMES))
    for each in servers:
        each.stop()
    return [imported, first, further, reset, server]


def _took(step: Callable[[], object]) -> float:
    started = now()
    step()
    return (now() - started) * 1e3


def _ask(request: Request) -> None:
    with urlopen(request) as answer:  # noqa: S310 - it is http
        answer.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
