"""Functions on texts, and values as texts."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode

from emulator.expressions.budget import check_items, check_text, pay_for
from emulator.expressions.errors import EvaluationError
from emulator.expressions.functions.arguments import Value, need_list, need_text
from emulator.expressions.functions.table import function
from emulator.expressions.operators import kind_of, whole
from emulator.expressions.text import json_tree, text_of
from emulator.values.convex import Int64, InvalidValueError

_MAX_PATTERN = 200
_MAX_SEARCHED = 10_000
_PRICE_OF_A_SEARCH = 2_000


@function
def text(value: Value) -> str:
    """Return a value as it looks inside of a text: numbers without a needless point, lists and mappings as JSON."""
    return text_of(value)


@function
def number(value: Value) -> float:
    """Return a text or an Int64 as a number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise EvaluationError(f"{kind_of(value)} is no number") from None


@function
def int64(value: Value) -> Int64:
    """Return a number or a text as an Int64."""
    try:
        return Int64(int(value) if isinstance(value, str) else whole(value, "an Int64"))
    except (ValueError, InvalidValueError) as error:
        raise EvaluationError(str(error)) from error


@function
def upper(text: str) -> str:
    """Return a text in upper case."""
    return need_text(text).upper()


@function
def lower(text: str) -> str:
    """Return a text in lower case."""
    return need_text(text).lower()


@function
def title(text: str) -> str:
    """Return a text with each word capitalised."""
    return need_text(text).title()


@function
def trim(text: str) -> str:
    """Return a text without the white space around it."""
    return need_text(text).strip()


@function
def split(text: str, separator: str = " ") -> list[str]:
    """Return the parts of a text between separators."""
    if not separator:
        raise EvaluationError("the separator is empty")
    parts = need_text(text).split(need_text(separator))
    check_items(len(parts))
    return parts


@function
def join(items: list[Value], separator: str = "") -> str:
    """Return the items of a list as one text, with separators between them."""
    texts = [text_of(each) for each in need_list(items)]
    check_text(sum(map(len, texts)) + len(need_text(separator)) * len(texts))
    return separator.join(texts)


@function
def replace(text: str, old: str, new: str) -> str:
    """Return a text with each occurrence of `old` replaced by `new`."""
    count = need_text(text).count(need_text(old))
    check_text(len(text) + count * (len(need_text(new)) - len(old)))
    return text.replace(old, new)


@function
def starts_with(text: str, beginning: str) -> bool:
    """Return whether a text starts with another."""
    return need_text(text).startswith(need_text(beginning))


@function
def ends_with(text: str, end: str) -> bool:
    """Return whether a text ends with another."""
    return need_text(text).endswith(need_text(end))


@function
def matches(text: str, pattern: str) -> bool:
    """Return whether a regular expression is found in a text of at most 10,000 characters."""
    if len(need_text(pattern)) > _MAX_PATTERN or len(need_text(text)) > _MAX_SEARCHED:
        raise EvaluationError("the pattern or the text is too long to be searched")
    pay_for(_PRICE_OF_A_SEARCH)
    try:
        return bool(re.search(pattern, text))
    except re.error as error:
        raise EvaluationError(f"the pattern is no regular expression: {error}") from error


@function
def json_(value: Value) -> str:
    """Return a value as JSON."""
    return text_of(value) if isinstance(value, list | dict) else json.dumps(json_tree(value), ensure_ascii=False)


@function
def parse_json(text: str) -> Value:
    """Return what a text in JSON holds."""
    try:
        return json.loads(need_text(text))
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"the text is no JSON: {error}") from error


@function
def base64(value: Value) -> str:
    """Return bytes, or a text in UTF-8, in base64."""
    return b64encode(value if isinstance(value, bytes) else need_text(value).encode()).decode()


@function
def bytes_(text: str) -> bytes:
    """Return the bytes that a text in base64 holds."""
    try:
        return b64decode(need_text(text), validate=True)
    except ValueError as error:
        raise EvaluationError(f"the text is no base64: {error}") from error
