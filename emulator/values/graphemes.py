"""Texts cut into pieces without ever breaking what people see as one character: Unicode annex 29, nearly."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_JOINER, _NON_JOINER = "\u200d", "\u200c"
_MARKS = frozenset({"Mn", "Me", "Mc"})
_CONTROLS = frozenset({"Cc", "Cf", "Zl", "Zp"})
_LEANING = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")  # no marks by category, and parts of what is before them
_REGIONAL = range(0x1F1E6, 0x1F200)
_SKIN = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_LEADING, _VOWELS, _TRAILING = range(0x1100, 0x1160), range(0x1160, 0x11A8), range(0x11A8, 0x1200)
_OLD_LEADING, _OLD_VOWELS, _OLD_TRAILING = range(0xA960, 0xA97D), range(0xD7B0, 0xD7C7), range(0xD7CB, 0xD7FC)
_BLOCKS = range(0xAC00, 0xD7A4)
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_PREPENDED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd")
_LINKERS = frozenset("\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d")
_INDIC = range(0x0900, 0x0D80)
_WORD = re.compile(r"\s*\S+\s*")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def graphemes(text: str) -> Iterator[str]:
    """Yield what people see as characters: combined letters, syllables, flags, families of emoji."""
    if _is_plain(text):
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
    if not text.strip():
        return [text] if text else []
    pieces = _WORD.findall(text)
    return pieces if _is_plain(text) else _safe(pieces)


def lines(text: str) -> list[str]:
    """Return the lines of a text, each with its line feed."""
    pieces = _LINE.findall(text)
    return pieces if _is_plain(text) else _safe(pieces)


def _is_plain(text: str) -> bool:
    """Whether each character is a grapheme by itself."""
    return text.isascii() and "\r" not in text


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
    if _is_control(before) or _is_control(after):
        return False
    number = ord(after)
    if after in _LEANING or unicodedata.category(after) in _MARKS or number in _SKIN or number in _TAGS:
        return True
    if before in _PREPENDED:
        return True
    if before == _JOINER:
        return number in _INDIC or not (after.isalnum() or after.isspace())
    if before in _LINKERS:
        return unicodedata.category(after) == "Lo" and number >> 7 == ord(before) >> 7
    if number in _REGIONAL and ord(before) in _REGIONAL:
        return flags % 2 == 1
    return _is_syllable(ord(before), number) or (ord(before) in _HIGH and number in _LOW)


def _is_control(character: str) -> bool:
    """Whether nothing joins it: controls, format characters that are not part of what they stand in, separators."""
    if character.isprintable() or unicodedata.category(character) not in _CONTROLS:
        return False
    return character not in _LEANING and character not in _PREPENDED and ord(character) not in _TAGS


def _is_syllable(before: int, after: int) -> bool:
    """Whether Hangul letters, or a syllable and a letter, make one syllable."""
    is_trailing = after in _TRAILING or after in _OLD_TRAILING
    is_vowel = after in _VOWELS or after in _OLD_VOWELS
    if before in _LEADING or before in _OLD_LEADING:
        return after in _LEADING or after in _OLD_LEADING or is_vowel or after in _BLOCKS
    if before in _VOWELS or before in _OLD_VOWELS or (before in _BLOCKS and (before - _BLOCKS.start) % 28 == 0):
        return is_vowel or is_trailing
    return (before in _BLOCKS or before in _TRAILING or before in _OLD_TRAILING) and is_trailing
