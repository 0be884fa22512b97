"""The fixture of pytest beside that of pytest-httpserver, in milliseconds of wall time; each round is a new process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench.in_process import STEPS
from bench.measure import spread, table, verdict
from bench.servers import HERE, environment

ROUNDS = 5
AIMS = {"import of the plugin": 3, "reset": 5, "further server": 20}
"""How many milliseconds each may take; a further server is an instance of the one that runs."""
_NAMES = ("httpserver", "emulator")


def main(work: Path) -> None:
    times: dict[str, list[dict[str, float]]] = {name: [] for name in _NAMES}
    for name in _NAMES:
        _run(name, work)  # writes bytecode, and the emulator's cache
    for number in range(ROUNDS):
        for name in _NAMES if number % 2 else reversed(_NAMES):
            times[name].append(_run(name, work))
    rows = [("step", "pytest-httpserver", "emulator", "aim")]
    for step in STEPS:
        theirs, ours = ([each[step] for each in times[name]] for name in _NAMES)
        aim = f"{AIMS[step]} {verdict(reached=median(ours) <= AIMS[step])}" if step in AIMS else ""
        rows.append((step, spread(theirs, 2), spread(ours, 2), aim))
    print(table(rows))


def _run(name: str, work: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.in_process", name, str(HERE.parent / "scenarios" / "default.yaml")]
    env = environment(work, str(work / "cache"))
    done = subprocess.run(command, cwd=HERE.parent, env=env, check=True, capture_output=True, text=True)
    steps: dict[str, float] = json.loads(done.stdout)
    return steps
