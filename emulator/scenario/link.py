"""A whole scenario of the written form to one of the model; names that one part uses of another are checked here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from typing import NamedTuple

from emulator.model.function import Function
from emulator.model.place import Place
from emulator.model.scenario import Deployment, KnownIdentity, Scenario
from emulator.scenario.link_functions import Linked, check_values, link_function
from emulator.scenario.link_values import ValueReader
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.tree import Entry, Mapping, kind_of
from emulator.scenario.validate import validate
from emulator.scenario.written import DeploymentForm, FunctionForm, IdentityForm, ScenarioForm
from emulator.values.convex import Value
from emulator.values.paths import FunctionPath, InvalidPathError, parse_path

DEFAULT_NAME = "local-emulator"
DEFAULT_ISSUER = "https://convex.test"

_CLAIM_NAMES = {"sub": "subject", "iss": "issuer"}


class _Known(NamedTuple):
    """What became of one function's node; good for as long as the node and its key stay the same."""

    node: object
    key: str
    path: FunctionPath | None
    linked: Linked


class Linker:
    """Links trees to scenarios; a function whose node it saw the last time is not linked again."""

    def __init__(self) -> None:
        """Begin without memory."""
        self._before: dict[int, _Known] = {}
        self._now: dict[int, _Known] = {}

    def forget_unused(self) -> None:
        """Keep only what was linked since this was last called."""
        self._before, self._now = self._now, {}

    def link(self, name: str, tree: Mapping, seed: int | None) -> tuple[Scenario | None, list[Problem]]:
        """Return the scenario, None when anything is wrong with it; `seed` overrides the file's."""
        functions, problems, names = self._functions(tree)
        reader = ValueReader()
        constants = _values(tree.get("vars"), reader)
        form = validate(ScenarioForm, _without_functions(tree))
        if isinstance(form, list):
            return None, [*problems, *reader.problems, *form]
        identities = _identities(form.identities, tree, reader)
        _check_identity_names(names, identities, reader)
        seed = form.seed if seed is None else seed
        deployment = _deployment(form.deployment, seed)
        problems += reader.problems
        if problems:
            return None, problems
        file = tree.source.file
        return Scenario(name, file, form.description, seed, deployment, identities, constants, functions), []

    def _functions(self, tree: Mapping) -> tuple[dict[str, Function], list[Problem], list[tuple[str, Place]]]:
        nodes = tree.get("functions")
        functions: dict[str, Function] = {}
        problems: list[Problem] = []
        names: list[tuple[str, Place]] = []
        first: dict[FunctionPath, Place] = {}
        for entry in nodes.entries() if isinstance(nodes, Mapping) else ():
            _, _, path, linked = self._function(entry)
            problems += linked.problems
            names += linked.identities
            if path is not None and first.setdefault(path, entry.key_place) is not entry.key_place:
                message = f"{entry.key} is the same function as {first[path]}"
                problems.append(Problem(entry.key_place, "duplicate-function", message, hint="remove one of the two"))
            if linked.function is not None:
                functions[linked.function.path.public] = linked.function
        return functions, problems, names

    def _function(self, entry: Entry) -> _Known:
        node = entry.value
        known = self._before.get(id(node)) or self._now.get(id(node))
        if known is None or known.key != entry.key or known.node is not node:
            path, linked = _link_function(entry)
            known = _Known(node, entry.key, path, linked)
        if isinstance(node, Mapping):
            self._now[id(node)] = known
        return known


def _link_function(entry: Entry) -> tuple[FunctionPath | None, Linked]:
    key, node, key_place, value_place = entry
    problems: list[Problem] = []
    path = None
    try:
        path = parse_path(key)
    except InvalidPathError as error:
        problems.append(Problem(key_place, "bad-function-name", str(error), "a path such as messages:list"))
    if not isinstance(node, Mapping):
        hint = "write result: … below it" if node is None else f"write {key}: {{result: …}}"
        problem = Problem(value_place, "wrong-type", f"functions › {key}: {kind_of(node)}", "a mapping", hint)
        return path, Linked(None, [*problems, problem], [])
    form = validate(FunctionForm, node, ("functions", key))
    if isinstance(form, list):
        return path, Linked(None, [*problems, *form, *check_values(node)], [])
    linked = link_function(path or FunctionPath(key, ""), form, node, key_place)
    return path, linked if path else Linked(None, [*problems, *linked.problems], linked.identities)


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
        claims = node.get("claims")
        for short, long in _CLAIM_NAMES.items():
            if isinstance(claims, Mapping) and short in claims and long in claims:
                message = f"{short} and {long} are the same claim"
                reader.note(claims.key_place(short), "outcome-conflict", message, hint="keep one of them")
        attributes = _attributes(name, _values(claims, reader))
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
    names: Iterable[tuple[str, Place]], identities: tuple[KnownIdentity, ...] | None, reader: ValueReader
) -> None:
    known = [each.name for each in identities or ()]
    for name, place in names:
        if name not in known:
            expected = f"one of: {', '.join(known)}" if known else "a name from identities:"
            reader.note(
                place, "unknown-identity", f"there is no identity {name!r}", expected, did_you_mean(name, known)
            )


def _deployment(form: DeploymentForm, seed: int) -> Deployment:
    name = form.name or DEFAULT_NAME
    keys = form.admin_keys
    if keys is None:
        secret = hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=16, person=b"admin key").hexdigest()
        keys = [f"{name}|{secret}"]
    return Deployment(name, form.type == "prod", tuple(keys))
