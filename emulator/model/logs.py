"""Convex log lines: how a console call becomes one text, and how long they may grow (contract convex §5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from emulator.values.convex import Value
from emulator.values.display import inspect

MAX_LINE_LENGTH = 32_768
MAX_LINES = 256
TRUNCATED = " (truncated due to length)"


class LogLevel(Enum):
    """Levels of log lines, as they print."""

    LOG = "LOG"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


def write_log_line(level: LogLevel, arguments: Sequence[Value]) -> str:
    """Write one console call: ``[WARN] 'low stock' { left: 2 }``, cut at the service's limit."""
    text = " ".join(map(inspect, arguments))
    if len(text) > MAX_LINE_LENGTH:
        text = f"{text[:MAX_LINE_LENGTH]}{TRUNCATED}"
    return f"[{level.value}] {text}"


def cap_log_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Keep as many lines as the service does, and its own line where it cut."""
    if len(lines) <= MAX_LINES:
        return tuple(lines)
    overflow = f"[ERROR] Log overflow (maximum {MAX_LINES}). Remaining log lines omitted."
    return (*lines[:MAX_LINES], overflow)
