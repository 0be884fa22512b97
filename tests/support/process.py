"""The command itself, as users run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EMULATOR = (sys.executable, "-m", "emulator")


@dataclass
class EmulatorProcess:
    """A running `emulator serve`; `facts` are what its ready file says, `log` has the lines read so far."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it serves Convex."""
        return str(self.facts["convex_url"])

    @property
    def gateway_url(self) -> str:
        """Where it serves an OpenClaw Gateway."""
        return str(self.facts["gateway_url"])

    def wait_for_log(self, text: str) -> dict[str, Any]:
        """Read the log up to a line whose message contains `text`."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            row = json.loads(line)
            self.log.append(row)
            if text in row["message"]:
                return dict(row)
        raise AssertionError(f"the emulator ended without saying {text!r}; it said {self.log}")

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=10)


def clean_environment(**more: str) -> dict[str, str]:
    """Return this environment without the emulator's own variables, and without its cache."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("EMULATOR_")}
    return {**kept, "EMULATOR_CACHE": "off", "PYTHONWARNINGS": "error", **more}


@contextmanager
def emulator_process(
    folder: Path, *paths: str, options: Sequence[str] = ("--port", "0"), **environment: str
) -> Iterator[EmulatorProcess]:
    """Run `emulator serve` in a folder until the block ends."""
    ready = folder / "ready.json"
    command = [*EMULATOR, "serve", *paths, *options, "--json-logs", "--ready-file", str(ready)]
    process = subprocess.Popen(
        command, cwd=folder, env=clean_environment(**environment), stderr=subprocess.PIPE, text=True
    )
    running = EmulatorProcess(process, {})
    try:
        running.wait_for_log("ready")
        running.facts.update(json.loads(ready.read_text(encoding="utf-8")))
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
