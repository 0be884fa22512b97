"""Where in a file a character of a text stands: YAML folds lines, doubles quotes and escapes, and texts forget it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import lru_cache
from string import hexdigits

from emulator.model.place import Place
from emulator.scenario.source import Source
from emulator.scenario.tree import pack, unpack

_QUOTES = ("'", '"')
_BLOCKS = ("|", ">")
_PROPERTIES = ("!", "&")
_ALIAS = "*"
_WHITE_ESCAPES = frozenset("ntrvfN_LP \t")
_WHITE = frozenset(code for code in range(0x3001) if chr(code).isspace())
_HEX = frozenset(hexdigits)
_WIDTHS = {"x": 2, "u": 4, "U": 8}
_LONGEST = 10


def spot(source: Source | None, place: Place, text: str, offset: int) -> Place:
    """Return the place of a character of a text whose YAML begins at `place` of `source`."""
    first = source.line(place.line) if source else None
    if source is None or first is None:
        return place
    start = place.column - 1
    if first[start : start + 1] == _ALIAS:
        return place
    start += first[start : start + 1] in _QUOTES
    if first.startswith(text, start) and "\\" not in text:
        return place._replace(column=start + offset + 1)
    return unpack(source, _spots(source, place, text)[offset])


@lru_cache(maxsize=2)
def _spots(source: Source, place: Place, text: str) -> array[int]:
    """Return the packed position of each character of a text, and of its end."""
    written = _written(source, place)
    spots = array("Q")
    at = last = pack(place.line - 1, place.column - 1)
    for character in text:
        if not character.isspace():
            at = last = next(written, last)
        spots.append(at)
        at = last + 1
    spots.append(at)
    return spots


def _written(source: Source, place: Place) -> Iterator[int]:
    """Yield where a text's characters are written, white space aside; it goes on behind the end of the text."""
    number, column = _content(source, place)
    sign = (source.line(number) or "")[column : column + 1] if number == place.line else ""
    quote = sign if sign in _QUOTES else ""
    column += len(quote)
    while (line := source.line(number)) is not None:
        while column < len(line):
            width, is_white = _unit(line[column : column + _LONGEST], quote)
            if not is_white:
                yield pack(number - 1, column)
            column += width
        number, column = number + 1, 0


def _content(source: Source, place: Place) -> tuple[int, int]:
    """Return the line, and the column counted from 0, where the text itself begins, or its quote."""
    line = source.line(place.line) or ""
    column = place.column - 1
    while line[column : column + 1] in _PROPERTIES:
        column += len(line[column:].split()[0])
        column += len(line[column:]) - len(line[column:].lstrip())
    if column >= len(line) or line[column] in _BLOCKS:
        return place.line + 1, 0
    return place.line, column


def _unit(rest: str, quote: str) -> tuple[int, bool]:
    """Return how wide a text's next character is written, and whether it is white space."""
    if quote == "'" and rest.startswith("''"):
        return 2, False
    if quote != '"' or rest[0] != "\\":
        return 1, rest[0].isspace()
    sign = rest[1:2]
    width = 2 + _WIDTHS.get(sign, 0)
    digits = rest[2:width]
    is_white = int(digits, 16) in _WHITE if _HEX.issuperset(digits) and digits else not sign
    return width, is_white or sign in _WHITE_ESCAPES
