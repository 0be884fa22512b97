"""Servers as processes, load from another core, and the system's own account of what a server used (Linux)."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]


@dataclass
class Server:
    """A running server and its account."""

    process: subprocess.Popen[str]
    port: int

    def cpu(self) -> float:
        """Seconds of CPU used so far, system calls included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self) -> float:
        """Resident megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


@contextmanager
def serving(command: Sequence[str]) -> Iterator[Server]:
    """Run a server on its own core until the block ends; it must print ``ready PORT``."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("ready "):
                break
        else:
            raise RuntimeError(f"{command} did not start")
        yield Server(process, int(line.split()[1]))
    finally:
        process.terminate()
        process.wait()


def python(*arguments: str) -> list[str]:
    """Return the command of a Python program in this environment."""
    return [sys.executable, *arguments]


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """Return the bytes of a POST as a keep-alive client sends them."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Load:
    """Keep-alive connections, each with one request under way at a time; counts whole answers."""

    def __init__(self, port: int, connections: int = 8) -> None:
        self.selector = selectors.DefaultSelector()
        self.buffers: dict[socket.socket, bytes] = {}
        for _ in range(connections):
            each = socket.create_connection(("127.0.0.1", port))
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(each, selectors.EVENT_READ)
            self.buffers[each] = b""

    def run(self, requests: Sequence[bytes], count: int, *, expect: bytes = b" 200 ") -> None:
        """Send `count` requests, taking `requests` in turn; raise when an answer is not what is expected."""
        os.sched_setaffinity(0, {LOAD_CORE})
        sent = done = 0
        for each in self.buffers:
            if sent < count:
                each.sendall(requests[sent % len(requests)])
                sent += 1
        while done < count:
            for key, _ in self.selector.select():
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                if self._whole(ready, expect):
                    done += 1
                    if sent < count:
                        ready.sendall(requests[sent % len(requests)])
                        sent += 1

    def close(self) -> None:
        for each in self.buffers:
            each.close()

    def _whole(self, each: socket.socket, expect: bytes) -> bool:
        data = self.buffers[each] + each.recv(1 << 18)
        head, end, body = data.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            if expect not in head[:20]:
                raise RuntimeError(f"unexpected answer: {data[:300]!r}")
            self.buffers[each] = b""
            return True
        self.buffers[each] = data
        return False


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    return int(lower[start : lower.find(b"\r\n", start) if b"\r\n" in lower[start:] else len(lower)])


def cpu_per_request(server: Server, load: Load, requests: Sequence[bytes], count: int) -> float:
    """Microseconds of the server's CPU for each of `count` requests."""
    before = server.cpu()
    load.run(requests, count)
    return (server.cpu() - before) / count * 1e6


def spread(values: Sequence[float]) -> str:
    """Write a median with its minimum and maximum."""
    return f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def now() -> float:
    """Return a monotonic time in seconds."""
    return time.perf_counter()
