"""However a program ends that has an emulator in it, nothing is left, and nothing is waited for."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.support.process import clean_environment

START = """
import sys
from emulator.testing import serve_in_thread

context = serve_in_thread("functions: {which: {result: 1}}")
emulator = context.__enter__()
print(emulator.convex_url, flush=True)
"""


@contextmanager
def program(text: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", START + text]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, env=clean_environment(), stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def is_served(url: str) -> bool:
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    try:
        socket.create_connection((address.hostname, address.port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_program_that_is_ended_in_the_middle_leaves_no_port(number: signal.Signals) -> None:
    with program("emulator.wait_for_call('which', timeout='10m')") as (process, url):
        assert is_served(url)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)

        assert process.returncode == -number
        assert not is_served(url)
        assert ("KeyboardInterrupt" in errors) == (number is signal.SIGINT)


@pytest.mark.parametrize(("ending", "status"), [("", 0), ("sys.exit(3)", 3)])
def test_a_program_that_ends_without_a_farewell_is_not_held_up(ending: str, status: int) -> None:
    with program(ending) as (process, url):
        process.communicate(timeout=30)

        assert process.returncode == status
        assert not is_served(url)
