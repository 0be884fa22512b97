"""Convex values as Python objects, and the rules every value keeps.

A Float64 is a ``float``, an Int64 is an :class:`Int64`, bytes are ``bytes``; the rest are the JSON types.
A plain ``int`` is no Convex value: whoever makes values turns it into one of the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self, TypeAlias

MAX_ARRAY_LENGTH = 8192
MAX_OBJECT_FIELDS = 1024
MAX_NESTING = 64
MAX_FIELD_NAME_LENGTH = 1024
MAX_IDENTIFIER_LENGTH = 64
INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1


class Int64(int):
    """A 64-bit signed integer, JavaScript's ``bigint``; distinct from numbers, which are Float64."""

    __slots__ = ()

    def __new__(cls, value: int) -> Self:
        """Make one; raises InvalidValueError when it does not fit into 64 bits."""
        if not INT64_MIN <= value <= INT64_MAX:
            raise InvalidValueError(f"{value} does not fit into a 64-bit signed integer")
        return super().__new__(cls, value)

    def __repr__(self) -> str:
        return f"Int64({int(self)})"


Value: TypeAlias = "bool | Int64 | float | str | bytes | list[Value] | dict[str, Value] | None"


class InvalidValueError(ValueError):
    """Something that is no Convex value; its text says why (contract convex §2.2, §16)."""


def check_field_name(name: str) -> None:
    """Raise InvalidValueError unless `name` may be a field of an object (contract convex §2.2)."""
    if name.isidentifier() and name.isascii() and len(name) <= MAX_FIELD_NAME_LENGTH:
        return
    if len(name) > MAX_FIELD_NAME_LENGTH:
        raise InvalidValueError(
            f"Field name is too long ({len(name)} > maximum {MAX_FIELD_NAME_LENGTH}): {name[:20]}..."
        )
    if name.startswith("$"):
        raise InvalidValueError(f"Field name {name} starts with '$', which is reserved.")
    if not (name.isascii() and name.isprintable()):
        odd = next(c for c in name if not (c.isascii() and c.isprintable()))
        raise InvalidValueError(
            f"Field name {name} has invalid character {odd!r}: "
            "Field names can only contain non-control ASCII characters"
        )


def check_array_length(length: int) -> None:
    """Raise InvalidValueError for an array longer than Convex takes (contract convex §16)."""
    if length > MAX_ARRAY_LENGTH:
        raise InvalidValueError(f"Array length is too long ({length} > maximum length {MAX_ARRAY_LENGTH})")


def check_field_count(count: int) -> None:
    """Raise InvalidValueError for an object with more fields than Convex takes (contract convex §16)."""
    if count > MAX_OBJECT_FIELDS:
        raise InvalidValueError(f"Object has too many fields ({count} > maximum number {MAX_OBJECT_FIELDS})")


def check_nesting(depth: int) -> None:
    """Raise InvalidValueError for a value nested deeper than Convex takes (contract convex §16)."""
    if depth > MAX_NESTING:
        raise InvalidValueError(f"Value is too nested (maximum nesting {MAX_NESTING})")


def check_value(value: Value, depth: int = 0) -> None:
    """Raise InvalidValueError for what is too large, too deep or wrongly named anywhere within a value."""
    if not isinstance(value, list | dict):
        return
    check_nesting(depth + 1)
    if isinstance(value, list):
        check_array_length(len(value))
    else:
        check_field_count(len(value))
        for name in value:
            check_field_name(name)
    for each in value if isinstance(value, list) else value.values():
        check_value(each, depth + 1)


def check_identifier(name: str, what: str) -> None:
    """Raise InvalidValueError unless `name` may name a table, an index or a function (contract convex §2.2)."""
    if len(name) > MAX_IDENTIFIER_LENGTH:
        raise InvalidValueError(f"{what} is too long ({len(name)} > maximum {MAX_IDENTIFIER_LENGTH}): {name[:20]}...")
    if not (name.isascii() and name.replace("_", "a").isalnum() and name[:1].isalpha()):
        raise InvalidValueError(
            f"{what} {name!r} must start with a letter and contain only letters, digits and underscores"
        )


def is_same(one: Value, other: Value) -> bool:
    """Whether two values are equal as Convex sees them: `true` is not 1.0, and an Int64 is not a Float64."""
    return _alike(one, other, _same_floats)


def is_identical(one: Value, other: Value) -> bool:
    """Whether nobody could tell two values apart: as :func:`is_same`, and -0.0 is not 0.0."""
    return _alike(one, other, _identical_floats)


def _alike(one: Value, other: Value, alike_floats: Callable[[float, float], bool]) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        keys = one.keys()
        return keys == other.keys() and all(_alike(one[key], other[key], alike_floats) for key in keys)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_alike(*pair, alike_floats) for pair in pairs)
    if isinstance(one, float) and isinstance(other, float):
        return alike_floats(one, other)
    return one == other


def _same_floats(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _identical_floats(one: float, other: float) -> bool:
    return _same_floats(one, other) and math.copysign(1, one) == math.copysign(1, other)
