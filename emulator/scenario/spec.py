"""Function specs, as ``npx convex function-spec`` writes them, taken in as parts of scenarios (contract convex §15.1).

A spec becomes what a scenario file would say of its functions: types, validators, and results that are made up, at the
places of the spec. Whatever the file that takes it in says itself of a function comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from emulator.model.place import Place
from emulator.scenario.made_up import Plain, made_up
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.tree import Mapping, Sequence, Tree, kind_of, shown
from emulator.values.paths import FunctionPath, InvalidPathError, parse_path
from emulator.values.validators.faults import InvalidValidatorError
from emulator.values.validators.json_form import read_validator
from emulator.values.validators.types import AnyType, NullType, Validator

_TYPES = {"Query": "query", "Mutation": "mutation", "Action": "action"}
_ROUTE = "HttpAction"
_VISIBILITIES = ("public", "internal")
_HINT = "write it with: npx convex function-spec"


class Specified(NamedTuple):
    """One function of a spec; a validator that takes anything is None."""

    path: FunctionPath
    type: str
    is_internal: bool
    args: Mapping | None
    returns: Mapping | None
    at: int


def read_spec(tree: Mapping) -> tuple[list[Specified], list[Problem]]:
    """Return the functions of a spec, the HTTP actions among them left out, and what is wrong with it."""
    functions = tree.get("functions")
    if not isinstance(functions, Sequence):
        got = "there is no key functions" if "functions" not in tree else f"functions: {kind_of(functions)}"
        return [], [Problem(tree.place, "bad-spec", got, "a list of functions", _HINT)]
    found: list[Specified] = []
    problems: list[Problem] = []
    for index, node in enumerate(functions):
        place = functions.item_place(index)
        if not isinstance(node, Mapping):
            problems.append(Problem(place, "bad-spec", f"functions › {index}: {kind_of(node)}", "a function", _HINT))
        elif node.get("functionType") != _ROUTE:
            one = _function(node, functions.marks[index])
            (problems if isinstance(one, Problem) else found).append(one)  # type: ignore[arg-type]
    return found, problems


def part_of(tree: Mapping) -> tuple[Mapping, list[Problem]]:
    """Return what a scenario file would say of the functions of a spec, and of the tables whose ids they name."""
    found, problems = read_spec(tree)
    part, functions, tables = (Mapping(tree.source, tree.at) for _ in range(3))
    for each in found:
        _put(functions, each.path.public, _written(each, tree), each.at)
        for name in tables_of(each):
            _put(tables, name, Mapping(tree.source, each.at), each.at)
    _put(part, "functions", functions, tree.at)
    _put(part, "tables", tables, tree.at)
    return part, problems


def plain_of(function: Specified) -> dict[str, Plain]:
    """Return all that a scenario file would say of a function, its validators apart."""
    said: dict[str, Plain] = {"type": function.type}
    if function.is_internal:
        said["visibility"] = "internal"
    said["result"] = _result(function)
    return said


def tables_of(function: Specified) -> list[str]:
    """Return the tables whose ids a function takes or returns; a deployment has those of its own by itself."""
    names = (*_tables(function.args), *_tables(function.returns))
    return [each for each in dict.fromkeys(names) if not each.startswith("_")]


def _function(node: Mapping, at: int) -> Specified | Problem:
    kind, name = node.get("functionType"), node.get("identifier")
    if kind not in _TYPES:
        expected = f"one of: {', '.join([*_TYPES, _ROUTE])}"
        hint = did_you_mean(str(kind), _TYPES)
        return Problem(_place(node, "functionType"), "bad-spec", f"functionType: {shown(kind)}", expected, hint)
    try:
        path = parse_path(name) if isinstance(name, str) else None
    except InvalidPathError as error:
        return Problem(_place(node, "identifier"), "bad-spec", f"identifier: {error}")
    if path is None:
        return Problem(_place(node, "identifier"), "bad-spec", f"identifier: {shown(name)}", "such as messages.js:list")
    said = node.get("visibility")
    visibility = said.get("kind") if isinstance(said, Mapping) else "public"
    if visibility not in _VISIBILITIES:
        expected = "public or internal"
        return Problem(_place(node, "visibility"), "bad-spec", f"visibility › kind: {shown(visibility)}", expected)
    args, returns = _validator(node.get("args")), _validator(node.get("returns"))
    return Specified(path, _TYPES[str(kind)], visibility == "internal", args, returns, at)


def _validator(node: Tree) -> Mapping | None:
    return node if isinstance(node, Mapping) and node.get("type") != "any" else None


def _place(node: Mapping, key: str) -> Place:
    return node.value_place(key) if key in node else node.place


def _written(function: Specified, tree: Mapping) -> Mapping:
    node = Mapping(tree.source, function.at)
    plain = plain_of(function)
    result = plain.pop("result")
    for key, each in plain.items():
        assert isinstance(each, str)
        _put(node, key, each, function.at)
    for key, validator in (("args", function.args), ("returns", function.returns)):
        if validator is not None:
            _put(node, key, validator, validator.at)
    at = function.returns.at if function.returns is not None else function.at
    _put(node, "result", _located(result, tree, at), at)
    return node


def _result(function: Specified) -> Plain:
    """Make a result up; that of a validator which is none stays null, and the linker tells of it."""
    if function.returns is None:
        return _empty_page() if _is_paginated(function.args) else None
    try:
        validator: Validator = read_validator(function.returns)
    except InvalidValidatorError:
        return None
    return None if isinstance(validator, AnyType | NullType) else made_up(validator)


def _is_paginated(args: Mapping | None) -> bool:
    fields = args.get("value") if args is not None else None
    return isinstance(fields, Mapping) and "paginationOpts" in fields


def _empty_page() -> Plain:
    return {"page": [], "isDone": True, "continueCursor": ""}


def _tables(node: Tree) -> Iterator[str]:
    """Yield the tables whose ids a validator in JSON names."""
    if isinstance(node, Mapping):
        name = node.get("tableName")
        if node.get("type") == "id" and isinstance(name, str):
            yield name
        for each in node.values():
            yield from _tables(each)
    elif isinstance(node, Sequence):
        for each in node:
            yield from _tables(each)


def _located(plain: Plain, tree: Mapping, at: int) -> Tree:
    """Return a plain tree as one that stands at a place, all of it."""
    if isinstance(plain, dict):
        mapping = Mapping(tree.source, at)
        for key, each in plain.items():
            _put(mapping, key, _located(each, tree, at), at)
        return mapping
    if isinstance(plain, list):
        sequence = Sequence(tree.source, at)
        sequence.extend(_located(each, tree, at) for each in plain)
        sequence.marks = [at] * len(plain)
        return sequence
    return plain


def _put(node: Mapping, key: str, value: Tree, at: int) -> None:
    if key not in node:
        node[key] = value
        node.marks += (at, at)
