"""Scripts for Node, which use the npm package and report what they saw."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.clients.chat import ADMIN_KEY, unsigned_jwt
from tests.support.process import EmulatorProcess, clean_environment
from tests.support.scenarios import write_files

SCRIPTS = Path(__file__).parent / "node"


def script_environment(url: str, **more: str) -> dict[str, str]:
    """Return what scripts find in their environment."""
    foreign = unsigned_jwt({"iss": "https://id.example", "sub": "user|9"})
    return clean_environment(CONVEX_URL=url, ADMIN_KEY=ADMIN_KEY, FOREIGN_TOKEN=foreign, **more)


def run_script(name: str, url: str, **more: str) -> Any:
    """Run a script to its end and return what it saw."""
    command = ["node", str(SCRIPTS / f"{name}.mjs")]
    environment = script_environment(url, **more)
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@contextmanager
def asking(emulator: EmulatorProcess, path: str = "messages:list") -> Iterator[Callable[[], Any]]:
    """Keep one client running that asks the same query whenever the function is called."""
    command = ["node", str(SCRIPTS / "reload.mjs")]
    pipe = subprocess.PIPE
    environment = script_environment(emulator.url, ASKED=path)
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True, bufsize=1) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        to_client, from_client = client.stdin, client.stdout

        def ask() -> Any:
            to_client.write("again\n")
            return json.loads(from_client.readline())

        try:
            yield ask
        finally:
            client.kill()


def save(folder: Path, file: str, text: str) -> None:
    """Save as editors do: write beside the file, then rename."""
    write_files(folder, {f"{file}.new": text})
    (folder / f"{file}.new").replace(folder / file)
