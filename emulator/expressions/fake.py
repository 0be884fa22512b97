"""The one door to Faker, which is imported when something is drawn from it for the first time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from inspect import BoundArguments
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, Any

from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError
from emulator.expressions.fake_moments import Moments
from emulator.expressions.fake_values import ValueOut, arguments_in
from emulator.expressions.locales import DEFAULT_LOCALE

if TYPE_CHECKING:
    from faker.generator import Generator

_COST = 5
_MAX_REASON = 200
_DATES = "faker.providers.date_time"
_LOCK = Lock()
_SSN = frozenset({"profile", "ssn"})
UNSTEADY: dict[str, frozenset[str]] = {
    **dict.fromkeys(("et_EE", "fi_FI", "lv_LV", "no_NO", "sv_SE", "th", "th_TH", "zh_CN"), _SSN),
    "it_IT": frozenset({"city"}),
    "uk_UA": _SSN | {"license_plate"},
}
"""What Faker draws in a locale by the machine's clock, from sets, or by draws of its own; en_US takes its place."""


def draw(name: str, context: Context, given: BoundArguments) -> Any:  # noqa: ANN401 - a value
    """Return what a function of Faker draws; raise EvaluationError where it refuses, or makes too much."""
    context.budget.spend(_COST)
    try:
        arguments = arguments_in(given)
        with _LOCK:
            drawn = _drawn(name, arguments, context)
        return ValueOut().read(drawn)
    except EvaluationError as error:
        raise type(error)(f"fake.{name}: {error}") from error
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:_MAX_REASON]
        raise EvaluationError(f"fake.{name}: {reason}") from error


def prepare(locale: str) -> None:
    """Import Faker and what it has of a locale, 100 ms of work that the first draw would do otherwise."""
    _speaker_of(locale)
    if UNSTEADY.get(locale):
        _speaker_of(DEFAULT_LOCALE)


class _Source(Random):
    """The draws of the present evaluation, each paid for: what draws without end is stopped by the budget."""

    context: Context

    def random(self) -> float:
        """Draw from 0 up to 1."""
        self.context.budget.spend(1)
        return self.context.draws.random()

    def getrandbits(self, k: int, /) -> int:
        """Draw so many bits."""
        self.context.budget.spend(1)
        return self.context.draws.getrandbits(k)


class _Speaker:
    """Faker for one locale, with our draws and our clock in it."""

    def __init__(self, generator: Generator) -> None:
        """Take over a fresh generator."""
        self.source = generator.random = _Source()
        dates = next(each for each in generator.get_providers() if getattr(each, "__provider__", "") == _DATES)
        self.moments: Moments = type("MomentsOfLocale", (Moments, type(dates)), {})(generator)
        vars(self.moments).update(vars(dates))
        generator.add_provider(self.moments)
        self.generator = generator

    def call(self, name: str, arguments: dict[str, Any], context: Context) -> Any:  # noqa: ANN401 - what Faker has
        """Draw at the time, and from the stream, of an evaluation."""
        self.source.context = context
        function: Callable[..., Any] = getattr(self.generator, name)
        return function(**arguments)


def _drawn(name: str, arguments: dict[str, Any], context: Context) -> Any:  # noqa: ANN401 - what Faker has
    """Draw in the locale, or in en_US what the locale has not: the function, or what it draws from."""
    if name not in UNSTEADY.get(context.locale, ()):
        speaker = _speaker_of(context.locale)
        with suppress(AttributeError):
            return speaker.call(name, arguments, context)
    return _speaker_of(DEFAULT_LOCALE).call(name, arguments, context)


@lru_cache(maxsize=16)
def _speaker_of(locale: str) -> _Speaker:
    from faker.factory import Factory  # noqa: PLC0415 - it takes longer to import than all of ours

    return _Speaker(Factory.create(locale))
