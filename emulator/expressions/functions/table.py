"""The table of functions: their names as scenarios write them, and which of them need their surroundings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from inspect import Signature, signature
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Entry:
    """A function; `takes_context` says that a Context is its first argument, which scenarios do not write."""

    call: Function
    takes_context: bool
    read_signature: Callable[[], Signature]

    @cached_property
    def signature(self) -> Signature:
        """What scenarios write between its parentheses; read when first needed, because functions are many."""
        return self.read_signature()


TABLE: dict[str, Entry] = {}


def function(call: Function) -> Function:
    """Enter a function that depends on its arguments alone."""
    TABLE[_name_of(call)] = Entry(call, takes_context=False, read_signature=partial(signature, call))
    return call


def function_in_context(call: Function) -> Function:
    """Enter a function whose first argument is the Context of the evaluation."""
    TABLE[_name_of(call)] = Entry(call, takes_context=True, read_signature=partial(_signature_in_context, call))
    return call


def _signature_in_context(call: Function) -> Signature:
    whole = signature(call)
    return whole.replace(parameters=list(whole.parameters.values())[1:])


def _name_of(call: Function) -> str:
    """Names that Python has taken end in an underscore; two of them stand for a point."""
    return call.__name__.rstrip("_").replace("__", ".")
