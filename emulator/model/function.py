"""Scripted Convex functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from emulator.model.place import Place
from emulator.model.rule import Rule
from emulator.values.paths import FunctionPath

if TYPE_CHECKING:
    from emulator.values.validators.types import Validator


class FunctionType(Enum):
    """The kinds of function, as Convex's error texts print them."""

    QUERY = "Query"
    MUTATION = "Mutation"
    ACTION = "Action"


@dataclass(frozen=True, slots=True)
class FirstMatch:
    """The first rule whose condition holds answers."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """One rule a call, in order; after the last it stays there, or with `repeat` starts again."""

    rules: tuple[Rule, ...]
    repeat: bool = False


Script: TypeAlias = FirstMatch | Sequence


@dataclass(frozen=True, slots=True)
class Function:
    """A function, its script and its validators; without a type it answers as query, mutation and action alike."""

    path: FunctionPath
    script: Script
    place: Place = field(compare=False)
    type: FunctionType | None = None
    args: Validator | None = None
    returns: Validator | None = None
