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


LOADING, EMPTY, ERROR = BUILT_IN = ("loading", "empty", "error")
"""The variants that every function has by itself: no answer, nothing in it, and an error."""

ADDED = "added "
"""How the streams of draws of added rules begin, so that they are nobody else's."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another script of a function, which answers while somebody chooses it."""

    name: str
    script: Script


@dataclass(frozen=True, slots=True)
class Added:
    """A script laid over a function's own for now; what it does not answer is left to those below.

    It numbers calls from when it was added: `since` is the key under which those before are counted.
    """

    script: Script
    since: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function, its script and its validators; without a type it answers as query, mutation and action alike.

    One that is internal exists for admins and for other functions only.

    `added` are the scripts that are asked before its own, the newest first; functions that differ in them only are
    equal.
    """

    path: FunctionPath
    script: Script
    place: Place = field(compare=False)
    type: FunctionType | None = None
    args: Validator | None = None
    returns: Validator | None = None
    is_internal: bool = False
    variants: tuple[Variant, ...] = ()
    added: tuple[Added, ...] = field(default=(), compare=False)

    @property
    def scripts(self) -> tuple[Script, ...]:
        """All that may answer, in the order in which they are asked."""
        return (*(each.script for each in self.added), self.script)

    @property
    def variant_names(self) -> tuple[str, ...]:
        """The variants that can be chosen: those that every function has, and those of the scenario."""
        return tuple(dict.fromkeys((*BUILT_IN, *(each.name for each in self.variants))))
