"""What is wrong with a written validator, and the rules that hold however one is written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeAlias

from emulator.values.convex import MAX_NESTING, Int64, InvalidValueError, check_field_name
from emulator.values.validators.display import display_validator
from emulator.values.validators.types import IdOf, Literal, RecordOf, Validator, accepts_only_keys

Steps: TypeAlias = tuple[str | int, ...]

_TABLE = re.compile("(?!_+$)[A-Za-z_][A-Za-z0-9_]{0,63}")
_MAX_SHOWN = 40


class InvalidValidatorError(ValueError):
    """Something that is no validator; its text says what is there.

    `steps` lead into the tree to the offending place; where that is a text, `offset` counts the characters before it.
    `hint` says what to do about it.
    """

    def __init__(self, message: str, steps: Steps = (), *, hint: str | None = None, offset: int | None = None) -> None:
        """Say what is wrong, and where."""
        super().__init__(message)
        self.message = message
        self.steps = steps
        self.hint = hint
        self.offset = offset


def shown(text: str) -> str:
    """Write a text for an error, cut short when it is long."""
    return f"`{text}`" if len(text) <= _MAX_SHOWN else f"`{text[:_MAX_SHOWN]}…`"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the known word most like `word`, None when none is alike."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else None


def check_depth(depth: int, steps: Steps = (), offset: int | None = None) -> None:
    """Refuse what nests deeper than a value could."""
    if depth > MAX_NESTING:
        message = f"this validator nests deeper than {MAX_NESTING} levels"
        raise InvalidValidatorError(message, steps, hint="say any from some level on", offset=offset)


def check_field(name: str, steps: Steps = (), offset: int | None = None) -> None:
    """Refuse a name that no field can have."""
    try:
        check_field_name(name)
    except InvalidValueError as error:
        raise InvalidValidatorError(f"{shown(name)} cannot be a field: {error}", steps, offset=offset) from error


def id_of(table: str, steps: Steps = (), offset: int | None = None) -> IdOf:
    """Make the validator of a table's ids; refuse a name that no table can have."""
    if not _TABLE.fullmatch(table):
        hint = "a table's name has letters, digits and underscores, at most 64, and begins with no digit"
        raise InvalidValidatorError(f"{shown(table)} cannot name a table", steps, hint=hint, offset=offset)
    return IdOf(table)


def literal_of(value: object, steps: Steps = (), offset: int | None = None) -> Literal:
    """Make the validator of one value; refuse what no literal can be."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValidatorError("a literal is never infinite or NaN", steps, hint="say number", offset=offset)
    if not isinstance(value, bool | Int64 | float | str):
        hint = "for null say null; for arrays and objects say what is in them"
        raise InvalidValidatorError("a literal is a text, a number or a boolean", steps, hint=hint, offset=offset)
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidValidatorError("this literal has half a surrogate pair in it", steps, offset=offset)
    return Literal(value)


def record_of(keys: Validator, values: Validator, steps: Steps = (), offset: int | None = None) -> RecordOf:
    """Make the validator of a record; refuse keys that are no strings, and literal ones (contract convex §15.2)."""
    if not accepts_only_keys(keys):
        message = f"the keys of a record are strings or ids, not {shown(display_validator(keys))}"
        raise InvalidValidatorError(message, steps, hint="with fixed keys, write an object", offset=offset)
    return RecordOf(keys, values)
