"""npm `convex`'s command line, unmodified, at an emulator; whom it contacts beside that is an error."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.process import EmulatorProcess, clean_environment

NODE = Path(__file__).parent / "node"
COMMAND = NODE / "node_modules/.bin/convex"
PACKAGE = '{"name": "app", "dependencies": {"convex": "1.48.0"}}'
KEY = "cli-otter|s3cret"
PATIENCE = 60


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which is JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """Runs commands in a folder that is an app's."""

    folder: Path
    emulator: EmulatorProcess

    def arguments(self, *arguments: str) -> list[str]:
        """Return a whole command."""
        return [str(COMMAND), *arguments, "--url", self.emulator.url, "--admin-key", KEY]

    @property
    def environment(self) -> dict[str, str]:
        """What keeps the command from telling its makers about errors, and from leaving names instead of values."""
        guard = f"--require {NODE / 'loopback.cjs'}"
        return clean_environment(CI="1", NODE_OPTIONS=guard, NO_COLOR="1", NO_PROXY="*")

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            self.arguments(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def all(self, *commands: tuple[str, ...]) -> list[Said]:
        """Run commands that have nothing to do with one another side by side."""
        return [finished(each) for each in [self.begin(*each) for each in commands]]

    def __call__(self, *arguments: str) -> Said:
        """Run a command to its end."""
        return finished(self.begin(*arguments))


def finished(process: subprocess.Popen[str]) -> Said:
    """Wait for a command."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert "CONTACTED" not in err, err
    return Said(process.returncode, out.strip(), err.strip())
