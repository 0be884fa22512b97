"""The list of Faker's functions, held against the Faker that is installed."""

from __future__ import annotations

import datetime as dt
import inspect
import random
import sys
from types import ModuleType
from typing import Any

import pytest
from faker.config import AVAILABLE_LOCALES
from faker.factory import Factory
from faker.providers import BaseProvider

from emulator.expressions import fake
from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError
from emulator.expressions.functions.fake_names import GROUPS, NAMES, functions_of, signature_of
from emulator.expressions.locales import KNOWN_LOCALES

LEFT_OUT = {
    "makes files": "binary image tar zip",
    "calls what texts in its arguments name": "csv dsv fixed_width json json_bytes psv pystr_format tsv",
    "gives objects that are no values": "enum pyobject pytimezone time_series xml",
    "is a list by another name": "pyiterable pyset pystruct pytuple",
    "draws from the random module, or reads the machine's clock": "passport_dates passport_full passport_gender",
    "has no data in en_US": "bank",
}
ARGUMENTS_LEFT_OUT = {
    "tzinfo": "is no value",
    "cast_to": "is no value",
    "value_types": "names functions to call",
    "allowed_types": "names functions to call",
    "placeholder_url": "is a format that reaches attributes",
    "allowed_path_traversal_elements": "nobody needs it",
}
OUTDATED_LOCALES = {"fr_QC"}
NOON = 1_707_393_600_000_000_000


def functions_of_faker() -> dict[str, dict[str, str]]:
    """Return the functions of Faker in en_US by provider, with what they take but for the arguments left out."""
    found: dict[str, dict[str, str]] = {}
    generator = Factory.create("en_US")
    for provider in generator.get_providers():
        group = getattr(provider, "__provider__", "").rpartition(".")[2]
        for name in dir(provider):
            if name.startswith("_") or not callable(getattr(provider, name)):
                continue
            taken = inspect.signature(getattr(generator, name)).parameters.values()
            bare = [each.replace(annotation=each.empty) for each in taken if each.name not in ARGUMENTS_LEFT_OUT]
            section = found.setdefault("base" if hasattr(BaseProvider, name) else group, {})
            section[name] = name + str(inspect.Signature(bare))
    return found


def test_the_list_has_all_of_faker_but_what_is_left_out_for_a_reason() -> None:
    left_out = {name for names in LEFT_OUT.values() for name in names.split()}
    expected = {
        group: {text for name, text in section.items() if name not in left_out}
        for group, section in functions_of_faker().items()
    }

    assert {group: set(functions_of(group)) for group in GROUPS} == {each: of for each, of in expected.items() if of}


def test_what_is_left_out_exists() -> None:
    everything = {name for section in functions_of_faker().values() for name in section}

    assert {name for names in LEFT_OUT.values() for name in names.split()} - everything == set()


def test_signatures_are_read_as_they_are_written() -> None:
    assert {name: name + str(signature_of(name)) for name in NAMES} == NAMES


def test_locales_are_those_of_faker() -> None:
    assert set(AVAILABLE_LOCALES) - OUTDATED_LOCALES == set(KNOWN_LOCALES)


class ForeignSourceError(BaseException):
    """Somebody asked the machine's clock, or drew from what is not ours."""


def refuse(*_: Any, **__: Any) -> Any:
    raise ForeignSourceError


class InstancesOfReal(type):
    """Makes a class without a clock know the instances of the class with one."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])


class DateTimeWithoutClock(dt.datetime, metaclass=InstancesOfReal):
    now = today = utcnow = classmethod(refuse)


class DateWithoutClock(dt.date, metaclass=InstancesOfReal):
    today = classmethod(refuse)


def take_clocks(patch: pytest.MonkeyPatch) -> None:
    """Replace the clocks in what is imported of Faker by now."""
    module = ModuleType("datetime")
    vars(module).update({**vars(dt), "datetime": DateTimeWithoutClock, "date": DateWithoutClock})
    without = {id(dt): module, id(dt.datetime): DateTimeWithoutClock, id(dt.date): DateWithoutClock}
    for name, each in list(sys.modules.items()):
        for key, held in list(vars(each).items()) if name.startswith("faker.") else ():
            if id(held) in without:
                patch.setattr(each, key, without[id(held)])


def unsteady(locale: str) -> list[str]:
    """Return the functions that ask the machine, or draw from what is not ours, in a few draws."""
    found = []
    for name in NAMES:
        for stream in "ab":
            try:
                fake.draw(name, Context(stream, NOON, locale=locale), signature_of(name).bind())
            except ForeignSourceError:
                found.append(name)
                break
            except EvaluationError:
                assert (locale, name) in {("bn_BD", "pricetag"), ("en_MS", "current_country")}
    return found


def test_no_function_in_any_locale_asks_the_machine_or_draws_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    import faker.generator

    class Refusing(random.Random):
        random = getrandbits = refuse

    shared = faker.generator.random
    assert isinstance(shared, random.Random)
    foreign = ("random", "randint", "choice", "choices", "randrange", "uniform", "shuffle", "sample", "getrandbits")
    for name in foreign:
        monkeypatch.setattr(random, name, refuse)
    found: dict[str, list[str]] = {}
    before = shared.getstate()
    for locale in KNOWN_LOCALES:
        with pytest.MonkeyPatch.context() as patch:
            fake._speaker_of(locale)
            take_clocks(patch)
            found[locale] = unsteady(locale)

    assert {locale: names for locale, names in found.items() if names} == {}
    assert shared.getstate() == before
