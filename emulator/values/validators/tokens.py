"""The pieces of a validator's short text: words, numbers, quoted texts and marks."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?n?)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<mark>[|?,:(){}\[\]])
      | (?P<end>\Z)
      | (?P<odd>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_DOT_AFTER_V = re.compile(r"\bv\s*\Z")
_ESCAPED = re.compile(r'\\.|"', re.DOTALL)
_IN_DOUBLE_QUOTES = {"\\'": "'", '"': '\\"'}


class Token(NamedTuple):
    """A piece of a text; its kind is `word`, `number`, `text`, `end`, or for a mark the mark itself."""

    kind: str
    text: str
    offset: int


class InvalidTokenError(ValueError):
    """A piece that has no place in a validator; `offset` counts the characters before it."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        """Say what is wrong, where, and what to do about it."""
        super().__init__(message)
        self.offset = offset
        self.hint = hint


def scan(text: str, position: int) -> tuple[Token, int]:
    """Return the piece of a text that begins at a position or behind the spaces there, and where it ends."""
    match = _TOKEN.match(text, position)
    assert match is not None
    assert match.lastgroup is not None
    kind, piece = match.lastgroup, match[match.lastgroup]
    offset = match.start(kind)
    if kind == "odd":
        raise _odd(text, piece, offset)
    return Token(piece if kind == "mark" else kind, piece, offset), match.end()


def unquote(token: Token) -> str:
    """Return what a quoted text means; escapes are those of JSON, in single quotes as well."""
    text = token.text
    if text.startswith("'"):
        text = '"' + _ESCAPED.sub(lambda match: _IN_DOUBLE_QUOTES.get(match[0], match[0]), text[1:-1]) + '"'
    try:
        return str(json.loads(text, strict=False))
    except ValueError as error:
        hint = "escapes are those of JSON; a backslash is written twice"
        raise InvalidTokenError("this text has an escape that means nothing", token.offset, hint) from error


def _odd(text: str, character: str, offset: int) -> InvalidTokenError:
    if character in {'"', "'"}:
        return InvalidTokenError("this quote is not closed", offset)
    before = _DOT_AFTER_V.search(text, 0, offset) if character == "." else None
    if before:
        return InvalidTokenError("`v.` is not written here", before.start(), "write 'string' for v.string()")
    return InvalidTokenError(f"`{character}` means nothing in a validator", offset)
