"""HTTP actions: routes, what a request must have, and what it is answered with."""

from __future__ import annotations

import re

from emulator.model.computed import HTTP_NAMES, Computed
from emulator.model.constant import Constant
from emulator.model.function import Function
from emulator.model.http import METHODS, operation_of, written_route
from emulator.model.place import Place
from emulator.model.rule import Condition, Outcome, Pace, Respond, Unit
from emulator.scenario.link_conditions import ConditionReader
from emulator.scenario.link_errors import link_error
from emulator.scenario.link_rules import AnswerForm, ScriptLinker, death_of, failure_of, link_variants
from emulator.scenario.link_values import ValueReader
from emulator.scenario.problem import did_you_mean
from emulator.scenario.tree import Mapping, kind_of, shown
from emulator.scenario.validate import validate
from emulator.scenario.written_http import ChunksForm, HttpForm, HttpOutcomeForm, HttpRuleForm, HttpVariantForm
from emulator.values.paths import FunctionPath

_ROUTE = re.compile(r"(\S+) (/\S*)")
_ROUTES = "a method and a path, such as POST /webhooks/stripe, or GET /files/* for everything below"
_ANSWER = ("status", "headers", "body", "stream")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FRAMING = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
_LOWEST_STATUS, _HIGHEST_STATUS = 200, 599
_WITHOUT_BODY = (204, 205, 304)
_RESERVED = "/.files/"


def link_http(nodes: object, values: ValueReader) -> dict[str, Function] | None:
    """Link the section, None where there is none; what is wrong goes to the reader of values."""
    if nodes is None:
        return None
    functions = {}
    for key, node, key_place, value_place in nodes.entries() if isinstance(nodes, Mapping) else ():
        operation = read_route(key, key_place, values)
        if not isinstance(node, Mapping):
            hint = "write body: … below it" if node is None else f"write {key}: {{body: …}}"
            values.note(value_place, "wrong-type", f"http › {key}: {kind_of(node)}", "a mapping", hint)
            continue
        function = link_action(operation or key, node, key_place, values)
        if function is not None and operation is not None:
            functions[operation] = function
    return functions


def link_action(operation: str, node: Mapping, place: Place, values: ValueReader) -> Function | None:
    """Link one route; None where it has problems, which go to the reader of values."""
    form = validate(HttpForm, node, ("http", written_route(operation)))
    if isinstance(form, list):
        values.problems += form
        return None
    names, values.names = values.names, HTTP_NAMES
    script = ScriptLinker(node, form, place, values, _HttpActions(node, form, values)).script()
    variants = link_variants(form.variants, node, values, _HttpActions)
    values.names = names
    return None if script is None else Function(FunctionPath(operation, "default"), script, place, variants=variants)


def read_route(key: str, place: Place, values: ValueReader) -> str | None:
    """Return what a route is called; where it is none, note why."""
    found = _ROUTE.fullmatch(key)
    if found is None:
        word = key.strip("/ ").rpartition(" ")[2].lstrip("/")
        fault: tuple[str, str] | None = "a route is a method, a space, and a path with a slash", f"write POST /{word}"
    else:
        fault = _fault(*found.groups())
    if found is not None and fault is None:
        return operation_of(*found.groups())
    assert fault is not None
    values.note(place, "bad-route", f"{key!r}: {fault[0]}", _ROUTES, fault[1])
    return None


def _fault(method: str, path: str) -> tuple[str, str] | None:
    """Say what is wrong with a route, and what to do; None where nothing is."""
    head, star, tail = path.partition("*")
    if method == "HEAD":
        return "HEAD runs what is there for GET", f"write GET {path}"
    if method not in METHODS:
        return f"{method} is no method", did_you_mean(method.upper(), METHODS) or f"take one of {', '.join(METHODS)}"
    if star and (tail or not head.endswith("/")):
        return "* can only stand at the end, behind a slash", f"write {method} {head.rstrip('/')}/*"
    if "?" in path or "#" in path:
        return "a path has no query", "ask for it with when: {query: …}"
    if path.startswith(_RESERVED):
        return f"{_RESERVED} is the deployment's own", "take another path"
    return None


class _HttpActions:
    """What scripts of HTTP actions have of their own: requests are asked, and answered."""

    def __init__(self, tree: Mapping, form: HttpVariantForm, values: ValueReader) -> None:
        self._tree = tree
        self._form = form
        self._values = values
        self._conditions = ConditionReader(values)

    def condition(self, form: AnswerForm, tree: Mapping) -> Condition | None:
        """Return what a rule asks."""
        if not isinstance(form, HttpRuleForm):
            return None
        return self._conditions.http_condition(form.when, tree.get("when"))

    def outcome(self, form: AnswerForm, tree: Mapping, place: Place) -> Outcome | None:
        """Return what a rule answers with; what it leaves out is taken from the route it belongs to."""
        assert isinstance(form, HttpOutcomeForm)
        if not _answers(form) and _answers(self._form):
            form, tree = self._form, self._tree
        given = [key for key in ("error", "failure") if _is_given(form, key)]
        answered = [key for key in _ANSWER if key in form.model_fields_set]
        if len(given) > 1 or (given and answered):
            several = [*answered, *given]
            message = f"{' and '.join(several)} exclude each other"
            hint = "keep the answer, or the error, or the failure"
            self._values.note(max(map(tree.key_place, several)), "outcome-conflict", message, hint=hint)
            return None
        if given == ["failure"]:
            return failure_of(form.failure)
        if given == ["error"]:
            return link_error(form.error, tree, self._values)
        if not answered and form.do is None and self._form.do is None and death_of(form.failure) is None:
            hint = "write body: with what is answered, or status: 200 for an answer without a body"
            expected = "status, headers, body, stream, error or failure"
            self._values.note(place, "no-outcome", "nothing says what this answers", expected, hint)
            return None
        return self._respond(form, tree)

    def _respond(self, form: HttpOutcomeForm, tree: Mapping) -> Respond:
        body = self._written(tree, "body", Constant(None))
        status = self._status(tree)
        pace, chunks = None, None
        if form.stream is not None:
            stream = tree["stream"]
            assert isinstance(stream, Mapping)
            pace, chunks = self._pace(form.stream, tree, stream)
        if status in [Constant(float(each)) for each in _WITHOUT_BODY] and ("body" in tree or pace is not None):
            message = f"an answer with status {tree['status']} has no body"
            key = "body" if "body" in tree else "stream"
            self._values.note(tree.key_place(key), "outcome-conflict", message, hint="remove it, or take status: 200")
        return Respond(status, self._headers(tree), body, chunks, pace)

    def _status(self, tree: Mapping) -> Constant | Computed:
        status = self._written(tree, "status", Constant(200.0))
        if isinstance(status, Computed):
            return status
        value = status.value
        if not isinstance(value, float) or value % 1 or not _LOWEST_STATUS <= value <= _HIGHEST_STATUS:
            place, expected = tree.value_place("status"), "a whole number from 200 to 599"
            self._values.note(place, "bad-value", f"status: {shown(tree['status'])}", expected)
        return status

    def _headers(self, tree: Mapping) -> tuple[tuple[str, Constant | Computed], ...]:
        node = tree.get("headers")
        headers = []
        for name, written, key_place, place in node.entries() if isinstance(node, Mapping) else ():
            if not _HEADER_NAME.fullmatch(name):
                self._values.note(key_place, "bad-header", f"{name!r} is no name of a header", "a name such as x-count")
            elif name.lower() in _FRAMING:
                hint = "remove it"
                self._values.note(key_place, "bad-header", f"{name} is what the server says by itself", hint=hint)
            value = self._values.written(written, place)
            if isinstance(value, Constant) and not _is_header(value.value):
                self._values.note(place, "bad-header", f"{name}: {shown(written)}", "a text on one line, or a number")
            headers.append((name, value))
        return tuple(headers)

    def _pace(self, form: ChunksForm, tree: Mapping, node: Mapping) -> tuple[Pace, Constant | Computed | None]:
        if form.every is not None and form.rate is not None:
            message = "every and rate exclude each other"
            self._values.note(tree.value_place("stream"), "outcome-conflict", message, hint="keep one of them")
        chunks = None
        if node.get("chunks") is not None:
            chunks = self._written(node, "chunks", Constant(None))
            if isinstance(chunks, Constant) and not isinstance(chunks.value, list):
                self._values.note(node.value_place("chunks"), "wrong-type", "chunks: no list", "a list of pieces")
            if "body" in tree:
                message = "body and chunks exclude each other"
                self._values.note(node.key_place("chunks"), "outcome-conflict", message, hint="keep one of them")
        elif "body" not in tree:
            hint = "write chunks: with the pieces, or body: with what to split"
            self._values.note(tree.value_place("stream"), "no-outcome", "there is nothing to stream", hint=hint)
        return Pace(Unit(form.by), form.first, form.every, form.rate), chunks

    def _written(self, tree: Mapping, key: str, default: Constant) -> Constant | Computed:
        return self._values.written(tree[key], tree.value_place(key)) if tree.get(key) is not None else default


def _answers(form: HttpOutcomeForm) -> bool:
    return (
        any(key in form.model_fields_set for key in _ANSWER) or _is_given(form, "error") or _is_given(form, "failure")
    )


def _is_given(form: HttpOutcomeForm, key: str) -> bool:
    """Whether a form says how a request fails; a connection that dies over an answer is no failure."""
    return failure_of(form.failure) is not None if key == "failure" else form.error is not None


def _is_header(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, str) and value.isprintable())
