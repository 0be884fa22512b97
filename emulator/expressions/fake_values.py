"""Values on their way into Faker, held to bounds, and on their way back, as values of expressions."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from inspect import BoundArguments, Signature
from typing import Any

from emulator.expressions.budget import check_items, check_text
from emulator.expressions.errors import EvaluationError
from emulator.expressions.fake_moments import EPOCH
from emulator.expressions.operators import kind_of
from emulator.values.convex import Int64

MAX_SIZE = 10_000
MAX_NUMBER = 2**53
_MILLISECOND = timedelta(milliseconds=1)
_PLAIN_NUMBERS = """
    build_from build_to center chance_of_getting_true day height hue max max_value min min_value month number
    number_system_digit radius step truth_probability version_from version_to width year
"""
_NUMBERS = frozenset(_PLAIN_NUMBERS.split())
"""The arguments whose numbers are numbers; all others say how much of something is to be made, or which moment."""
_ENDS = "date_end date_start datetime_end datetime_start end end_date end_datetime start start_date start_datetime"
_MOMENTS = frozenset(_ENDS.split())


def arguments_in(given: BoundArguments) -> dict[str, Any]:
    """Return arguments as Faker takes them; raise EvaluationError for those that would make too much."""
    taken = {name: _argument(name, value) for name, value in given.arguments.items()}
    longest = max((len(text) for value in taken.values() for text in _texts(value)), default=0)
    check_text(longest * max(_sizes(taken, given.signature), default=1))
    return taken


def _sizes(taken: Mapping[str, Any], signature: Signature) -> list[int]:
    """Return how much of something is to be made, as was said or by default."""
    whole = {name: taken.get(name, each.default) for name, each in signature.parameters.items()}
    return [value for name, value in whole.items() if type(value) is int and name not in _NUMBERS]


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - values
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | dict) else []


def _argument(name: str, value: Any) -> Any:  # noqa: ANN401 - values
    if isinstance(value, bytes):
        raise EvaluationError(f"{name} cannot be bytes")
    if isinstance(value, str | list | dict):
        return _collection(name, value)
    if value is None or isinstance(value, bool):
        return value
    if not math.isfinite(value):
        raise EvaluationError(f"{name} is not finite")
    number = int(value) if isinstance(value, int) or value.is_integer() else value
    if name in _MOMENTS:
        return _moment(name, number)
    if name not in _NUMBERS and not 0 <= number <= MAX_SIZE:
        raise EvaluationError(f"{name} is {value:g}, it must be from 0 to {MAX_SIZE:,}")
    if abs(number) > MAX_NUMBER:
        raise EvaluationError(f"{name} is {value:g}, which is too large")
    return number


def _moment(name: str, milliseconds: float) -> datetime:
    try:
        return EPOCH + milliseconds * _MILLISECOND
    except OverflowError:
        raise EvaluationError(f"{name} is {milliseconds:g}, which is no moment that a calendar has") from None


def _collection(name: str, value: Any) -> Any:  # noqa: ANN401 - values
    """Return a text, list or mapping; moments may be written in ISO 8601, and mappings have weights."""
    if len(value) > MAX_SIZE:
        of_what = "characters" if isinstance(value, str) else "items"
        raise EvaluationError(f"{name} has {len(value):,} {of_what}, at most {MAX_SIZE:,} are allowed")
    if isinstance(value, dict):
        return OrderedDict(value)
    if name not in _MOMENTS or not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


class ValueOut:
    """What Faker drew, as a value of expressions; `length` is how long its texts are together."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.length = 0

    def read(self, drawn: Any) -> Any:  # noqa: ANN401 - whatever Faker has; values
        """Return a value; raise EvaluationError for what is none, or too large."""
        match drawn:
            case None | bool() | Int64() | bytes():
                return drawn
            case str():
                self.length += len(drawn)
                check_text(self.length)
                return str(drawn)
            case int() | float() | Decimal():
                return _number(drawn)
            case datetime():
                naive = drawn.astimezone(UTC).replace(tzinfo=None) if drawn.tzinfo else drawn
                return float((naive - EPOCH) // _MILLISECOND)
            case date() | time():
                return drawn.isoformat()
            case timedelta():
                return drawn / _MILLISECOND
            case Enum():
                return self.read(drawn.value)
            case _:
                return self._collection(drawn)

    def _collection(self, drawn: Any) -> Any:  # noqa: ANN401 - likewise
        if isinstance(drawn, dict | list | tuple | set | frozenset):
            check_items(len(drawn))
        match drawn:
            case dict():
                pairs = enumerate(drawn.items(), 1)
                return {_field_name(str(key), place): self.read(each) for place, (key, each) in pairs}
            case list() | tuple():
                return [self.read(each) for each in drawn]
            case set() | frozenset():
                return sorted((self.read(each) for each in drawn), key=lambda each: (kind_of(each), each))
            case _:
                raise EvaluationError(f"it gives a {type(drawn).__name__}, which is no value")


def _field_name(key: str, place: int) -> str:
    """Return a key that a field can have: words of many locales are none."""
    return key if key.isascii() and key.isprintable() and not key.startswith("$") else f"field{place}"


def _number(drawn: Any) -> int | float:  # noqa: ANN401 - a number of any kind
    """Return a plain number that a Float64 can hold."""
    try:
        number = float(drawn)
    except OverflowError:
        raise EvaluationError("the number is too large") from None
    return int(drawn) if isinstance(drawn, int) else number
