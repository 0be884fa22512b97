"""Scenario files as text: read within the cap, decoded strictly, known by their digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from emulator.model.place import Place
from emulator.scenario.problem import Problem

MAX_FILE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The text of one file; `file` is its name as people are shown it."""

    file: str
    text: str = field(repr=False)

    def line(self, number: int) -> str | None:
        """Return a line, counted from 1, or None past the end."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else None


def shown_path(path: Path) -> str:
    """Return the path as people are shown it: relative to where they stand, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def digest_of(data: bytes) -> str:
    """Return the digest by which the content of a file is known."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read_file(path: Path) -> bytes | Problem:
    """Read a whole file, or say why not."""
    whole = Place(shown_path(path), 0, 0)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Problem(whole, "unreadable", f"cannot read {whole.file}: {reason}", hint="check that the path is right")
    if len(data) > MAX_FILE_BYTES:
        return Problem(
            whole,
            "file-too-large",
            f"{whole.file} is larger than {MAX_FILE_BYTES // 2**20} MiB",
            hint="split it into parts and `include` them",
        )
    return data


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
