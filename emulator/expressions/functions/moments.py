"""Functions on moments and durations."""

from __future__ import annotations

from datetime import UTC, datetime

from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError
from emulator.expressions.functions.arguments import Value, need_duration, need_finite, need_text
from emulator.expressions.functions.table import function, function_in_context
from emulator.values.durations import MILLISECOND


@function
def ms(duration: str) -> float:
    """Return a duration in milliseconds: ``ms("1m")`` is 60000."""
    return need_duration(duration) / MILLISECOND


@function
def date(text: str) -> float:
    """Return a moment written in ISO 8601 in milliseconds since 1970."""
    try:
        moment = datetime.fromisoformat(need_text(text))
    except ValueError as error:
        raise EvaluationError(f"{text!r} is no moment in ISO 8601") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000


@function_in_context
def ago(context: Context, duration: str) -> float:
    """Return the moment that lies so long back, in milliseconds since 1970: ``ago("5m")``."""
    return (context.now - need_duration(duration)) / MILLISECOND


@function_in_context
def later(context: Context, duration: str) -> float:
    """Return the moment that lies so long ahead, in milliseconds since 1970: ``later("1h30m")``."""
    return (context.now + need_duration(duration)) / MILLISECOND


@function_in_context
def iso(context: Context, moment: Value = None) -> str:
    """Return a moment, or the present one, as ISO 8601: ``2024-02-08T12:00:00Z``."""
    return _date(context, moment).strftime("%Y-%m-%dT%H:%M:%SZ")


@function_in_context
def format_date(context: Context, moment: Value, form: str) -> str:
    """Return a moment in UTC in a form of your own: ``format_date(now, "%d.%m.%Y")``."""
    return _date(context, moment).strftime(need_text(form))


def _date(context: Context, moment: Value) -> datetime:
    milliseconds = context.now / MILLISECOND if moment is None else need_finite(moment)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise EvaluationError(f"{milliseconds} is no moment that a calendar has") from error
