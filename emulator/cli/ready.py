"""The ready file: where everything is, for whoever waits for the emulator to answer."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from emulator.scenario.cache import cache_folder


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


def running_file() -> Path | None:
    """Return where an emulator tells this user's other commands that it runs; None where there is no such place."""
    folder = cache_folder()
    return None if folder is None else folder / "running" / f"{os.getpid()}.json"


def are_emulators_known() -> bool:
    """Whether emulators that run can be found by other commands."""
    return cache_folder() is not None


def running_emulators() -> list[dict[str, object]]:
    """Return the facts of all emulators of this user that run; what others left behind is removed."""
    folder = cache_folder()
    found = []
    for path in sorted((folder / "running").glob("*.json")) if folder else ():
        facts = read_ready_file(path)
        if facts is not None:
            found.append(facts)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    return found


def read_ready_file(path: Path) -> dict[str, object] | None:
    """Return what a running emulator wrote; None for what is no such file, or one of an emulator that ended."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        is_whole = all(isinstance(facts[name], str) for name in ("convex_url", "gateway_url"))
        number = int(facts["pid"])
        if os.name == "posix":  # elsewhere the signal 0 is no question
            os.kill(number, 0)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return facts if is_whole and number > 0 else None
