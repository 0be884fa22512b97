"""System queries about functions: what there is, what it takes and what it returns (contract convex §15.1)."""

from __future__ import annotations

from emulator.engine.system.query import Asked, takes
from emulator.model.effect import Effect, Log
from emulator.model.function import Function, FunctionType
from emulator.model.http import written_route
from emulator.values.convex import Value
from emulator.values.formats import decode
from emulator.values.validators.json_form import write_validator
from emulator.values.validators.types import AnyType, ObjectOf, Validator

_SYSTEM = "_system/"


def _api_spec(asked: Asked) -> Value:
    functions = [each for each in asked.scenario.functions.values() if not each.path.module.startswith(_SYSTEM)]
    described = [_entry(each) for each in sorted(functions, key=lambda each: each.path.canonical)]
    return [*described, *map(_route, sorted(asked.scenario.http or ()))]


def _route(operation: str) -> Value:
    method, _, path = written_route(operation).partition(" ")
    return {"functionType": "HttpAction", "method": method, "path": path}


def _entry(function: Function) -> Value:
    args = function.args if isinstance(function.args, ObjectOf) else AnyType()
    return {
        "args": _json(args),
        "functionType": type_of(function).value,
        "identifier": function.path.canonical,
        "returns": _json(function.returns or AnyType()),
        "visibility": {"kind": "internal" if function.is_internal else "public"},
    }


def type_of(function: Function) -> FunctionType:
    """Return what a function is called that the scenario lets be anything: a mutation if it writes, else a query."""
    if function.type is not None:
        return function.type
    writes = any(_changes(each) for rule in function.script.rules for each in rule.effects)
    return FunctionType.MUTATION if writes else FunctionType.QUERY


def _changes(effect: Effect) -> bool:
    return not isinstance(effect, Log)


def _json(validator: Validator) -> Value:
    return decode(write_validator(validator))


QUERIES = {"_system/cli/modules:apiSpec": takes("{componentId: (string | null)?}", _api_spec)}
