"""A whole scenario of the written form to one of the model; names that one part uses of another are checked here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from typing import NamedTuple

from emulator.model.function import Function
from emulator.model.scenario import Deployment, KnownIdentity, Scenario
from emulator.scenario.link_functions import link_function
from emulator.scenario.link_values import ValueReader
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.tree import Entry, Mapping, kind_of, place_at
from emulator.scenario.validate import validate
from emulator.scenario.written import DeploymentForm, FunctionForm, IdentityForm, ScenarioForm
from emulator.values.convex import Value
from emulator.values.paths import InvalidPathError, parse_path

DEFAULT_NAME = "local-emulator"
DEFAULT_ISSUER = "https://convex.test"

_CLAIM_NAMES = {"sub": "subject", "iss": "issuer"}


class _Linked(NamedTuple):
    """What became of one function's node; good for as long as the node and its key stay the same."""

    node: object
    key: str
    function: Function | None
    problems: list[Problem]


class Linker:
    """Links trees to scenarios; a function whose node it saw the last time is not linked again."""

    def __init__(self) -> None:
        """Begin without memory."""
        self._before: dict[int, _Linked] = {}
        self._now: dict[int, _Linked] = {}

    def forget_unused(self) -> None:
        """Keep only what was linked since this was last called."""
        self._before, self._now = self._now, {}

    def link(self, name: str, tree: Mapping, seed: int | None) -> tuple[Scenario | None, list[Problem]]:
        """Return the scenario, None when anything is wrong with it; `seed` overrides the file's."""
        functions, problems = self._functions(tree)
        form = validate(ScenarioForm, _without_functions(tree))
        if isinstance(form, list):
            return None, [*problems, *form]
        reader = ValueReader()
        identities = _identities(form.identities, tree, reader)
        _check_identity_names(functions.values(), identities, reader)
        seed = form.seed if seed is None else seed
        deployment = _deployment(form.deployment, tree, seed, reader)
        constants = _values(tree.get("vars"), reader)
        problems += reader.problems
        if problems:
            return None, problems
        file = tree.source.file
        return Scenario(name, file, form.description, seed, deployment, identities, constants, functions), []

    def _functions(self, tree: Mapping) -> tuple[dict[str, Function], list[Problem]]:
        nodes = tree.get("functions")
        functions: dict[str, Function] = {}
        problems: list[Problem] = []
        for entry in nodes.entries() if isinstance(nodes, Mapping) else ():
            linked = self._function(entry)
            problems += linked.problems
            if linked.function is None:
                continue
            name = linked.function.path.public
            if name in functions:
                message = f"{entry.key} is the same function as {functions[name].place}"
                problems.append(Problem(entry.key_place, "duplicate-function", message, hint="remove one of the two"))
            functions[name] = linked.function
        return functions, problems

    def _function(self, entry: Entry) -> _Linked:
        node = entry.value
        known = self._before.get(id(node)) or self._now.get(id(node))
        if known is None or known.key != entry.key or known.node is not node:
            known = _link_function(entry)
        if isinstance(node, Mapping):
            self._now[id(node)] = known
        return known


def _link_function(entry: Entry) -> _Linked:
    key, node, key_place, value_place = entry
    where = f"functions › {key}"
    if not isinstance(node, Mapping):
        hint = "write result: … below it" if node is None else f"write {key}: {{result: …}}"
        problem = Problem(value_place, "wrong-type", f"{where}: {kind_of(node)}", "a mapping", hint)
        return _Linked(node, key, None, [problem])
    try:
        path = parse_path(key)
    except InvalidPathError as error:
        problem = Problem(key_place, "bad-function-name", str(error), "a path such as messages:list")
        return _Linked(node, key, None, [problem])
    form = validate(FunctionForm, node, ("functions", key))
    if isinstance(form, list):
        return _Linked(node, key, None, form)
    return _Linked(node, key, *link_function(path, form, node, key_place))


def _without_functions(tree: Mapping) -> Mapping:
    """Return the tree as it is for checking, functions being checked one by one."""
    if not isinstance(tree.get("functions"), Mapping):
        return tree
    rest = Mapping(tree.source, tree.at)
    rest.update(tree)
    rest.marks, rest.sources = tree.marks, tree.sources
    rest["functions"] = Mapping(tree.source, tree.at)
    return rest


def _values(node: object, reader: ValueReader) -> dict[str, Value]:
    entries = node.entries() if isinstance(node, Mapping) else ()
    return {each.key: reader.value(each.value, each.value_place) for each in entries}


def _identities(
    forms: AnyMapping[str, IdentityForm] | None, tree: Mapping, reader: ValueReader
) -> tuple[KnownIdentity, ...] | None:
    nodes = tree.get("identities")
    if forms is None or not isinstance(nodes, Mapping):
        return None
    owners: dict[str, str] = {}
    identities = []
    for name, form in forms.items():
        node = nodes[name]
        assert isinstance(node, Mapping)
        if form.token in owners:
            message = f"{name} has the same token as {owners[form.token]}"
            reader.note(node.value_place("token"), "duplicate-token", message, hint="give each identity its own")
        owners[form.token] = name
        attributes = _attributes(name, _values(node.get("claims"), reader))
        identities.append(KnownIdentity(name, form.token, attributes, nodes.key_place(name)))
    return tuple(identities)


def _attributes(name: str, claims: dict[str, Value]) -> dict[str, Value]:
    """Complete claims to the attributes that every Convex identity has (contract convex §3.3)."""
    attributes = {_CLAIM_NAMES.get(key, key): value for key, value in claims.items()}
    attributes.setdefault("subject", name)
    attributes.setdefault("issuer", DEFAULT_ISSUER)
    issuer, subject = attributes["issuer"], attributes["subject"]
    attributes.setdefault("tokenIdentifier", f"{issuer!s}|{subject!s}")
    return attributes


def _check_identity_names(
    functions: Iterable[Function], identities: tuple[KnownIdentity, ...] | None, reader: ValueReader
) -> None:
    known = [each.name for each in identities or ()]
    for function in functions:
        for rule in function.script.rules:
            name = rule.when.identity_name if rule.when else None
            if name is not None and name not in known:
                message = f"there is no identity {name!r}"
                expected = f"one of: {', '.join(known)}" if known else "a name from identities:"
                reader.note(rule.place, "unknown-identity", message, expected, did_you_mean(name, known))


def _deployment(form: DeploymentForm, tree: Mapping, seed: int, reader: ValueReader) -> Deployment:
    name = form.name or DEFAULT_NAME
    keys = form.admin_keys
    if keys is None:
        secret = hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=16, person=b"admin key").hexdigest()
        keys = [f"{name}|{secret}"]
    for index, key in enumerate(keys):
        if not all(key.partition("|")):
            place = place_at(tree, ("deployment", "admin_keys", index))
            expected = "a name, a bar and a secret"
            reader.note(
                place, "bad-admin-key", "the admin key has not the form name|secret", expected, f"write {name}|…"
            )
    return Deployment(name, form.type == "prod", tuple(keys))
