"""The servers that are measured: bare aiohttp and the emulator, each a process on the core that serves."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measure import SERVER_CORE, cpu_of, memory_of, now, pause

HERE = Path(__file__).parent
LOOPS = ("asyncio", "uvloop") if importlib.util.find_spec("uvloop") else ("asyncio",)
_PATIENCE = 30.0


@dataclass(frozen=True)
class Server:
    """A running server."""

    pid: int
    port: int

    def cpu(self) -> float:
        """Seconds of CPU used so far."""
        return cpu_of(self.pid)

    def memory(self) -> float:
        """Resident megabytes."""
        return memory_of(self.pid)


def bare_command(functions: int, answer_bytes: int, loop: str = "asyncio", port: int = 0) -> list[str]:
    """Return the command of the yardstick."""
    return [sys.executable, "-m", "bench.bare", str(functions), str(answer_bytes), loop, str(port)]


def emulator_command(scenarios: Path, *options: str, loop: str = LOOPS[-1], port: int = 0) -> list[str]:
    """Return the command of the emulator, which takes uvloop where it is installed unless it is hidden from it."""
    program = ["-m", "emulator"] if loop == LOOPS[-1] else ["-m", "bench.plain_asyncio"]
    serve = ["serve", str(scenarios), "--port", str(port), "--watch", "--log-level", "warning"]
    return [sys.executable, *program, *serve, *options]


def environment(work: Path, cache: str = "off") -> dict[str, str]:
    """Return the environment of a server: no settings of the user's, and bytecode that outlives the process."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("EMULATOR_", "PYTHONDONTWRITE"))}
    return kept | {
        "EMULATOR_CACHE": cache,
        "PYTHONPYCACHEPREFIX": str(work / "bytecode"),
        "PYTHONPATH": str(HERE.parent),
    }


@contextmanager
def running(command: Sequence[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a server on its own core until the block ends."""
    process = subprocess.Popen(
        command,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def bare(work: Path, functions: int, answer_bytes: int, loop: str) -> Iterator[Server]:
    """Run the yardstick of functions."""
    with _saying_ready(bare_command(functions, answer_bytes, loop), environment(work)) as server:
        yield server


@contextmanager
def bare_gateway(work: Path, chunks: int, first: float, every: float, loop: str) -> Iterator[Server]:
    """Run the yardstick of streams and sockets; `first` and `every` are seconds."""
    settings = [str(chunks), str(first), str(every), loop, "0"]
    with _saying_ready([sys.executable, "-m", "bench.bare_gateway", *settings], environment(work)) as server:
        yield server


@contextmanager
def bare_sync(work: Path, loop: str) -> Iterator[Server]:
    """Run the yardstick of live queries."""
    with _saying_ready([sys.executable, "-m", "bench.bare_sync", loop], environment(work)) as server:
        yield server


@contextmanager
def _saying_ready(command: Sequence[str], env: Mapping[str, str]) -> Iterator[Server]:
    """Run a server that prints ``ready PORT``."""
    with running(command, env) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError("the bare server did not start")
        yield Server(process.pid, int(line.split()[1]))


@contextmanager
def emulator(
    work: Path,
    scenarios: Path,
    loop: str = LOOPS[-1],
    program: str | None = None,
    options: Sequence[str] = (),
) -> Iterator[Server]:
    """Run the emulator, or a module that changes something about it, which writes a ready file."""
    ready = work / "ready.json"
    ready.unlink(missing_ok=True)
    command = emulator_command(scenarios, "--ready-file", str(ready), *options, loop=loop)
    if program is not None:
        command[1:3] = ["-m", program]
    with running(command, environment(work)) as process:
        patience = now() + _PATIENCE
        while not ready.exists():
            if process.poll() is not None or now() > patience:
                raise RuntimeError("the emulator did not start")
            pause(0.01)
        facts = json.loads(ready.read_bytes())
        yield Server(process.pid, int(facts["convex_url"].rpartition(":")[2]))


def free_port() -> int:
    """Return a port that nobody listened at a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
