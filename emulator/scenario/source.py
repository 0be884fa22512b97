"""Scenario files as text: read within the cap, decoded strictly, known by their digest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from emulator.model.place import Place
from emulator.scenario.problem import Problem

_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
MAX_FILE_BYTES = 16 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Source:
    """The text of one file; `file` is its name as people are shown it."""

    file: str
    text: str = field(repr=False)
    _lines: list[str] | None = field(default=None, repr=False)

    def line(self, number: int) -> str | None:
        """Return a line, counted from 1, or None past the end; the text is split once, and only when asked."""
        if self._lines is None:
            self._lines = split_lines(self.text)
            if not self._lines[-1]:
                self._lines.pop()
        return self._lines[number - 1] if 0 < number <= len(self._lines) else None


def split_lines(text: str) -> list[str]:
    """Return the lines of a text where YAML ends them; the last is empty when the text ends with one."""
    return _LINE_END.split(text)


def shown_path(path: Path) -> str:
    """Return the path as people are shown it: relative to where they stand, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def digest_of(data: bytes) -> str:
    """Return the digest by which the content of a file is known."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read_file(path: Path) -> bytes | Problem:
    """Read a whole file, or say why not."""
    try:
        if not path.is_file() and path.exists():
            return Problem(
                Place(shown_path(path), 0, 0), "unreadable", f"{shown_path(path)} is no file", hint="name a YAML file"
            )
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return unreadable(path, error)
    if len(data) > MAX_FILE_BYTES:
        name = shown_path(path)
        return Problem(
            Place(name, 0, 0),
            "file-too-large",
            f"{name} is larger than {MAX_FILE_BYTES // 2**20} MiB",
            hint="split it into parts and `include` them",
        )
    return data


def unreadable(path: Path, error: OSError) -> Problem:
    """Return the problem of a file or folder that the system does not let us read."""
    name = shown_path(path)
    reason = error.strerror or type(error).__name__
    return Problem(
        Place(name, 0, 0), "unreadable", f"cannot read {name}: {reason}", hint="check that the path is right"
    )


def decode_text(file: str, data: bytes) -> Source | Problem:
    """Decode a file's bytes, or say where they are no UTF-8."""
    try:
        return Source(file, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        byte = data[error.start]
        return Problem(
            Place(file, line, column), "not-utf8", f"byte 0x{byte:02x} is not UTF-8", hint="save the file as UTF-8"
        )
