"""Texts with `${…}` in them, taken apart: literal pieces and the sources of expressions."""

from __future__ import annotations

from typing import NamedTuple

from emulator.expressions.errors import ExpressionError

_OPENING, _CLOSING = "([{", ")]}"


class Piece(NamedTuple):
    """A part of a text: a literal, or the source of an expression that stands at `offset`."""

    text: str
    offset: int
    is_expression: bool = False


def scan(text: str) -> list[Piece]:
    """Return the pieces of a text; `$${` is the literal `${`. Raises ExpressionError for one that is not closed."""
    pieces: list[Piece] = []
    literal = ""
    position = 0
    while (start := text.find("${", position)) >= 0:
        if text[start - 1 : start] == "$" and start > position:
            literal += text[position : start - 1] + "${"
            position = start + 2
            continue
        literal += text[position:start]
        if literal:
            pieces.append(Piece(literal, position))
            literal = ""
        end = _end_of_expression(text, start + 2)
        pieces.append(Piece(text[start + 2 : end], start + 2, is_expression=True))
        position = end + 1
    literal += text[position:]
    if literal or not pieces:
        pieces.append(Piece(literal, position))
    return pieces


def _end_of_expression(text: str, start: int) -> int:
    """Return where the brace stands that closes the expression; braces in it and in its strings are its own."""
    depth = 0
    position = start
    while position < len(text):
        character = text[position]
        if character in "'\"":
            position = _end_of_string(text, position)
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            if depth == 0 and character == "}":
                return position
            depth -= 1
        position += 1
    raise ExpressionError("the expression is not closed", start - 2, "it ends with }")


def _end_of_string(text: str, start: int) -> int:
    quote = text[start]
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == quote:
            return position
        position += 1
    raise ExpressionError("a string in the expression is not closed", start, f"it ends with {quote}")
