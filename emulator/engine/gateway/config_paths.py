"""Where something stands in a gateway's config: paths with dots, as people write them (contract openclaw §1.10)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TypeAlias

from emulator.values.formats import Json

MAX_DEPTH = 64
MAX_PATH = 1_000

_MAX_DIGITS = 6  # of an array's index: no config has as many values
_INDEX = re.compile(r"0|[1-9][0-9]*")
_PIECE = re.compile(r"\\[.\\]|[^.\\]+|.", re.DOTALL)
_ESCAPED = {r"\.": ".", r"\\": "\\"}

Path: TypeAlias = tuple[str, ...]


def segments_of(dotted: str) -> Path:
    """Split at the dots without a backslash before them."""
    done: list[str] = []
    part: list[str] = []
    for piece in _PIECE.findall(dotted):
        if piece == ".":
            done.append("".join(part))
            part = []
        else:
            part.append(_ESCAPED.get(piece, piece))
    return (*done, "".join(part))


def dotted_of(path: Path) -> str:
    """Write a path with dots, such that :func:`segments_of` reads it."""
    return ".".join(segment.replace("\\", r"\\").replace(".", r"\.") for segment in path)


def shown(path: Path) -> str:
    """Return a path as an issue has it: not too long, and such that it can be sent."""
    return dotted_of(path)[:MAX_PATH].encode(errors="replace").decode()


def is_index(segment: str) -> bool:
    """Whether a segment is a whole number, as arrays have for places."""
    return len(segment) <= _MAX_DIGITS and _INDEX.fullmatch(segment) is not None


def leaves_of(value: Json, path: Path = (), *, arrays: bool = True) -> Iterator[tuple[Path, Json]]:
    """Yield what has nothing inside it; what lies too deep as a whole, which its path shows.

    Without `arrays` they count as having nothing inside.
    """
    members: Collection[tuple[str, Json]] = ()
    if len(path) > MAX_DEPTH:
        pass
    elif isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list) and arrays:
        members = [(str(index), each) for index, each in enumerate(value)]
    if not members:
        yield path, value
    for key, inner in members:
        yield from leaves_of(inner, (*path, key), arrays=arrays)
