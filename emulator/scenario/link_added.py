"""What is added to one operation while a scenario is in force: linked as a file's function, against what is there."""

from __future__ import annotations

from dataclasses import replace

from emulator.model.function import ADDED, Function, FunctionType, Script
from emulator.model.gateway import CHAT
from emulator.model.http import is_http, written_route
from emulator.model.scenario import Scenario
from emulator.scenario.link import names_of
from emulator.scenario.link_chat import link_chat
from emulator.scenario.link_functions import Linked, check_values, link_function
from emulator.scenario.link_http import link_action, read_route
from emulator.scenario.link_values import ValueReader
from emulator.scenario.problem import NotLinkedError, Problem
from emulator.scenario.tree import Mapping
from emulator.scenario.uses import unknown_names
from emulator.scenario.validate import validate
from emulator.scenario.written import FunctionForm
from emulator.scenario.written_gateway import ChatForm
from emulator.values.paths import InvalidPathError, parse_path

_OF_FUNCTIONS = ("args", "returns", "variants")


def operation_of(text: str, tree: Mapping) -> str:
    """Return the public spelling of what `tree` is to be added to; raise NotLinkedError for what nothing can be."""
    if text == CHAT:
        return CHAT
    if " /" in text:
        reader = ValueReader({})
        route = read_route(written_route(text), tree.place, reader)
        if route is None:
            raise NotLinkedError(reader.problems)
        return route
    try:
        return parse_path(text).public
    except InvalidPathError as error:
        expected = f"a path such as messages:list, a route such as POST /hook, or {CHAT}"
        raise NotLinkedError([Problem(tree.place, "bad-function-name", str(error), expected)]) from error


def link_added(operation: str, tree: Mapping, scenario: Scenario) -> Function:
    """Return what `tree` says below `operation`, a public spelling, as a function by itself.

    Raises NotLinkedError with everything that is wrong.
    """
    if operation == CHAT:
        function, problems, uses = _link_chat(tree, scenario.gateway.chat)
    elif is_http(operation):
        function, problems, uses = _link_action(operation, tree)
    else:
        function, problems, uses = _link_function(operation, tree, scenario)
    problems = [*problems, *unknown_names(uses, names_of(scenario))]
    if function is None or problems:
        raise NotLinkedError(problems)
    return replace(function, script=_apart(function.script))


def _link_function(operation: str, tree: Mapping, scenario: Scenario) -> Linked:
    form = validate(FunctionForm, tree, ("functions", operation))
    if isinstance(form, list):
        return Linked(None, [*form, *check_values(tree)], [])
    function, problems, uses = link_function(parse_path(operation), form, tree, tree.place)
    return Linked(function, [*problems, *_conflicts(scenario.functions.get(operation), form.type, tree)], uses)


def _conflicts(known: Function | None, kind: str | None, tree: Mapping) -> list[Problem]:
    """Tell of what cannot be said anew of a function that is there."""
    if known is None:
        return []
    name, found = known.path.public, []
    if kind is not None and known.type is not None and FunctionType[kind.upper()] is not known.type:
        message = f"type: {name} is a {known.type.value.lower()} ({known.place})"
        found.append(Problem(tree.value_place("type"), "outcome-conflict", message, hint="remove type"))
    for key in _OF_FUNCTIONS:
        if tree.get(key) is not None:
            message = f"{key} is said where {name} is scripted ({known.place})"
            found.append(Problem(tree.key_place(key), "outcome-conflict", message, hint=f"remove {key}"))
    return found


def _link_chat(tree: Mapping, known: Function | None) -> Linked:
    form = validate(ChatForm, tree, ("gateway", "chat"))
    if isinstance(form, list):
        return Linked(None, form, [])
    reader = ValueReader({tree.source.file: tree.source})
    function = link_chat(form, tree, tree.place, reader)
    return Linked(function, [*reader.problems, *_conflicts(known, None, tree)], reader.uses)


def _link_action(operation: str, tree: Mapping) -> Linked:
    reader = ValueReader({tree.source.file: tree.source})
    function = link_action(operation, tree, tree.place, reader)
    return Linked(function, reader.problems, reader.uses)


def _apart(script: Script) -> Script:
    """Return a script whose rules draw from streams that no rule of a file has."""
    rules = (each if each.stream is None else replace(each, stream=f"{ADDED}{each.stream}") for each in script.rules)
    return replace(script, rules=tuple(rules))
