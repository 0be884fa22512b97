"""What 2,000 open WebSockets take in memory and a ping on them in CPU time, beside bare aiohttp; larger is better."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from bench import scenarios
from bench.measure import pause, spread, table, verdict
from bench.servers import LOOPS, Server, bare_gateway, emulator

AIM = 0.8
SOCKETS = 2_000
ROUNDS = 20
_HEADING = ("loop", "what", "bare", "emulator", "bare / emulator", "middle half", f"aim {AIM}")
_PATIENCE = 30.0
_HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_FRAME = b'{"type":"ping"}'
_PING = bytes((0x81, 0x80 | len(_FRAME), 0, 0, 0, 0)) + _FRAME  # masked by zeros
_TEXT, _PROTOCOL_PING = 0x81, 0x89


def main(work: Path) -> None:
    folder = scenarios.write(work / "sockets", "gateway: {chat: {reply: Hello}}\n")
    rows: list[Sequence[str]] = [_HEADING]
    for loop in LOOPS:
        with bare_gateway(work, 1, 0, 0, loop) as theirs, emulator(work, folder, loop) as ours:
            pause(2.0)  # the watcher looks a second time a second after its start
            clients = {server: _Client(server.port) for server in (theirs, ours)}
            memory, opening = {}, {}
            for server, client in clients.items():
                client.open(20)
                client.ping_all()
                before, cpu = server.memory(), server.cpu()
                client.open(SOCKETS)
                opening[server] = (server.cpu() - cpu) / SOCKETS * 1e6
                client.ping_all()
                memory[server] = (server.memory() - before) / SOCKETS * 1024
            costs: dict[Server, list[float]] = {theirs: [], ours: []}
            for number in range(ROUNDS):
                for server in (theirs, ours) if number % 2 else (ours, theirs):
                    cpu = server.cpu()
                    clients[server].ping_all()
                    costs[server].append((server.cpu() - cpu) / len(clients[server].sockets) * 1e6)
            for client in clients.values():
                client.close()
        rows += [
            (*_row(loop, "opening a socket, µs", [opening[theirs]], [opening[ours]])[:-1], ""),
            _row(loop, "an idle socket, kB", [memory[theirs]], [memory[ours]]),
            _row(loop, "a ping, µs", costs[theirs], costs[ours]),
        ]
    print(table(rows))
    print(f"  {SOCKETS:,} sockets to each server, all open at once; each pings once in a round")


def _row(loop: str, what: str, theirs: list[float], ours: list[float]) -> tuple[str, ...]:
    ratios = [one / other for one, other in zip(theirs, ours, strict=True)]
    low, _, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    reached = verdict(reached=median(ratios) >= AIM)
    return loop, what, spread(theirs, 1), spread(ours, 1), f"{median(ratios):.2f}", f"{low:.2f}-{high:.2f}", reached


class _Client:
    """Many sockets to one server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sockets: list[socket.socket] = []
        self.selector = selectors.DefaultSelector()

    def open(self, count: int) -> None:
        """Open so many more."""
        for _ in range(count):
            each = socket.create_connection(("127.0.0.1", self.port))
            each.settimeout(_PATIENCE)
            each.sendall(_HANDSHAKE)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += each.recv(1 << 12)
            if b" 101 " not in answer[:20]:
                raise RuntimeError(f"unexpected answer: {answer!r}")
            self.sockets.append(each)
            self.selector.register(each, selectors.EVENT_READ)

    def ping_all(self) -> None:
        """Ping on all of them, and wait for all answers."""
        for each in self.sockets:
            each.sendall(_PING)
        missing = len(self.sockets)
        while missing:
            ready = self.selector.select(_PATIENCE)
            if not ready:
                raise RuntimeError(f"{missing} pings are not answered")
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                missing -= _answers(key.fileobj.recv(1 << 12))

    def close(self) -> None:
        """Close all of them."""
        self.selector.close()
        for each in self.sockets:
            each.close()


def _answers(data: bytes) -> int:
    """Count the pongs among short frames; a heartbeat is no answer, and pinging goes on before it needs one."""
    count = 0
    while data:
        kind, size = data[0], data[1]
        if kind == _TEXT and b'"pong"' in data[2 : 2 + size]:
            count += 1
        elif kind != _PROTOCOL_PING:
            raise RuntimeError(f"unexpected frame: {data!r}")
        data = data[2 + size :]
    return count
