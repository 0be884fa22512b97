"""The ready file: where everything is, for whoever waits for the emulator to answer."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_ready_file(path: Path, facts: Mapping[str, object]) -> None:
    """Write one JSON object, whole or not at all, readable by its owner only: it holds keys."""
    descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, ensure_ascii=False, indent=2)
        file.write("\n")
    Path(name).replace(path)


def remove_ready_file(path: Path) -> None:
    """Remove the file, unless another process has written its own in the meantime."""
    try:
        if json.loads(path.read_text(encoding="utf-8")).get("pid") == os.getpid():
            path.unlink()
    except (OSError, ValueError, AttributeError):
        return
