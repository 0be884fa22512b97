"""What 1,000 streams of 20 chunks cost the server, and how well they keep time, beside bare aiohttp; larger is better.

All of a round are opened before the first chunk of any is due, so that opening them has its own figures. How late a
chunk is follows from the moment that the first chunk tells, with which a stream began; the least late chunk of a round
counts as on time.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from bench import scenarios
from bench.measure import spread, table, verdict, wall
from bench.servers import LOOPS, Server, bare_gateway, emulator

AIM = 0.8
STREAMS = 1_000
CHUNKS = 20
FIRST, EVERY = 3.0, 0.05
ROUNDS = 4
_HEADING = ("loop", "what", "bare", "emulator", "bare / emulator", f"aim {AIM}")
_CHUNK = re.compile(rb'"index":\d')
_PATIENCE = 30.0


class Round(NamedTuple):
    """What a round took: microseconds of CPU, kilobytes, milliseconds of lateness."""

    opening: float
    chunk: float
    memory: float
    p50: float
    p99: float


def main(work: Path) -> None:
    folder = scenarios.write(work / "streams", _scenario())
    rows: list[Sequence[str]] = [_HEADING]
    for loop in LOOPS:
        with bare_gateway(work, CHUNKS, FIRST, EVERY, loop) as theirs, emulator(work, folder, loop) as ours:
            servers = (theirs, ours)
            _check_equal(theirs, ours)
            rounds: dict[Server, list[Round]] = {theirs: [], ours: []}
            for number in range(ROUNDS):
                for server in servers if number % 2 else reversed(servers):
                    rounds[server].append(_round(server, STREAMS))
        rows += _rows(loop, rounds[theirs], rounds[ours])
    print(table(rows))
    print(f"  {STREAMS:,} streams, {CHUNKS} chunks each, {EVERY * 1e3:.0f} ms apart; memory of the first round;")
    print("  lateness of the best one, since other work on the machine only adds to it")


def _rows(loop: str, theirs: list[Round], ours: list[Round]) -> list[Sequence[str]]:
    rows = [
        _row(loop, "opening a stream, µs", [each.opening for each in theirs], [each.opening for each in ours]),
        _row(loop, "a chunk, µs", [each.chunk for each in theirs], [each.chunk for each in ours]),
        _row(loop, "an open stream, kB", [theirs[0].memory], [ours[0].memory]),
        _row(loop, "late, p50, ms", [min(each.p50 for each in theirs)], [min(each.p50 for each in ours)]),
        _row(loop, "late, p99, ms", [min(each.p99 for each in theirs)], [min(each.p99 for each in ours)]),
    ]
    return [row if aimed else (*row[:-1], "") for row, aimed in zip(rows, (0, 1, 1, 1, 1), strict=True)]


def _row(loop: str, what: str, theirs: list[float], ours: list[float]) -> tuple[str, ...]:
    ratio = median(one / other for one, other in zip(theirs, ours, strict=True))
    return loop, what, spread(theirs, 1), spread(ours, 1), f"{ratio:.2f}", verdict(reached=ratio >= AIM)


def _scenario() -> str:
    words = " ".join(["${now}", *(f"word{number}" for number in range(1, CHUNKS))])
    stream = f"{{by: word, first: {FIRST * 1e3:.0f}ms, every: {EVERY * 1e3:.0f}ms}}"
    return (
        f"gateway:\n  config: {{agents: {{defaults: {{maxConcurrent: {STREAMS}}}}}}}\n"
        f"  chat:\n    reply: {words}\n    stream: {stream}\n"
    )


def _round(server: Server, count: int) -> Round:
    memory, cpu = server.memory(), server.cpu()
    streams = [_Stream(server.port, f"s{number}") for number in range(count)]
    for stream in streams:
        stream.wait()
    opened = server.cpu()
    memory = server.memory() - memory
    if any(stream.has_more() for stream in streams):
        raise RuntimeError(f"opening {count} streams took longer than {FIRST} s")
    _receive(streams)
    over = server.cpu()
    delays = [delay for stream in streams for delay in stream.delays()]
    cuts = quantiles((delay - min(delays) for delay in delays), n=100)
    costs = (opened - cpu) / count, (over - opened) / count / CHUNKS
    return Round(costs[0] * 1e6, costs[1] * 1e6, memory * 1024 / count, cuts[49], cuts[98])


def _receive(streams: Sequence[_Stream]) -> None:
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream.socket, selectors.EVENT_READ, stream)
        while selector.get_map():
            ready = selector.select(_PATIENCE)
            if not ready:
                raise RuntimeError("the streams do not end")
            for key, _ in ready:
                if key.data.receive():
                    selector.unregister(key.fileobj)
                    key.data.socket.close()


class _Stream:
    """One stream."""

    def __init__(self, port: int, session: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(_PATIENCE)
        self.received = b""
        self.arrivals: list[float] = []
        url = f"/api/chat/stream?session={session}&message=hello"
        self.socket.sendall(f"GET {url} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    def wait(self) -> None:
        """Return once it is open."""
        while b"retry:" not in self.received:
            self.received += self.socket.recv(1 << 16)
        if b" 200 " not in self.received[:20]:
            raise RuntimeError(f"unexpected answer: {self.received[:300]!r}")

    def has_more(self) -> bool:
        """Say whether chunks came already."""
        self.socket.settimeout(0.0)
        try:
            return b"data:" in self.socket.recv(1 << 16, socket.MSG_PEEK)
        except BlockingIOError:
            return False

    def receive(self) -> bool:
        """Take what came, and say whether it was the end."""
        part = self.socket.recv(1 << 16)
        self.arrivals += [wall()] * len(_CHUNK.findall(part))
        self.received += part
        return not part or part.endswith(b"0\r\n\r\n")

    def delays(self) -> list[float]:
        """Return by how many milliseconds each chunk was late, give or take the difference of two clocks."""
        first = self.events()[0]["chunk"]
        if len(self.arrivals) != CHUNKS or not self.received.endswith(b"0\r\n\r\n"):
            raise RuntimeError(f"{len(self.arrivals)} chunks came: {self.received!r}")
        start = float(first) + FIRST * 1e3
        return [each * 1e3 - start - index * EVERY * 1e3 for index, each in enumerate(self.arrivals)]

    def events(self) -> list[dict[str, str]]:
        """Return the data of all events."""
        return [json.loads(each) for each in re.findall(rb"^data: (.*)\n", self.received, re.MULTILINE)]


def _check_equal(theirs: Server, ours: Server) -> None:
    """Have one stream of each, which warms them up, too; raise unless they send the same."""
    shapes = []
    for server in (theirs, ours):
        stream = _Stream(server.port, "first")
        stream.wait()
        _receive([stream])
        stream.delays()
        shapes.append([(list(each), each["chunk"] if number else "") for number, each in enumerate(stream.events())])
    if shapes[0] != shapes[1]:
        raise RuntimeError(f"the servers stream differently: {shapes}")
