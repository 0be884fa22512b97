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
