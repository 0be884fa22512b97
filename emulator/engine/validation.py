"""Validators at work in the engine; imported with the first one, for most scenarios have none and start sooner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from emulator.values.convex import Value

if TYPE_CHECKING:
    from emulator.values.validators.types import Validator

_Value = TypeVar("_Value", Value, dict[str, Value])


def fault_of(validator: Validator, value: Value, table_of: Callable[[int], str | None]) -> str | None:
    """Return what is wrong with a value, in the service's words; None when nothing is."""
    from emulator.values.validators import check  # noqa: PLC0415 - 5 ms that most starts need not spend

    return check.fault_of(validator, value, table_of)


def coerced(validator: Validator, value: _Value) -> _Value:
    """Return a value with its whole numbers as the validator wants them."""
    from emulator.values.validators import coerce  # noqa: PLC0415 - likewise

    return coerce.coerced(validator, value)
