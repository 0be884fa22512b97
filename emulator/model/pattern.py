"""Conditions on values: deep, partial equality, and operators where equality is not enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from emulator.model.computed import Computed
from emulator.values.convex import Value, is_identical


class Order(Enum):
    """Comparisons of numbers with numbers and of texts with texts; the value is how they are said."""

    GREATER = "more than"
    GREATER_OR_EQUAL = "at least"
    LESS = "less than"
    LESS_OR_EQUAL = "at most"


@dataclass(frozen=True, slots=True, eq=False)
class Equals:
    """The value is this one, number kinds apart; two of them are equal where nobody could tell their values apart."""

    value: Value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equals) and is_identical(self.value, other.value)

    __hash__ = None  # type: ignore[assignment]  # its value may be a list or a mapping


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """The value is one of these."""

    values: tuple[Value, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OneOf) and is_identical([*self.values], [*other.values])

    __hash__ = None  # type: ignore[assignment]  # as above


@dataclass(frozen=True, slots=True)
class Compares:
    """The value has this order to a number or a text."""

    order: Order
    value: Value


@dataclass(frozen=True, slots=True)
class Matches:
    """The value is a text in which the regular expression is found."""

    expression: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Contains:
    """The value is a text with this text in it, or an array with an item like this."""

    part: Pattern


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there, or is not."""

    there: bool


@dataclass(frozen=True, slots=True)
class IsType:
    """The value is of this type, by its name in Convex."""

    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """The value is an object with at least these fields, each matching its pattern."""

    fields: tuple[tuple[str, Pattern], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """The value is an array of this length, each item matching its pattern."""

    items: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The value matches at least one of these."""

    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """The value matches every one of these."""

    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The value does not match this."""

    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Later:
    """What is known when a call is there: the value equals what is computed, has this order to it, or is one of it."""

    computed: Computed
    order: Order | None = None
    is_choice: bool = False


Pattern: TypeAlias = (
    Equals | OneOf | Compares | Matches | Contains | Exists | IsType | Fields | Items | AnyOf | AllOf | Not | Later
)


def computed_in(pattern: Pattern | None) -> Iterator[Computed]:
    """Yield everything that is computed when a pattern is held against a value."""
    match pattern:
        case Later(computed):
            yield computed
        case Fields(fields):
            for _, inner in fields:
                yield from computed_in(inner)
        case Items(patterns) | AnyOf(patterns) | AllOf(patterns):
            for inner in patterns:
                yield from computed_in(inner)
        case Not(inner) | Contains(inner):
            yield from computed_in(inner)
        case _:
            return
