"""Convex values as JSON trees and back, in the three formats of contract convex §2.

The trees are what a JSON library reads and writes; no text is made here. A float in a tree must be printed with
its decimal point (``3.0``): the Python client refuses a bare integer.
"""

from __future__ import annotations

import binascii
import math
import struct
from base64 import b64decode, b64encode
from enum import Enum
from operator import is_not
from typing import TypeAlias

from emulator.values.convex import (
    MAX_NESTING,
    Int64,
    InvalidValueError,
    Value,
    check_array_length,
    check_field_count,
    check_field_name,
    check_nesting,
)

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_LEAVES = frozenset({str, bool, type(None)})
_SAME = _LEAVES | {float}
_INT64_BYTES = 8


class Format(Enum):
    """How values are written in an answer; each has an alias that clients may send as well."""

    ENCODED = "convex_encoded_json"
    CLEAN = "json"
    EXPORT = "export_json"

    __hash__ = object.__hash__  # members are singletons; the default hashes the name at every look-up


_BY_NAME = {each.value: each for each in Format} | {
    "convex_json": Format.ENCODED,
    "convex_clean_json": Format.CLEAN,
}


def parse_format(name: str) -> Format:
    """Return the format called `name`; raise KeyError when there is none."""
    return _BY_NAME[name]


def encode(value: Value, form: Format) -> Json:
    """Write `value` as a JSON tree; parts that need no change are shared with it, not copied."""
    kind = type(value)
    if kind in _LEAVES:
        return value  # type: ignore[return-value]  # narrowed by the exact type, which mypy cannot follow
    if isinstance(value, float):
        return value if math.isfinite(value) and (value or _sign(value) > 0) else _special(value, form)
    if isinstance(value, dict):
        fields = {key: each if type(each) in _LEAVES else encode(each, form) for key, each in value.items()}
        return fields if any(map(is_not, fields.values(), value.values())) else value  # type: ignore[return-value]
    if isinstance(value, list):
        return [each if type(each) in _LEAVES else encode(each, form) for each in value]  # type: ignore[misc]
    if isinstance(value, Int64):
        return _integer(value, form)
    if isinstance(value, bytes):
        text = b64encode(value).decode()
        return text if form is Format.CLEAN else {"$bytes": text}
    raise InvalidValueError(f"{value!r} ({kind.__name__}) is not a Convex value")


def decode(tree: Json, form: Format = Format.ENCODED, depth: int = 0) -> Value:
    """Read a JSON tree as a value.

    ``convex_encoded_json`` is what arguments always use. ``json`` is lossy: what was an Int64 or bytes stays a
    string. In ``export_json`` a number without a point is an Int64. Raises InvalidValueError.
    """
    kind = type(tree)
    if kind in _SAME:
        return tree  # type: ignore[return-value]  # narrowed by the exact type, which mypy cannot follow
    if isinstance(tree, int):
        return Int64(tree) if form is Format.EXPORT else _float_of(tree)
    if depth >= MAX_NESTING:
        check_nesting(depth + 1)
    if isinstance(tree, list):
        check_array_length(len(tree))
        return [each if type(each) in _SAME else decode(each, form, depth + 1) for each in tree]  # type: ignore[misc]
    if isinstance(tree, dict):
        if len(tree) == 1 and form is not Format.CLEAN:
            (key,) = tree
            if key.startswith("$"):
                return _decode_wrapped(key, tree[key])
        check_field_count(len(tree))
        for key in tree:
            check_field_name(key)
        return {key: each if type(each) in _SAME else decode(each, form, depth + 1) for key, each in tree.items()}  # type: ignore[misc]
    raise InvalidValueError(f"{tree!r} is not JSON")


def _sign(value: float) -> float:
    return math.copysign(1.0, value)


def _float_of(number: int) -> float:
    try:
        return float(number)
    except OverflowError as error:
        raise InvalidValueError(f"{number} does not fit into a 64-bit floating point number") from error


def _integer(value: int, form: Format) -> Json:
    if form is Format.ENCODED:
        return {"$integer": b64encode(value.to_bytes(_INT64_BYTES, "little", signed=True)).decode()}
    return str(int(value)) if form is Format.CLEAN else int(value)


def _special(value: float, form: Format) -> Json:
    if form is Format.ENCODED or (form is Format.EXPORT and value != 0):
        return {"$float": b64encode(struct.pack("<d", value)).decode()}
    if value == 0:
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _decode_wrapped(key: str, body: Json) -> Value:
    match key:
        case "$integer":
            return Int64(int.from_bytes(_eight_bytes(key, body), "little", signed=True))
        case "$float":
            (value,) = struct.unpack("<d", _eight_bytes(key, body))
            number = float(value)
            if math.isfinite(number) and (number != 0 or _sign(number) > 0):
                raise InvalidValueError(f"Float64 {number} should be encoded as a number")
            return number
        case "$bytes":
            return _base64(key, body)
        case _:
            raise InvalidValueError(f"Field name {key} starts with '$', which is reserved.")


def _eight_bytes(key: str, body: Json) -> bytes:
    raw = _base64(key, body)
    if len(raw) != _INT64_BYTES:
        raise InvalidValueError(f"{key} must hold {_INT64_BYTES} bytes, not {len(raw)}")
    return raw


def _base64(key: str, body: Json) -> bytes:
    if not isinstance(body, str):
        raise InvalidValueError(f"{key} must hold a string")
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidValueError(f"{key} must hold standard base64: {error}") from error
