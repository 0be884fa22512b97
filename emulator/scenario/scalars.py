"""Plain scalars by the core schema of YAML 1.2: `yes`, `on`, `12:30` are texts, `010` is ten."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Scalar: TypeAlias = "bool | int | float | str | None"

_WORDS: dict[str, Scalar] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float("inf") for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMBER_START = frozenset("0123456789+-.")
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_MAX_DIGITS = 400
_TOO_LARGE = 10**400


def _beyond(text: str) -> int:
    """Return a number that no Float64 can hold, for a text that writes one; `.inf` is how infinity is written."""
    return -_TOO_LARGE if text.startswith("-") else _TOO_LARGE


def resolve(text: str) -> Scalar:
    """Return what an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _DECIMAL.fullmatch(text):
        return int(text) if len(text) <= _MAX_DIGITS else _beyond(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else _beyond(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    return text
