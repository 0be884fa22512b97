"""Where a scenario and the function spec of a real deployment say different things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from emulator.model.constant import Constant
from emulator.model.function import Function
from emulator.model.place import Place
from emulator.model.rule import Result
from emulator.model.scenario import Scenario
from emulator.scenario.parse import parse
from emulator.scenario.problem import Problem, Severity, did_you_mean
from emulator.scenario.source import Source, decode_text, read_file, shown_path
from emulator.scenario.spec import Specified, read_spec
from emulator.values.ids import FIRST_USER_TABLE
from emulator.values.validators.check import fault_of
from emulator.values.validators.coerce import coerced
from emulator.values.validators.display import display_validator
from emulator.values.validators.faults import InvalidValidatorError
from emulator.values.validators.json_form import read_validator
from emulator.values.validators.types import Validator

_SLUG = "spec-drift"
_SYSTEM = "_system/"
_MAX_NAMES = 6


class Spec(NamedTuple):
    """What a file says of the functions of a deployment, or what is wrong with it."""

    file: str
    functions: Sequence[Specified]
    problems: Sequence[Problem]
    source: Source | None = None


def load_spec(path: Path) -> Spec:
    """Read a function spec; never raises for anything that a file can hold."""
    name, data = shown_path(path), read_file(path)
    source = decode_text(name, data) if isinstance(data, bytes) else data
    if isinstance(source, Problem):
        return Spec(name, [], [source])
    tree, problems = parse(source)
    if tree is None:
        return Spec(name, [], problems, source)
    functions, more = read_spec(tree)
    return Spec(name, functions, [*problems, *more], source)


def drift(scenario: Scenario, spec: Spec) -> Iterator[Problem]:
    """Yield what a scenario says otherwise than a spec, and as a warning which functions it leaves out."""
    specified = {each.path.public: each for each in spec.functions}
    for name, function in scenario.functions.items():
        if name.startswith(_SYSTEM):
            continue
        if name in specified:
            yield from _differences(function, specified[name], scenario, spec)
        else:
            message = f"{name} is not among the functions of {spec.file}"
            yield Problem(function.place, _SLUG, message, hint=did_you_mean(name, specified) or "remove it")
    missing = [name for name in specified if name not in scenario.functions]
    if missing:
        names = ", ".join(missing[:_MAX_NAMES]) + (", …" if len(missing) > _MAX_NAMES else "")
        message = f"{len(missing)} of the {len(specified)} functions of {spec.file} are not scripted: {names}"
        hint = f"write functions: {{$spec: {Path(spec.file).name}}}, and they answer with made-up data"
        yield Problem(Place(scenario.file, 1, 1), _SLUG, message, hint=hint, severity=Severity.WARNING)


def _differences(function: Function, specified: Specified, scenario: Scenario, spec: Spec) -> Iterator[Problem]:
    name, place = function.path.public, function.place
    if function.type is not None and function.type.value.lower() != specified.type:
        here, there = _a(function.type.value.lower()), _a(specified.type)
        message = f"{name} is {here} here, and {there} in {spec.file}"
        yield Problem(place, _SLUG, message, hint=f"write type: {specified.type}")
    if function.is_internal != specified.is_internal:
        here, there = ("internal", "public") if function.is_internal else ("public", "internal")
        yield Problem(place, _SLUG, f"{name} is {here} here, and {there} in {spec.file}", hint=f"visibility: {there}")
    args, returns = _validator(specified.args), _validator(specified.returns)
    for what, mine, theirs in (("args", function.args, args), ("returns", function.returns, returns)):
        if mine is not None and mine != theirs:
            told = display_validator(theirs) if theirs is not None else "anything"
            message = f"{name}: {what} is {display_validator(mine)} here, and {told} in {spec.file}"
            yield Problem(place, _SLUG, message, hint=f"remove {what}, or write it as there")
    if returns is not None:
        numbers = {FIRST_USER_TABLE + index: table for index, table in enumerate(scenario.tables)}
        yield from _misfits(function, returns, numbers, spec)


def _misfits(function: Function, returns: Validator, tables: Mapping[int, str], spec: Spec) -> Iterator[Problem]:
    """Yield the results that the deployment would not return."""
    for rule in function.script.rules:
        outcome = rule.outcome
        if isinstance(outcome, Result) and isinstance(outcome.value, Constant):
            fault = fault_of(returns, coerced(returns, outcome.value.value), tables.get)
            if fault is not None:
                told = " ".join(line for line in fault.splitlines() if line)
                message = f"the result of {function.path.public} is not what {spec.file} says: {told}"
                yield Problem(rule.place, _SLUG, message, hint="change the result")


def _a(noun: str) -> str:
    return f"an {noun}" if noun.startswith("a") else f"a {noun}"


def _validator(node: object) -> Validator | None:
    """Return a validator of the spec; one that is none is told when the spec is taken in, and asks nothing here."""
    try:
        return None if node is None else read_validator(node)
    except InvalidValidatorError:
        return None
