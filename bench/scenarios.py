"""Scenario files to measure with, and the requests that ask them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from bench.measure import post

_DOCUMENTS = 13


def requests(numbers: Iterable[int]) -> list[bytes]:
    """Return one query of each function."""
    return [ask(number) for number in numbers]


def ask(number: int) -> bytes:
    """Return a query of one function."""
    return post("/api/query", json.dumps({"path": f"module{number}:list", "args": {}, "format": "json"}).encode())


def texts(numbers: Iterable[int], text: str) -> str:
    """Return functions that answer with one text."""
    lines = [f"  module{number}:list: {{type: query, result: {text}}}\n" for number in numbers]
    return "functions:\n" + "".join(lines)


def documents(numbers: Iterable[int], mark: str = "a") -> str:
    """Return functions that answer with a list of documents, 1.4 kB of YAML each; `mark` stands in the answers."""
    lines = ["functions:\n"]
    for number in numbers:
        lines.append(f"  module{number}:list:\n    type: query\n    result:\n")
        for row in range(_DOCUMENTS):
            fields = f"_id: {mark}{number:05}x{row:03}, author: Ada, body: 'Hello number {row} from here'"
            lines.append(f"      - {{{fields}, channel: general, likes: {row}}}\n")
    return "".join(lines)


def write(folder: Path, content: str) -> Path:
    """Write a folder of one scenario, and return the folder."""
    folder.mkdir(parents=True)
    (folder / "default.yaml").write_text(content)
    return folder


def write_parts(folder: Path, parts: int, functions: int) -> Path:
    """Write a scenario that includes `parts` files of `functions` each; return the folder."""
    includes = "".join(f"  - parts/part{number}.yaml\n" for number in range(parts))
    write(folder, f"include:\n{includes}")
    (folder / "parts").mkdir()
    for number in range(parts):
        path = folder / "parts" / f"part{number}.yaml"
        path.write_text(documents(range(number * functions, (number + 1) * functions)))
    return folder
