"""Texts cut into pieces without ever breaking what people see as one character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_JOINER = "\u200d"
_MARKS = frozenset({"Mn", "Me", "Mc"})
_REGIONAL = range(0x1F1E6, 0x1F200)
_SKIN = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_LEADING, _VOWELS, _TRAILING = range(0x1100, 0x1160), range(0x1160, 0x11A8), range(0x11A8, 0x1200)
_PREPENDED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f")
_WORD = re.compile(r"\s*\S+\s*")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def graphemes(text: str) -> Iterator[str]:
    """Yield what people see as characters: combined letters, syllables, flags, families of emoji."""
    if text.isascii() and "\r" not in text:
        yield from text
        return
    start, flags = 0, 0
    for index in range(1, len(text) + 1):
        flags = flags + 1 if ord(text[index - 1]) in _REGIONAL else 0
        if index == len(text) or not _belong(text[index - 1], text[index], flags):
            yield text[start:index]
            start, flags = index, 0


def words(text: str) -> list[str]:
    """Return the words of a text, each with the white space behind it; the pieces joined are the text."""
    return _safe(_WORD.findall(text) or ([text] if text else []))


def lines(text: str) -> list[str]:
    """Return the lines of a text, each with its line feed."""
    return _safe(_LINE.findall(text))


def _safe(pieces: list[str]) -> list[str]:
    """Join pieces between which a grapheme would be broken: a mark may follow a blank."""
    whole: list[str] = []
    for piece in pieces:
        if whole and _belong(whole[-1][-1], piece[0], 0):
            whole[-1] += piece
        else:
            whole.append(piece)
    return whole


def _belong(before: str, after: str, flags: int) -> bool:
    """Whether two neighbours are part of one grapheme; `flags` counts the regional letters up to the first."""
    if before == "\r":
        return after == "\n"
    if before == "\n" or unicodedata.category(before) == "Cc":
        return False
    number = ord(after)
    if after == _JOINER or unicodedata.category(after) in _MARKS or number in _SKIN or number in _TAGS:
        return True
    if before == _JOINER or before in _PREPENDED:
        return True
    if number in _REGIONAL and ord(before) in _REGIONAL:
        return flags % 2 == 1
    return _is_syllable(ord(before), number)


def _is_syllable(before: int, after: int) -> bool:
    """Whether Hangul letters, or a syllable and a letter, make one syllable."""
    is_block = 0xAC00 <= before < 0xD7A4  # noqa: PLR2004 - the composed syllables
    has_no_end = is_block and (before - 0xAC00) % 28 == 0
    if before in _LEADING:
        return after in _LEADING or after in _VOWELS or 0xAC00 <= after < 0xD7A4  # noqa: PLR2004 - as above
    if before in _VOWELS or has_no_end:
        return after in _VOWELS or after in _TRAILING
    return (before in _TRAILING or is_block) and after in _TRAILING
