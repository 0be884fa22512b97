"""Texts that are kept beside the tests and compared exactly; UPDATE_GOLDEN=1 rewrites them on purpose."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"
_HINT = "run the tests again with UPDATE_GOLDEN=1, and read what changed"


def assert_golden(path: Path, text: str) -> None:
    """Compare a text with the kept one; a final newline belongs to the file and not to the text."""
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    assert path.exists(), f"nothing is kept at {path.relative_to(GOLDEN)}; {_HINT}"
    kept = path.read_bytes().decode("utf-8")
    assert f"{text}\n" == kept, f"{path.relative_to(GOLDEN)} says something else; if that is meant, {_HINT}"
