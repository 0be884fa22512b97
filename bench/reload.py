"""From saving a file to the first new answer, while a client asks without a pause; and how long that client waits.

The longest wait is that of each reload: its median over all reloads is held against the aim, its maximum is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import scenarios
from bench.measure import Connection, now, pause, spread, table, verdict
from bench.servers import Server, emulator

ROUNDS = 30
FUNCTIONS = 20
PARTS = 50
AIM_WAIT_MS = 50
_PATIENCE = 10.0
_AFTERWARDS = 0.15
_REST = 0.1
_HEADING = ("reload", "ms to the new answer", "aim", "longest wait in ms", f"aim < {AIM_WAIT_MS}", "requests", "failed")


@dataclass
class Account:
    """What the client saw of all reloads of one kind, and its connection."""

    server: Server
    client: Connection
    delays: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)
    requests: int = 0
    failed: int = 0

    def ask(self, request: bytes) -> bytes:
        """Ask once, and connect anew when that failed."""
        self.requests += 1
        try:
            return self.client.ask(request)
        except (OSError, RuntimeError):
            self.failed += 1
            self.client.close()
            self.client = Connection(self.server.port)
            return b""


def main(work: Path) -> None:
    one = scenarios.write(work / "reload-one", scenarios.documents(range(FUNCTIONS)))
    many = scenarios.write_parts(work / "reload-many", PARTS, FUNCTIONS)
    part = PARTS // 2
    cases = (
        (f"{FUNCTIONS} functions in one file", one, one / "default.yaml", 0, 50),
        (f"one of {PARTS} files, {FUNCTIONS} functions each", many, many / "parts" / f"part{part}.yaml", part, 150),
    )
    rows = [_HEADING]
    for name, folder, file, number, aim in cases:
        with emulator(work, folder) as server:
            account = _measure(server, file, number * FUNCTIONS)
        reached = verdict(reached=median(account.delays) < aim)
        waited = verdict(reached=median(account.longest) < AIM_WAIT_MS)
        asked, failed = f"{account.requests:,}", str(account.failed)
        delays = f"< {aim} {reached}"
        rows.append((name, spread(account.delays), delays, spread(account.longest, 1), waited, asked, failed))
    print(table(rows))


def _measure(server: Server, file: Path, first: int) -> Account:
    """Save again and again; the first function of the file is the one asked for."""
    account = Account(server, Connection(server.port))
    request = scenarios.ask(first)
    account.ask(request)
    pause(2.0)  # the watcher starts after the first answer
    for number in range(ROUNDS + 2):
        mark = "bcdefghi"[number % 8]
        wanted = f"{mark}{first:05}x".encode()
        content = scenarios.documents(range(first, first + FUNCTIONS), mark)
        started = now()
        file.write_text(content)
        delay, longest = _wait_for(account, request, wanted, started)
        if number > 1:  # the first ones import what only a reload needs
            account.delays.append(delay * 1e3)
            account.longest.append(longest * 1e3)
        pause(_REST)
    account.client.close()
    return account


def _wait_for(account: Account, request: bytes, wanted: bytes, started: float) -> tuple[float, float]:
    """Ask until a while after the new answer came; return when it came, and the longest wait of any request."""
    delay = None
    longest = 0.0
    answered = started
    while delay is None or answered < started + delay + _AFTERWARDS:
        asked = now()
        answer = account.ask(request)
        answered = now()
        longest = max(longest, answered - asked)
        if delay is None and wanted in answer:
            delay = answered - started
        elif delay is None and answered - started > _PATIENCE:
            raise RuntimeError("what was saved never came into force")
    return delay, longest
