"""What is raised in a test that asks for something which cannot be; its text names what to do instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.report import as_text
from emulator.scenario.source import Source


class UsageError(Exception):
    """A mistake in a test: a name that the scenario does not have, a value of the wrong kind, and the like."""


MISUSES = (AssertionError, TimeoutError, UsageError)
"""What is raised for whoever reads a test; anything else is a bug of ours."""


def is_misuse(info: Any) -> bool:  # noqa: ANN401 - pytest's own type, and pytest need not be there
    """Whether a traceback is to end at the line of the test: what modules here call ``__tracebackhide__``."""
    return isinstance(info.value, MISUSES)


class ScenarioError(UsageError):
    """A scenario that cannot be put in force; `problems` are what is wrong with it, which the text shows as well."""

    def __init__(self, message: str, problems: Iterable[Problem] = (), sources: Mapping[str, Source] = {}) -> None:
        """Say why, with the lines that are wrong."""
        self.problems = tuple(problems)
        shown = as_text(self.problems, sources)
        super().__init__(f"{message}\n\n{shown}" if shown else message)


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """Return that the scenario has nothing of this name, with the name that was probably meant, or all there are."""
    names = list(known)
    hint = did_you_mean(name, names) or (f"there are: {', '.join(names)}" if names else f"it has no {what} at all")
    return UsageError(f"the scenario has no {what} {name!r}; {hint}")
