"""From a commit to the frame on 1,000 sockets, beside a bare aiohttp broadcast of the same bytes; smaller is better.

Each socket watches one query. Latency is counted from sending the request that commits to reading the whole frame;
rounds alternate between the servers, and the best one counts, since other work on the machine only adds to it. After
that comes what an idle subscriber takes in memory, and how long it takes from saving a file until the last of 100
sockets has its frame.
"""

from __future__ import annotations

import json
import selectors
import socket
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from bench import scenarios
from bench.measure import Connection, now, pause, post, spread, table, verdict
from bench.servers import LOOPS, Server, bare_sync, emulator

AIM = 1.5
AIM_SAVED_MS = 100
SOCKETS = 1_000
SAVED_SOCKETS = 100
ROUNDS = 40
SAVES = 10
_TEXT = "x" * 1_150
_HEADING = ("loop", "what", "bare", "emulator", "emulator / bare", "middle half", f"aim {AIM}")
_PATIENCE = 30.0
_LONG = 200  # a Ping is shorter, what is measured longer
_HANDSHAKE = (
    b"GET /api/1.48.0/sync HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def main(work: Path) -> None:
    folder = scenarios.write(work / "sync", _scenario("a"))
    rows: list[Sequence[str]] = [_HEADING]
    saved: list[Sequence[str]] = [("loop", "what", "ms", f"aim < {AIM_SAVED_MS}")]
    for loop in LOOPS:
        with bare_sync(work, loop) as theirs, emulator(work, folder, loop) as ours:
            rows += _beside(loop, theirs, ours)
        with emulator(work, folder, loop) as server:
            times = _save(server, folder / "default.yaml")
        reached = verdict(reached=median(times) < AIM_SAVED_MS)
        saved.append((loop, f"from saving a file to the last of {SAVED_SOCKETS} frames", spread(times, 1), reached))
    print(table(rows))
    print(table(saved))


def _beside(loop: str, theirs: Server, ours: Server) -> list[Sequence[str]]:
    pause(2.0)  # the watcher looks a second time a second after its start
    subscribers = {server: Subscribers(server.port) for server in (theirs, ours)}
    subscribers[theirs].frame = _TEXT.encode()
    memory = {}
    for server, each in subscribers.items():
        each.open(20)
        each.commit()
        before = server.memory()
        each.open(SOCKETS - 20)
        memory[server] = (server.memory() - before) / (SOCKETS - 20) * 1024
    subscribers[theirs].frame = subscribers[ours].commit_once()
    samples: dict[Server, list[tuple[float, float, float]]] = {theirs: [], ours: []}
    for number in range(ROUNDS + 2):
        for server in (theirs, ours) if number % 2 else (ours, theirs):
            used = server.cpu()
            times = subscribers[server].commit()
            cut = quantiles(times, n=100)
            if number > 1:
                samples[server].append((cut[49], cut[98], (server.cpu() - used) / SOCKETS * 1e6))
    for each in subscribers.values():
        each.close()
    names = ("commit to frame, p50, ms", "commit to frame, p99, ms", "CPU of a frame, µs")
    p50, p99, cpu = (
        ([each[at] for each in samples[theirs]], [each[at] for each in samples[ours]]) for at in range(len(names))
    )
    best = [([min(one)], [min(other)]) for one, other in (p50, p99)]
    rows = [_row(loop, name, *figures) for name, figures in zip(names, [*best, cpu], strict=True)]
    return [*rows, (*_row(loop, "an idle subscriber, kB", [memory[theirs]], [memory[ours]])[:-1], "")]


def _row(loop: str, what: str, theirs: list[float], ours: list[float]) -> tuple[str, ...]:
    ratios = [other / one for one, other in zip(theirs, ours, strict=True)]
    low, _, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    reached = verdict(reached=median(ratios) <= AIM)
    return loop, what, spread(theirs, 1), spread(ours, 1), f"{median(ratios):.2f}", f"{low:.2f}-{high:.2f}", reached


def _save(server: Server, file: Path) -> list[float]:
    """Return how many milliseconds it takes from saving until all have the new result."""
    subscribers = Subscribers(server.port)
    subscribers.open(SAVED_SOCKETS)
    pause(2.0)
    times = []
    for number in range(SAVES + 2):
        content = _scenario("bcdefghi"[number % 8])
        started = now()
        file.write_text(content)
        times.append(subscribers.receive(started)[-1])
        pause(0.2)
    subscribers.close()
    return times[2:]  # the first ones import what only a reload needs


def _scenario(mark: str) -> str:
    return (
        f"state: {{mode: calm}}\nvars: {{mark: {mark}}}\nfunctions:\n"
        f"  q:mode: {{type: query, result: '${{vars.mark}} {_TEXT} ${{state.mode}}'}}\n"
        "  m:set: {type: mutation, do: [{set: {mode: '${args.to}'}}], result: null}\n"
    )


class Subscribers:
    """Many sockets to one server, each of which watches the same query."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.frame: bytes | None = None
        self.commits = 0
        self.caller = Connection(port)
        self.sockets: dict[socket.socket, bytes] = {}
        self.selector = selectors.DefaultSelector()
        self.last = b""

    def open(self, count: int) -> None:
        """Subscribe so many more."""
        for _ in range(count):
            each = socket.create_connection(("127.0.0.1", self.port))
            each.settimeout(_PATIENCE)
            each.sendall(_HANDSHAKE)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += each.recv(1 << 12)
            if b" 101 " not in answer[:20]:
                raise RuntimeError(f"unexpected answer: {answer!r}")
            number = len(self.sockets)
            connect = {"type": "Connect", "sessionId": f"s{number}", "connectionCount": 0, "lastCloseReason": None}
            add = {"type": "Add", "queryId": 0, "udfPath": "q:mode", "args": [{}]}
            modify = {"type": "ModifyQuerySet", "baseVersion": 0, "newVersion": 1, "modifications": [add]}
            each.sendall(_masked({**connect, "clientTs": number + 1.5}) + _masked(modify))
            if b'"Transition"' not in each.recv(1 << 16):
                raise RuntimeError("a subscriber got no first result")
            self.sockets[each] = b""
            self.selector.register(each, selectors.EVENT_READ)

    def commit(self) -> list[float]:
        """Commit, and return how many milliseconds it took to each frame, the shortest first."""
        self.commits += 1
        args = {"path": "m:set", "args": {"to": f"{self.commits:08}"}, "format": "json"}
        request = post("/api/mutation", self.frame or json.dumps(args).encode())
        started = now()
        self.caller.socket.sendall(request)
        times = self.receive(started)
        self.caller.socket.recv(1 << 16)
        return times

    def commit_once(self) -> bytes:
        """Commit, and return a frame that was sent."""
        self.commit()
        return self.last

    def receive(self, started: float) -> list[float]:
        """Wait for a frame on each socket."""
        times: list[float] = []
        while len(times) < len(self.sockets):
            ready = self.selector.select(_PATIENCE)
            if not ready:
                raise RuntimeError(f"{len(self.sockets) - len(times)} frames did not come")
            for key, _ in ready:
                each = key.fileobj
                assert isinstance(each, socket.socket)
                if self._take(each):
                    times.append((now() - started) * 1e3)
        return times

    def close(self) -> None:
        """Close all of them."""
        self.selector.close()
        self.caller.close()
        for each in self.sockets:
            each.close()

    def _take(self, each: socket.socket) -> bool:
        """Read, and say whether a whole frame came that is not short."""
        data = self.sockets[each] + each.recv(1 << 16)
        is_there = False
        while len(data) > 1:
            head, size = 2, data[1]
            if size > 125:
                head = 4
                size = int.from_bytes(data[2:4], "big")
            if len(data) < head + size:
                break
            if size > _LONG:
                self.last, is_there = data[head : head + size], True
            data = data[head + size :]
        self.sockets[each] = data
        return is_there


def _masked(tree: object) -> bytes:
    """Return JSON as a frame, masked by zeros."""
    text = json.dumps(tree).encode()
    size = bytes((0x80 | len(text),)) if len(text) <= 125 else bytes((0xFE,)) + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text
