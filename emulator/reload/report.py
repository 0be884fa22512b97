"""What a reload came to, for whoever tells people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from emulator.runtime.revision import Revision
from emulator.scenario.problem import Problem
from emulator.scenario.source import Source


@dataclass(frozen=True, slots=True)
class Reloaded:
    """A new revision is in force; the tuples name functions."""

    revision: Revision
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """What was saved is broken; `revision` stays in force."""

    revision: Revision
    problems: tuple[Problem, ...]
    sources: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Mended:
    """What was broken is again what is in force."""

    revision: Revision


Report: TypeAlias = Reloaded | Refused | Mended


def warning(refused: Refused) -> str:
    """Return in one line what is wrong with what was saved, for developers who look at a client's console."""
    if not refused.problems:
        return "no scenario found: the last one stays in force"
    first, more = refused.problems[0], len(refused.problems) - 1
    others = f" (and {more} more)" if more else ""
    return f"the scenario has problems, the last good one stays in force: {first.place}: {first.message}{others}"
