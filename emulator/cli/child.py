"""A command that runs as our child: started, sent the signals that we get, and waited for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_NOT_FOUND, _CANNOT_RUN, _SIGNALLED = 127, 126, 128
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_OF_TERMINALS = ("SIGINT", "SIGHUP", "SIGQUIT")
"""What a terminal sends to all in the foreground, us and the command alike."""


_GUARD = """
trap '' INT TERM HUP QUIT USR1 USR2
read -r _ || kill -s TERM "$1"
"""
"""Ends the command when we are gone without having said so: then what it reads ends without a line."""


class CannotRunError(Exception):
    """A command cannot be started; `status` is what a shell would end with."""

    def __init__(self, message: str, status: int) -> None:
        """Say which, and why."""
        super().__init__(message)
        self.status = status


class Child:
    """A command, in our process group, where a terminal reaches it as it does us, or leading a group of its own."""

    def __init__(self, command: Sequence[str], *, in_group: bool) -> None:
        """Prepare; nothing runs before :meth:`start`."""
        self._command = list(command)
        self._in_group = in_group
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._early: list[signal.Signals] = []

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it with our input and outputs; raise CannotRunError when it cannot be."""
        if self._early:
            raise CannotRunError(f"stopped by {self._early[0].name}", _SIGNALLED + self._early[0])
        name, *arguments = self._command
        if os.name == "nt":  # where scripts such as npm have an ending that only a shell would add
            name = shutil.which(name, path=environment.get("PATH")) or name
        group = None if self._in_group else 0
        try:
            self._process = subprocess.Popen([name, *arguments], env=environment, process_group=group)  # noqa: S603 - it is what we are told to run
        except FileNotFoundError as error:
            if Path(name).exists():
                raise CannotRunError(
                    f"cannot run {name}: what its first line names is not there", _CANNOT_RUN
                ) from error
            raise CannotRunError(f"there is no command {name}", _NOT_FOUND) from error
        except OSError as error:
            raise CannotRunError(f"cannot run {name}: {error.strerror or error}", _CANNOT_RUN) from error

        self._guard = self._guarded(self._process.pid)

    def _guarded(self, number: int) -> subprocess.Popen[bytes] | None:
        """Have the command end even when we are killed; where there is no shell for that, it goes on alone."""
        if os.name != "posix":
            return None
        whom, group = (str(number), None) if self._in_group else ("0", number)
        nothing = subprocess.DEVNULL
        with contextlib.suppress(OSError):
            return subprocess.Popen(  # noqa: S603 - our own text
                ["/bin/sh", "-c", _GUARD, "guard", whom],
                stdin=subprocess.PIPE,
                stdout=nothing,
                stderr=nothing,
                process_group=group,
            )
        return None

    def take(self, number: signal.Signals) -> None:
        """Pass on a signal that we got, unless the terminal has sent it to the command, too."""
        if self._process is None:
            self._early.append(number)
        elif self._in_group:
            if number.name not in _OF_TERMINALS:
                self._process.send_signal(number)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def wait(self) -> int:
        """Block until it ends; return its exit status, or less than 0 for a signal that ended it."""
        assert self._process is not None
        returncode = self._process.wait()
        if self._guard is not None:
            with contextlib.suppress(OSError):
                self._guard.communicate(b"\n")
        return returncode


def status_of(returncode: int) -> int:
    """Return a shell's exit status for how a process ended."""
    return returncode if returncode >= 0 else _SIGNALLED - returncode


def is_in_foreground() -> bool:
    """Whether we are what a terminal's Ctrl-C is for."""
    if os.name != "posix":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


@contextlib.contextmanager
def taking_signals(child: Child) -> Iterator[None]:
    """Let the child have what we are sent until the block ends; we end when it does."""
    loop = asyncio.get_running_loop()
    for number in (getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)):
        try:
            loop.add_signal_handler(number, child.take, number)
        except NotImplementedError:  # Windows, where the console tells the command of a Ctrl-C, too
            if number == signal.SIGINT:
                signal.signal(number, lambda *_: None)
    yield
