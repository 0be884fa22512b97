"""How the command logs: short lines for people, or one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import click

LEVELS = ("debug", "info", "warning", "error")
_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red", "DEBUG": "bright_black"}


class _ForPeople(logging.Formatter):
    """``12:00:01 warning  text``; further lines are indented below the first."""

    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname.lower()
        if self._colours and record.levelname in _COLOURS:
            level = click.style(level, fg=_COLOURS[record.levelname])
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        first, *rest = text.splitlines() or [""]
        return "\n".join([f"{self.formatTime(record, '%H:%M:%S')} {level}: {first}", *(f"  {line}" for line in rest)])


class _ForPrograms(logging.Formatter):
    """One JSON object a line; `data` has a record's own facts."""

    def format(self, record: logging.LogRecord) -> str:
        row = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False)


def start_logging(level: str, *, as_json: bool, path: Path | None = None) -> None:
    """Send the emulator's log to standard error, from `level` upward, or add it to a file.

    Raises ClickException where the file cannot be written.
    """
    handler = _handler(path)
    handler.setFormatter(_ForPrograms() if as_json else _ForPeople(colours=path is None and sys.stderr.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("asyncio").setLevel(max(logging.WARNING, root.level))
    logging.getLogger("watchfiles").setLevel(max(logging.WARNING, root.level))


def _handler(path: Path | None) -> logging.Handler:
    if path is None:
        return logging.StreamHandler()
    try:
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write the log to {path}: {error.strerror or error}") from error
