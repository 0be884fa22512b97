"""What functions ask of their arguments, in one place, so that every refusal reads alike."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from emulator.expressions.budget import pay_for
from emulator.expressions.errors import EvaluationError
from emulator.expressions.operators import kind_of
from emulator.values.durations import InvalidDurationError, parse_duration

Value: TypeAlias = Any  # a value or a plain whole number; each function says what it takes


def need_text(value: Value) -> str:
    """Return a text; raise EvaluationError for anything else."""
    if not isinstance(value, str):
        raise EvaluationError(f"{kind_of(value)} is no text")
    pay_for(len(value))
    return value


def need_list(value: Value) -> list[Value]:
    """Return a list; raise EvaluationError for anything else."""
    if not isinstance(value, list):
        raise EvaluationError(f"{kind_of(value)} is no list")
    pay_for(len(value))
    return value


def need_mapping(value: Value) -> dict[str, Value]:
    """Return a mapping; raise EvaluationError for anything else."""
    if not isinstance(value, dict):
        raise EvaluationError(f"{kind_of(value)} is no mapping")
    pay_for(len(value))
    return value


def need_number(value: Value) -> Value:
    """Return a number; raise EvaluationError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EvaluationError(f"{kind_of(value)} is no number")
    return value


def need_finite(value: Value) -> Value:
    """Return a number that is neither NaN nor infinite; raise EvaluationError for anything else."""
    if not math.isfinite(need_number(value)):
        raise EvaluationError(f"{value} is not finite")
    return value


def need_duration(value: Value) -> int:
    """Return a duration written as a text, in nanoseconds; raise EvaluationError for anything else."""
    try:
        return parse_duration(need_text(value))
    except InvalidDurationError as error:
        raise EvaluationError(str(error)) from error
