"""Load from another core, the system's own account of what a server used, and how figures are written (Linux)."""

from __future__ import annotations

import os
import resource
import selectors
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
_PROCESS_CPU = 2


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU that a process used so far, all threads and system calls included."""
    return time.clock_gettime((~pid << 3) | _PROCESS_CPU)  # how the kernel names the CPU clock of a process


def memory_of(pid: int) -> float:
    """Return the resident megabytes of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def now() -> float:
    """Return a steady time in seconds."""
    return time.perf_counter()


def wall() -> float:
    """Return the time of day in seconds since the epoch."""
    return time.time()  # noqa: TID251 - a benchmark reads what servers say of their time


def raise_file_limit() -> None:
    """Allow this process, and those that it starts, as many open files as the system lets them have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def pause(seconds: float) -> None:
    """Let the server come to rest."""
    time.sleep(seconds)  # noqa: TID251 - a benchmark waits for another process


def post(path: str, body: bytes) -> bytes:
    """Return the bytes of a POST as a keep-alive client sends them."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def take_answer(data: bytes) -> tuple[bytes | None, bytes]:
    """Split the body of the first whole answer off `data`, None while it is not whole; raise when it is no success."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None, data
    if b" 200 " not in head[:20]:
        raise RuntimeError(f"unexpected answer: {data[:300]!r}")
    size = _length(head)
    return (None, data) if len(rest) < size else (rest[:size], rest[size:])


def _length(head: bytes) -> int:
    lower = head.lower() + b"\r\n"
    start = lower.index(b"content-length:") + 15
    return int(lower[start : lower.index(b"\r\n", start)])


class Connection:
    """One keep-alive connection with one request under way at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer."""
        self.socket.sendall(request)
        data = b""
        while True:
            part = self.socket.recv(1 << 18)
            if not part:
                raise ConnectionError("the server closed the connection")
            answer, rest = take_answer(data := data + part)
            if answer is not None:
                assert not rest
                return answer

    def close(self) -> None:
        self.socket.close()


class Load:
    """Keep-alive connections, each with `depth` requests under way at a time; counts whole answers."""

    def __init__(self, port: int, connections: int = 8, depth: int = 1) -> None:
        self.depth = depth
        self.selector = selectors.DefaultSelector()
        self.buffers: dict[socket.socket, bytes] = {}
        for _ in range(connections):
            each = socket.create_connection(("127.0.0.1", port))
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(each, selectors.EVENT_READ)
            self.buffers[each] = b""

    def run(self, requests: Sequence[bytes], count: int) -> None:
        """Send `count` requests, taking `requests` in turn; raise when an answer is no success."""
        sent = done = 0
        for each in self.buffers:
            for _ in range(min(self.depth, count - sent)):
                each.sendall(requests[sent % len(requests)])
                sent += 1
        while done < count:
            for key, _ in self.selector.select():
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                answered = self._receive(ready)
                done += answered
                more = range(sent, min(sent + answered, count))
                if more:
                    ready.sendall(b"".join(requests[number % len(requests)] for number in more))
                    sent += len(more)

    def close(self) -> None:
        self.selector.close()
        for each in self.buffers:
            each.close()

    def _receive(self, each: socket.socket) -> int:
        part = each.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        data = self.buffers[each] + part
        answered = 0
        while data:
            answer, data = take_answer(data)
            if answer is None:
                break
            answered += 1
        self.buffers[each] = data
        return answered


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Write a median with its minimum and maximum."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def verdict(*, reached: bool) -> str:
    """Say whether a figure reached its aim."""
    return "reached" if reached else "MISSED"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows, the first being the heading, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  " + "  ".join(map(str.ljust, row, widths)) for row in rows]
    return "\n".join(map(str.rstrip, lines))
