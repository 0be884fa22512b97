"""A function spec as the text of a scenario file, to begin with."""

from __future__ import annotations

from emulator.scenario.drift import Spec
from emulator.scenario.made_up import Plain
from emulator.scenario.parse import write
from emulator.scenario.spec import Specified, plain_of, tables_of
from emulator.values.validators.json_form import read_validator, write_validator
from emulator.values.validators.shorthand import MAX_LENGTH, spell_field, spell_validator
from emulator.values.validators.types import FieldOf, ObjectOf, Validator

_HEAD = """\
# What {file} says of a deployment's functions. Results are made up; change what you like.
"""


def scenario_text(spec: Spec) -> str:
    """Return a scenario with every function of a spec, and the tables whose ids they name."""
    functions: dict[str, Plain] = {each.path.public: _function(each) for each in spec.functions}
    tables: dict[str, Plain] = {name: {} for each in spec.functions for name in tables_of(each)}
    tree: dict[str, Plain] = {"functions": functions, **({"tables": tables} if tables else {})}
    return _HEAD.format(file=spec.file) + write(tree)


def _function(function: Specified) -> Plain:
    said = plain_of(function)
    result = said.pop("result")
    if function.args is not None:
        said["args"] = _object(read_validator(function.args))
    if function.returns is not None:
        said["returns"] = _short(spell_validator(validator := read_validator(function.returns)), validator)
    return {**said, "result": result}


def _object(validator: Validator) -> Plain:
    """Return the fields of arguments one by one, a shape that is no object as a whole."""
    if not isinstance(validator, ObjectOf):
        return _short(spell_validator(validator), validator)
    return {name: _field(each) for name, each in validator.fields}


def _field(field: FieldOf) -> Plain:
    long: Plain = {"fieldType": _json(field.validator), "optional": field.optional}
    text = spell_field(field)
    return text if len(text) <= MAX_LENGTH else long


def _short(text: str, validator: Validator) -> Plain:
    return text if len(text) <= MAX_LENGTH else _json(validator)


def _json(validator: Validator) -> Plain:
    tree: Plain = write_validator(validator)
    return tree
