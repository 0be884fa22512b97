"""What evaluating one compiled expression takes in CPU time, beside Jinja2 or Faker; a larger ratio is better."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from statistics import median

import jinja2
from faker import Faker
from jinja2.nativetypes import NativeEnvironment

from bench.measure import cpu_of, spread, table
from emulator.expressions.compile import compile_tree, evaluate, read_text
from emulator.expressions.context import Context

ROUNDS = 30
_ROUND_SECONDS = 0.01
_NOW = 1_700_000_000_000_000_000
_VALUES = {"args": {"user": {"name": "Ada"}, "name": "Ada", "items": [1.0, 2.0, 3.0], "limit": None}}
_CASES = (
    ("${args.user.name}", "args.user.name"),
    ("Hello ${args.name}!", "'Hello ' ~ args.name ~ '!'"),
    ("${args.limit ?? 50}", "50 if args.limit is none else args.limit"),
    ("${len(args.items) + 1}", "args['items']|length + 1"),
    ("${upper(args.name)}", "args.name|upper"),
    ("${args.items[1] > 1 and args.name == 'Ada'}", "args['items'][1] > 1 and args.name == 'Ada'"),
    ("${[item * 2 for item in args.items]}", None),
    ("${uuid()}", None),
    ("${fake.name()}", None),
)
_LOOP = "{% for item in args['items'] %}{{ item * 2 }},{% endfor %}"
_HEADING = ("expression", "µs", "theirs, µs", "theirs / ours")


def main(_work: Path) -> None:
    rows = [_HEADING]
    for text, jinja in _CASES:
        ours, theirs = _ours(text), _theirs(text, jinja)
        mine, other = _measure(ours, theirs)
        ratio = f"{median(b / a for a, b in zip(mine, other, strict=True)):.1f}" if theirs else ""
        rows.append((text, spread(mine, 2), spread(other, 2) if theirs else "", ratio))
    print(table(rows))
    print("  ours with a context of its own, as each call has; theirs: Jinja2's compiled expression, for the loop its")
    print("  template, for fake.name() Faker itself")


def _ours(text: str) -> Callable[[], object]:
    compiled = compile_tree(read_text(text, None), _VALUES)
    return lambda: evaluate(compiled, _VALUES, Context("bench", _NOW))


def _theirs(text: str, jinja: str | None) -> Callable[[], object] | None:
    if jinja is not None:
        expression = jinja2.Environment(autoescape=False).compile_expression(jinja)  # noqa: S701 - makes no HTML
        return lambda: expression(_VALUES)
    if "fake" in text:
        return Faker("en_US").name
    if "for" in text:
        template = NativeEnvironment(autoescape=False).from_string(_LOOP)
        return lambda: template.render(_VALUES)
    return None


def _measure(ours: Callable[[], object], theirs: Callable[[], object] | None) -> tuple[list[float], list[float]]:
    """Return the microseconds of each, measured in turn."""
    count = max(1, round(_ROUND_SECONDS * 1e6 / _time(ours, 100)))
    mine, other = [], []
    for _ in range(ROUNDS):
        mine.append(_time(ours, count))
        other.append(_time(theirs, count) if theirs else 0.0)
    return mine, other


def _time(call: Callable[[], object], count: int) -> float:
    pid = os.getpid()
    before = cpu_of(pid)
    for _ in range(count):
        call()
    return (cpu_of(pid) - before) / count * 1e6
