"""Resident memory of the emulator after its start, and after a million requests."""

from __future__ import annotations

from pathlib import Path

from bench import scenarios
from bench.measure import Connection, Load, pause, table, verdict
from bench.servers import emulator

AIM_MB = 60
FUNCTIONS = 20
ANSWER_BYTES = 1_150
REQUESTS = 1_000_000
PARTS = 4
_CONNECTIONS = 4
_DEPTH = 32


def main(work: Path) -> None:
    text = "x" * ANSWER_BYTES
    folder = scenarios.write(work / "memory", scenarios.texts(range(FUNCTIONS), text))
    requests = scenarios.requests(range(FUNCTIONS))
    with emulator(work, folder):
        pass  # writes bytecode: compiling takes memory that a start usually does not
    rows = [("after", "resident MB", f"aim < {AIM_MB}")]
    with emulator(work, folder) as server:
        first = Connection(server.port)
        first.ask(requests[0])
        first.close()
        pause(2.0)  # the watcher starts after the first answer
        rows.append(_row("the start", server.memory()))
        load = Load(server.port, _CONNECTIONS, _DEPTH)
        for part in range(1, PARTS + 1):
            load.run(requests, REQUESTS // PARTS)
            rows.append(_row(f"{REQUESTS * part // PARTS:,} requests", server.memory()))
        load.close()
    print(table(rows))


def _row(after: str, memory: float) -> tuple[str, str, str]:
    return after, f"{memory:.1f}", verdict(reached=memory < AIM_MB)
