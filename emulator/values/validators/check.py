"""Values held against validators: whether one fits, and what the service says of the first fault.

The texts are those of contract convex §5.2. Faults are looked for in the service's order: the fields of a validator by
their names, and what is too much after that.
"""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType
from typing import TypeAlias

from emulator.values.convex import Int64, Value, is_identical
from emulator.values.display import display
from emulator.values.ids import InvalidIdError, decode_id
from emulator.values.validators.display import display_validator
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    BooleanType,
    BytesType,
    IdOf,
    Int64Type,
    Literal,
    NullType,
    NumberType,
    ObjectOf,
    RecordOf,
    StringType,
    UnionOf,
    Validator,
)

TableOf: TypeAlias = Callable[[int], str | None]
"""Gives the name of the table that has a number, None when none has."""

_MAX_ID_LENGTH = 37
_PLAIN: dict[type[Validator], type] = {
    AnyType: object,
    NullType: NoneType,
    NumberType: float,
    Int64Type: Int64,
    BooleanType: bool,
    StringType: str,
    BytesType: bytes,
}


def fits(validator: Validator, value: Value, table_of: TableOf) -> bool:
    """Whether a validator accepts a value; quick, for it makes no text."""
    plain = _PLAIN.get(type(validator))
    if plain is not None:
        return isinstance(value, plain)
    if isinstance(validator, ObjectOf):
        return isinstance(value, dict) and _fits_object(validator, value, table_of)
    if isinstance(validator, ArrayOf):
        return isinstance(value, list) and _fits_array(validator.item, value, table_of)
    if isinstance(validator, UnionOf):
        return any(fits(member, value, table_of) for member in validator.members)
    if isinstance(validator, IdOf):
        return isinstance(value, str) and _table_of_id(value, table_of) == validator.table
    if isinstance(validator, RecordOf):
        return isinstance(value, dict) and _fits_record(validator, value, table_of)
    return isinstance(validator, Literal) and is_identical(validator.value, value)


def fault_of(validator: Validator, value: Value, table_of: TableOf) -> str | None:
    r"""Return what the service says of the first fault of a value, None when the validator accepts it.

    The text is what follows ``ArgumentValidationError:`` or ``ReturnsValidationError:``, such as
    ``Value does not match validator.\nPath: .to\nValue: 1.0\nValidator: v.string()``.
    """
    return None if fits(validator, value, table_of) else _fault(validator, value, table_of, "")


def _fits_object(validator: ObjectOf, value: dict[str, Value], table_of: TableOf) -> bool:
    known = 0
    for name, field in validator.fields:
        if name in value:
            known += 1
            if not fits(field.validator, value[name], table_of):
                return False
        elif not field.optional:
            return False
    return known == len(value)


def _fits_array(item: Validator, value: list[Value], table_of: TableOf) -> bool:
    plain = _PLAIN.get(type(item))
    if plain is not None:
        return all(isinstance(each, plain) for each in value)
    return all(fits(item, each, table_of) for each in value)


def _fits_record(validator: RecordOf, value: dict[str, Value], table_of: TableOf) -> bool:
    keys, values = validator.keys, validator.values
    return all(fits(keys, key, table_of) and fits(values, each, table_of) for key, each in value.items())


def _table_of_id(text: str, table_of: TableOf) -> str | None:
    if len(text) > _MAX_ID_LENGTH:
        return None
    try:
        number, _ = decode_id(text)
    except InvalidIdError:
        return None
    return table_of(number)


def _fault(validator: Validator, value: Value, table_of: TableOf, path: str) -> str | None:
    match validator:
        case ObjectOf() if isinstance(value, dict):
            return _object_fault(validator, value, table_of, path)
        case ArrayOf(item) if isinstance(value, list):
            parts = ((item, each, f"{path}[{index}]") for index, each in enumerate(value))
            return next(filter(None, (_fault(part, each, table_of, at) for part, each, at in parts)), None)
        case RecordOf() if isinstance(value, dict):
            return _record_fault(validator, value, table_of, path)
        case UnionOf((only,)):
            return _fault(only, value, table_of, path)
        case IdOf() if isinstance(value, str) and (found := _table_of_id(value, table_of)) is not None:
            return None if found == validator.table else _about_id(validator, value, found, path)
    if fits(validator, value, table_of):
        return None
    if isinstance(validator, Literal):
        wanted = f"literal validator `{display_validator(validator)}`.{_path_line(path)}"
        return f"`{display(value)}` does not match {wanted}"
    tail = f"Value: {display(value)}\nValidator: {display_validator(validator)}"
    return f"Value does not match validator.\n{_path_line(path)}\n{tail}"


def _about_id(validator: IdOf, value: str, found: str, path: str) -> str:
    where = "a system table" if found.startswith("_") else f"table `{found}`"
    wanted = f"the table name in validator `{display_validator(validator)}`.{_path_line(path)}"
    return f'Found ID "{value}" from {where}, which does not match {wanted}'


def _object_fault(validator: ObjectOf, value: dict[str, Value], table_of: TableOf, path: str) -> str | None:
    fields = dict(validator.fields)
    for name in sorted(fields):
        if name in value:
            if fault := _fault(fields[name].validator, value[name], table_of, f"{path}.{name}"):
                return fault
        elif not fields[name].optional:
            advice = "Consider wrapping the field validator in `v.optional(...)` if this is expected."
            return _about_object(f"Object is missing the required field `{name}`. {advice}", validator, value, path)
    extra = min(value.keys() - fields.keys(), default=None)
    if extra is None:
        return None
    return _about_object(f"Object contains extra field `{extra}` that is not in the validator.", validator, value, path)


def _about_object(fault: str, validator: ObjectOf, value: dict[str, Value], path: str) -> str:
    return f"{fault}\n{_path_line(path)}\nObject: {display(value)}\nValidator: {display_validator(validator)}"


def _record_fault(validator: RecordOf, value: dict[str, Value], table_of: TableOf, path: str) -> str | None:
    for key in sorted(value):
        fault = _fault(validator.keys, key, table_of, f"{path}.keys()")
        fault = fault or _fault(validator.values, value[key], table_of, f"{path}.values()")
        if fault:
            return fault
    return None


def _path_line(path: str) -> str:
    return f"Path: {path}" if path else ""
