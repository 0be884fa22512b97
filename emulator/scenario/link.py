"""A whole scenario of the written form to one of the model; names that one part uses of another are checked here."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator
from collections.abc import Mapping as AnyMapping
from typing import NamedTuple

from emulator.expressions.functions.fakes import PREFIX
from emulator.expressions.locales import KNOWN_LOCALES
from emulator.model.constant import Constant
from emulator.model.function import Function
from emulator.model.gateway import Gateway
from emulator.model.place import Place
from emulator.model.scenario import ClockSettings, Deployment, KnownIdentity, Scenario
from emulator.scenario.link_functions import Linked, check_values, link_function
from emulator.scenario.link_gateway import link_gateway
from emulator.scenario.link_http import link_http
from emulator.scenario.link_overlay import OverlayReader
from emulator.scenario.link_tables import link_tables, link_timeline
from emulator.scenario.link_values import ValueReader
from emulator.scenario.lint import lint
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.tree import SPEC, Entry, Mapping, kind_of, place_at, sources_of
from emulator.scenario.uses import Kind, Use, unknown_names
from emulator.scenario.validate import validate
from emulator.scenario.written import FunctionForm
from emulator.scenario.written_gateway import GatewayForm
from emulator.scenario.written_scenario import ClockForm, DeploymentForm, IdentityForm, ScenarioForm
from emulator.values.convex import Value
from emulator.values.instants import InvalidInstantError, parse_instant
from emulator.values.paths import FunctionPath, InvalidPathError, parse_path
from emulator.values.variables import VariableRefusedError, check_variable

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

    def __init__(self, *, lints: bool = False) -> None:
        """Begin without memory; with `lints` doubtful things are told, too."""
        self._lints = lints
        self._before: dict[int, _Known] = {}
        self._now: dict[int, _Known] = {}

    def forget_unused(self) -> None:
        """Keep only what was linked since this was last called."""
        self._before, self._now = self._now, {}

    def link(self, name: str, tree: Mapping, seed: int | None) -> tuple[Scenario | None, list[Problem]]:
        """Return the scenario, None when anything is wrong with it; `seed` overrides the file's."""
        functions, problems, uses = self._functions(tree)
        sources = sources_of(tree)
        reader = ValueReader(sources)
        constants = _values(tree.get("vars"), reader)
        variables = {key: Constant(value) for key, value in _values(tree.get("state"), reader).items()}
        form = validate(ScenarioForm, _without_functions(tree))
        if isinstance(form, list):
            return None, [*problems, *reader.problems, *form]
        seed = form.seed if seed is None else seed
        overlays = OverlayReader(reader, functions)
        scenario = Scenario(
            name=name,
            file=tree.source.file,
            description=form.description,
            seed=seed,
            deployment=_deployment(form.deployment, seed, tree, reader),
            identities=_identities(form.identities, tree, reader),
            vars=constants,
            functions=functions,
            state=variables,
            tables=link_tables(form.tables, tree.get("tables"), reader),
            timeline=link_timeline(form.timeline, tree.get("timeline"), reader),
            clock=_clock(form.clock, tree, reader),
            locale=form.locale,
            gateway=self._gateway(tree, reader),
            faults=overlays.faults(form.faults, tree.get("faults")),
            limits=overlays.limits(form.limits, tree.get("limits")),
            http=link_http(tree.get("http"), reader),
            may_fake=any(PREFIX in each.text for each in sources.values()),
        )
        _check_locale(form.locale, tree, reader)
        problems += reader.problems
        uses += reader.uses
        names = {**names_of(scenario), Kind.FUNCTION: [each.public for each in _paths(tree)]}
        problems += unknown_names(uses, names)
        if problems:
            return None, problems
        return scenario, list(lint(scenario, tree, uses)) if self._lints else []

    def _gateway(self, tree: Mapping, reader: ValueReader) -> Gateway:
        node = tree.get("gateway")
        if not isinstance(node, Mapping):
            return Gateway()
        form = validate(GatewayForm, node, ("gateway",))
        if isinstance(form, list):
            reader.problems += form
            return Gateway()
        return link_gateway(form, node, reader)

    def _functions(self, tree: Mapping) -> tuple[dict[str, Function], list[Problem], list[Use]]:
        nodes = tree.get("functions")
        functions: dict[str, Function] = {}
        problems: list[Problem] = []
        uses: list[Use] = []
        first: dict[FunctionPath, Place] = {}
        for entry in nodes.entries() if isinstance(nodes, Mapping) else ():
            if entry.key == SPEC:
                continue
            _, _, path, linked = self._function(entry)
            problems += linked.problems
            uses += linked.uses
            if path is not None and first.setdefault(path, entry.key_place) is not entry.key_place:
                message = f"{entry.key} is the same function as {first[path]}"
                problems.append(Problem(entry.key_place, "duplicate-function", message, hint="remove one of the two"))
            if linked.function is not None:
                functions[linked.function.path.public] = linked.function
        return functions, problems, uses

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
    return path, linked if path else Linked(None, [*problems, *linked.problems], linked.uses)


def _without_functions(tree: Mapping) -> Mapping:
    """Return the tree as it is for checking, functions being checked one by one."""
    if not isinstance(tree.get("functions"), Mapping):
        return tree
    rest = Mapping(tree.source, tree.at)
    rest.update(tree)
    rest.marks, rest.sources = tree.marks, tree.sources
    rest["functions"] = Mapping(tree.source, tree.at)
    return rest


def names_of(scenario: Scenario) -> AnyMapping[Kind, Collection[str]]:
    """Return all names that parts may use of one another."""
    return {
        Kind.IDENTITY: [each.name for each in scenario.identities or ()],
        Kind.TABLE: scenario.tables,
        Kind.VARIABLE: scenario.state,
        Kind.CONSTANT: scenario.vars,
        Kind.CHANNEL: scenario.gateway.channels,
        Kind.FAULT: [each.name for each in scenario.faults],
        Kind.FUNCTION: scenario.functions,
    }


def _check_locale(locale: str, tree: Mapping, reader: ValueReader) -> None:
    if locale not in KNOWN_LOCALES:
        hint = did_you_mean(locale, KNOWN_LOCALES)
        reader.note(tree.value_place("locale"), "unknown-locale", f"locale: {locale!r}", "a locale such as ko_KR", hint)


def _paths(tree: Mapping) -> Iterator[FunctionPath]:
    """Yield the paths of all functions, sound or not: what calls one that is not sound names it rightly."""
    nodes = tree.get("functions")
    for key in nodes if isinstance(nodes, Mapping) else ():
        with contextlib.suppress(InvalidPathError):
            yield parse_path(key)


def _clock(form: ClockForm | None, tree: Mapping, reader: ValueReader) -> ClockSettings | None:
    if form is None:
        return None
    if form.start is None:
        return ClockSettings(None, form.rate)
    try:
        start = parse_instant(form.start)
    except InvalidInstantError as error:
        place = place_at(tree, ("clock", "start"))
        reader.note(place, "bad-instant", str(error), "a moment such as 2024-02-08T12:00:00Z")
        return None
    return ClockSettings(start, form.rate)


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
    for name, node, place, _ in nodes.entries():
        form = forms[name]
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
        identities.append(KnownIdentity(name, form.token, attributes, place))
    return tuple(identities)


def _attributes(name: str, claims: dict[str, Value]) -> dict[str, Value]:
    """Complete claims to the attributes that every Convex identity has (contract convex §3.3)."""
    attributes = {_CLAIM_NAMES.get(key, key): value for key, value in claims.items()}
    attributes.setdefault("subject", name)
    attributes.setdefault("issuer", DEFAULT_ISSUER)
    issuer, subject = attributes["issuer"], attributes["subject"]
    attributes.setdefault("tokenIdentifier", f"{issuer!s}|{subject!s}")
    return attributes


def _deployment(form: DeploymentForm, seed: int, tree: Mapping, reader: ValueReader) -> Deployment:
    for variable, value in form.env.items():
        try:
            check_variable(variable, value)
        except VariableRefusedError as error:
            place = place_at(tree, ("deployment", "env", variable), of_key=True)
            reader.note(place, "bad-variable", f"deployment › env: {error}")
    name = form.name or DEFAULT_NAME
    keys = form.admin_keys
    if keys is None:
        secret = hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=16, person=b"admin key").hexdigest()
        keys = [f"{name}|{secret}"]
    return Deployment(name, form.type == "prod", tuple(keys), form.env)
