"""Set Airbyte's source for Convex up, in an environment of its own: ``python -m tests.clients.airbyte.install``.

It needs packages of other versions than ours, and a Python for which those are made.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = Path(__file__).parents[3] / ".venv-airbyte"
SOURCE = ENVIRONMENT / "bin/source-convex"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PATIENCE = 300


def main() -> None:
    """Make the environment; where that fails, say why, and the tests that need it are skipped."""
    if ENVIRONMENT.exists():
        shutil.rmtree(ENVIRONMENT)
    sys.stderr.write("Setting up Airbyte's source for the tests…\n")
    pip = [str(ENVIRONMENT / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", str(ENVIRONMENT)],
        [*pip, "--no-deps", "--requirement", str(REQUIREMENTS)],
    ):
        said = run(command)
        if said is not None:
            sys.stderr.write(f"{' '.join(command)} failed:\n{said}\n")
            sys.stderr.write("The tests with Airbyte's source will be skipped. `make airbyte` tries again.\n")
            SOURCE.unlink(missing_ok=True)
            return


def run(command: list[str]) -> str | None:
    """Run a command; return what it said in the end if it failed."""
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        return "\n".join(str(error.stdout).splitlines()[-5:])
    except subprocess.TimeoutExpired:
        return f"It took longer than {PATIENCE} s."
    return None


if __name__ == "__main__":
    main()
