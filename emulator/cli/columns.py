"""Lines and tables as wide as the terminal; into a file or a pipe they are as long as they are."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from unicodedata import combining, east_asian_width

_GAP = 2


def call_line(row: Mapping[str, Any]) -> str:
    """Return one line for a call."""
    args = json.dumps(row["args"], ensure_ascii=False, separators=(",", ":"))
    line = f"{row['number']:>5} {row['at'][11:23]} {row['outcome']:<10} {row['operation']} {args}"
    if row["faults"]:
        line += f" [{', '.join(row['faults'])}]"
    if row.get("explanation"):
        line += f" — {row['explanation']}"
    return fitted(line)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under their heads, each column as wide as need be."""
    listed = [heads, *rows]
    widths = [max(map(_width, column)) + _GAP for column in zip(*listed, strict=True)]
    lines = []
    for row in listed:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        lines.append(fitted("".join(cells).rstrip()))
    return "\n".join(lines)


def fitted(line: str) -> str:
    """Return a line that fits the terminal, and does nothing to it."""
    sound = "".join(each if each.isprintable() else "�" for each in " ".join(line.splitlines()))
    room = shutil.get_terminal_size((sys.maxsize, 0)).columns
    if _width(sound) <= room:
        return sound
    taken = 0
    for place, letter in enumerate(sound):
        taken += _width(letter)
        if taken >= room:
            return f"{sound[:place]}…"
    return sound


def _width(text: str) -> int:
    """Return how many columns a text takes: two for each wide letter, none for what combines."""
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)
