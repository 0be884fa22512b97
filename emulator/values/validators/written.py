"""Validators as a scenario file writes them: short texts, mappings of fields, validator JSON, told apart by their form.

One mapping could be two things: ``{type: string}`` is validator JSON, and an object whose only field is called `type`.
As what a *field* holds it is validator JSON. At the *top*, where the fields of a table or of arguments are written, it
is fields: there, validator JSON has the `type` ``object``, ``union``, ``any`` or ``record``, which nobody would give a
field, with just the other keys of such a node. What is meant otherwise can be said as a text: ``"{type: string}"``.
"""

from __future__ import annotations

from emulator.values.validators.faults import InvalidValidatorError, Steps, check_depth, check_field, shown
from emulator.values.validators.json_form import is_field_json, is_validator_json, read_field_json, read_validator
from emulator.values.validators.shorthand import read_field, read_shorthand
from emulator.values.validators.types import FieldOf, ObjectOf, Validator

_TOP_KINDS = frozenset({"object", "union", "any", "record"})


def read_written(tree: object, steps: Steps = ()) -> FieldOf:
    """Read what a scenario file says of one field; `steps` are those that led to `tree`, for errors.

    A text is the short form. A mapping is validator JSON where it has a known `type` and exactly the other keys of
    such a node, ``{type: id, tableName: users}``; or what validator JSON has for a field,
    ``{fieldType: {type: string}, optional: true}``; any other is an object with these fields. Raises
    InvalidValidatorError.
    """
    return _read(tree, steps, 1)


def read_fields(tree: object, steps: Steps = ()) -> ObjectOf:
    """Read a mapping of fields, and as nothing else, each as :func:`read_written` does.

    A name that ends with ``?`` is that of an optional field, which is how a nested object can be one:
    ``address?: {street: string}``. Raises InvalidValidatorError.
    """
    return _fields(tree, steps, 1)


def read_written_validator(tree: object, steps: Steps = ()) -> Validator:
    """Read what a scenario file says of a whole object: its fields, or a text, or validator JSON.

    Of mappings, only the validator JSON of an object, a union, any or a record is read as such; any other is a mapping
    of fields, :func:`read_fields`. Raises InvalidValidatorError.
    """
    if isinstance(tree, str):
        return read_shorthand(tree, steps)
    if is_validator_json(tree) and tree["type"] in _TOP_KINDS:
        return read_validator(tree, steps)
    return read_fields(tree, steps)


def _read(tree: object, steps: Steps, depth: int) -> FieldOf:
    if isinstance(tree, str):
        return read_field(tree, steps)
    if is_validator_json(tree):
        return FieldOf(read_validator(tree, steps))
    if is_field_json(tree):
        return read_field_json(tree, steps)
    if isinstance(tree, dict):
        return FieldOf(_fields(tree, steps, depth))
    message = "what a field holds is said with a text, such as string or id(users), or with a mapping"
    raise InvalidValidatorError(message, steps, hint=_hint(tree))


def _fields(tree: object, steps: Steps, depth: int) -> ObjectOf:
    check_depth(depth, steps)
    if not isinstance(tree, dict):
        message = "fields are a mapping of names and what they hold"
        raise InvalidValidatorError(message, steps, hint="write {author: string, likes: int64?}")
    fields: dict[str, FieldOf] = {}
    for key, each in tree.items():
        if not isinstance(key, str):
            raise InvalidValidatorError(f"the field {key!r} has a name that is no text", steps)
        name = key.removesuffix("?")
        at = (*steps, key)
        check_field(name, at)
        if name in fields:
            raise InvalidValidatorError(f"the field {shown(name)} is there twice, with and without ?", at)
        field = _read(each, at, depth + 1)
        fields[name] = FieldOf(field.validator, optional=True) if name != key else field
    return ObjectOf(tuple(fields.items()))


def _hint(tree: object) -> str | None:
    if tree is None:
        return 'for null, put it in quotes: "null"'
    if isinstance(tree, bool):
        return f"write literal({str(tree).lower()})"
    if isinstance(tree, int | float):
        return f"write literal({tree})"
    if isinstance(tree, list):
        return 'for an array write "string[]", for one of several "string | null"'
    return None
