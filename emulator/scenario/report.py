"""Problems as people and machines read them: with a frame of the code, as JSON, as annotations of a CI run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from emulator.scenario.problem import Problem
from emulator.scenario.source import Source

_CONTEXT_LINES = 1
_MAX_WIDTH = 160


def as_text(problems: Iterable[Problem], sources: Mapping[str, Source]) -> str:
    """Write problems with the lines they stand in, what was expected, and a hint."""
    return "\n\n".join(_one_as_text(each, sources.get(each.place.file)) for each in problems)


def as_json(problems: Iterable[Problem]) -> str:
    """Write problems as a JSON array; a place without a line is a whole file or folder."""
    rows = [
        {
            "file": each.place.file,
            "line": each.place.line or None,
            "column": each.place.column or None,
            "severity": each.severity.value,
            "slug": each.slug,
            "message": each.message,
            "expected": each.expected,
            "hint": each.hint,
        }
        for each in problems
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def as_annotations(problems: Iterable[Problem]) -> str:
    """Write problems as workflow commands, which GitHub shows beside the lines they name."""
    return "\n".join(map(_one_as_annotation, problems))


def location(problem: Problem) -> str:
    """Return ``file:line:column``, or the file alone when the problem is of the whole."""
    return str(problem.place) if problem.place.line else problem.place.file


def _one_as_text(problem: Problem, source: Source | None) -> str:
    lines = [f"{location(problem)}: {problem.severity.value}[{problem.slug}]: {problem.message}"]
    if source is not None and problem.place.line:
        lines += _frame(problem, source)
    if problem.expected:
        lines.append(f"  expected {problem.expected}")
    if problem.hint:
        lines.append(f"  hint: {problem.hint}")
    return "\n".join(lines)


def _frame(problem: Problem, source: Source) -> Iterable[str]:
    row, column = problem.place.line, problem.place.column
    width = len(str(row + _CONTEXT_LINES))
    for number in range(row - _CONTEXT_LINES, row + _CONTEXT_LINES + 1):
        text = source.line(number)
        if text is None:
            continue
        marker = ">" if number == row else " "
        yield f"  {marker} {number:{width}} | {text[:_MAX_WIDTH]}".rstrip()
        if number == row and column <= _MAX_WIDTH:
            yield f"    {' ' * width} | {' ' * (column - 1)}^"


def _one_as_annotation(problem: Problem) -> str:
    extras = (f"expected {problem.expected}" if problem.expected else None, problem.hint)
    message = "; ".join([problem.message, *filter(None, extras)])
    properties = {"file": problem.place.file, "line": problem.place.line, "col": problem.place.column}
    written = ",".join(f"{key}={_escape(str(value), ',:')}" for key, value in properties.items() if value)
    return f"::{problem.severity.value} {written},title={problem.slug}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
