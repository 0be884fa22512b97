"""Names of tables and fields that come from elsewhere, made legal in Convex; pure (contract convex §10)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from emulator.values.convex import InvalidValueError, check_field_name, check_identifier

PREFIX = "source_"
MOST_PREFIXES = 3
"""How often a name is prefixed until no field of the record has it."""

_MAX_KEPT = 4096
_BETWEEN = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=_MAX_KEPT)
def legal_table(name: str) -> str:
    """Return the name of the table that a stream goes to; raise InvalidValueError when it is too long."""
    try:
        check_identifier(name, "Table name")
    except InvalidValueError:
        name = PREFIX + slug(name)
        check_identifier(name, "Table name")
    return name


@lru_cache(maxsize=_MAX_KEPT)
def legal_field(name: str) -> str:
    """Return the name of the field that a value goes to; raise InvalidValueError when it is too long."""
    try:
        check_field_name(name)
        is_legal = not name.startswith("_")
    except InvalidValueError:
        is_legal = False
    if not is_legal:
        name = PREFIX + slug(name)
        check_field_name(name)
    return name


def slug(name: str) -> str:
    """Return a name in small letters, digits and single underscores; of letters beyond ASCII the code points remain."""
    plain = unicodedata.normalize("NFKD", name)
    spelled = "".join(_spelled(each) for each in plain if not unicodedata.combining(each))
    return _BETWEEN.sub("_", spelled.lower()).strip("_")


def _spelled(character: str) -> str:
    if character.isascii() or not character.isalnum():
        return character
    return f"_u{ord(character):x}_"
