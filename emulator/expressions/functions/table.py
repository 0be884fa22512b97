"""The table of functions: their names as scenarios write them, and which of them need their surroundings."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Signature, signature
from typing import Any, NamedTuple

Function = Callable[..., Any]


class Entry(NamedTuple):
    """A function; `takes_context` says that a Context is its first argument, which scenarios do not write."""

    call: Function
    takes_context: bool
    signature: Signature


TABLE: dict[str, Entry] = {}


def function(call: Function) -> Function:
    """Enter a function that depends on its arguments alone."""
    TABLE[_name_of(call)] = Entry(call, takes_context=False, signature=signature(call))
    return call


def function_in_context(call: Function) -> Function:
    """Enter a function whose first argument is the Context of the evaluation."""
    whole = signature(call)
    written = whole.replace(parameters=list(whole.parameters.values())[1:])
    TABLE[_name_of(call)] = Entry(call, takes_context=True, signature=written)
    return call


def _name_of(call: Function) -> str:
    """Names that Python has taken end in an underscore; two of them stand for a point."""
    return call.__name__.rstrip("_").replace("__", ".")
