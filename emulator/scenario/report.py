"""Problems as people and machines read them: with a frame of the code, as JSON, as annotations of a CI run."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping

from emulator.scenario.problem import Problem
from emulator.scenario.source import Source

MAX_SHOWN = 50
_CONTEXT_LINES = 1
_MAX_WIDTH = 160
_STEERING = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def as_text(problems: Iterable[Problem], sources: Mapping[str, Source]) -> str:
    """Write problems with the lines they stand in, what was expected, and a hint; of very many, the first."""
    listed = list(problems)
    texts = [_one_as_text(each, sources.get(each.place.file)) for each in listed[:MAX_SHOWN]]
    if len(listed) > MAX_SHOWN:
        texts.append(f"and {len(listed) - MAX_SHOWN} more problems")
    return "\n\n".join(texts)


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
    return "\n".join(map(_harmless, lines))


def _frame(problem: Problem, source: Source) -> Iterable[str]:
    """Show the line, a line around it, and a marker; of long lines the part around the marker."""
    row, column = problem.place.line, problem.place.column - 1
    start = 0 if column < _MAX_WIDTH else column - _MAX_WIDTH // 2
    width = len(str(row + _CONTEXT_LINES))
    for number in range(row - _CONTEXT_LINES, row + _CONTEXT_LINES + 1):
        text = source.line(number)
        if text is None:
            continue
        marker = ">" if number == row else " "
        yield f"  {marker} {number:{width}} | {text[start : start + _MAX_WIDTH]}".rstrip()
        if number == row:
            yield f"    {' ' * width} | {_blank(text[start:column])}^"


def _blank(text: str) -> str:
    """Return white space as wide as a text is in a terminal."""
    return "".join("\t" if character == "\t" else " " * _width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _harmless(line: str) -> str:
    """Return a line with everything spelled out that would steer a terminal."""
    return _STEERING.sub(lambda match: match[0].encode("unicode_escape").decode(), line)


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
