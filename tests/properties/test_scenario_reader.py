"""The JSON Schema and the reader agree, and nothing that a file holds is more than a problem."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from emulator.scenario.forms import RangeForm, SkewedForm
from emulator.scenario.load import Loaded, Loader
from emulator.scenario.problem import SLUGS, Problem
from emulator.scenario.report import as_annotations, as_json, as_text
from emulator.scenario.schema import scenario_schema
from emulator.scenario.written import (
    CallForm,
    CallFunctionForm,
    DeleteForm,
    EffectForm,
    ErrorForm,
    FailureForm,
    FunctionForm,
    InsertForm,
    OrderForm,
    PatchForm,
    QueryForm,
    ReplaceForm,
    SwitchForm,
    WhenForm,
)
from emulator.scenario.written_http import ChunksForm, HttpForm, HttpWhenForm
from emulator.scenario.written_scenario import (
    ClockForm,
    DeploymentForm,
    FaultForm,
    LimitForm,
    ScenarioForm,
    TableForm,
    TimelineForm,
)
from tests.support.golden import GOLDEN
from tests.support.scenario_documents import ANY, NEARLY_RIGHT, documents, to_yaml

SCHEMA = Draft202012Validator(scenario_schema())

ABOUT_GATEWAYS = {"bad-id", "bad-schedule", "bad-session-key", "unknown-channel"}
ABOUT_MEANING = {
    "bad-condition",
    "bad-delay",
    "bad-document",
    "bad-expression",
    "bad-function-name",
    "bad-header",
    "bad-instant",
    "bad-regex",
    "bad-route",
    "bad-seed",
    "bad-spec",
    "bad-table-name",
    "bad-validator",
    "bad-value",
    "bad-variable",
    "duplicate-function",
    "duplicate-name",
    "duplicate-token",
    "include-cycle",
    "include-escape",
    "include-missing",
    "no-outcome",
    "outcome-conflict",
    "spec-drift",
    "table-order",
    "taken-name",
    "unknown-fault",
    "unknown-function",
    "unknown-identity",
    "unknown-operation",
    "unknown-operator",
    "unknown-state",
    "unknown-table",
    "unknown-var",
    "unsupported",
    *ABOUT_GATEWAYS,
}
ABOUT_FORM = {
    "bad-admin-key",
    "bad-effect",
    "bad-failure",
    "empty-list",
    "missing-key",
    "unknown-choice",
    "unknown-key",
    "unknown-locale",
    "wrong-type",
}
HIDING = {"bad-function-name", "bad-duration"}
"""What keeps the reader from looking at all the rest of a function."""
MEANING_UNDER_A_SLUG_OF_FORM = re.compile(
    r"missing-key: error has neither message nor data"
    r"|missing-key: (count|document) stands without \w+"
    r"|wrong-type: chunks: no list"
    r"|wrong-type: (a document of .*|document|fields|args): (a text|an Int64|bytes)"
    r"|(wrong-type|unknown-choice): \$\w+: .*",  # operators; conditions have no form in the schema
    re.DOTALL,
)
FORM_UNDER_A_SLUG_OF_MEANING = re.compile(
    r"outcome-conflict: (functions|faults|http) › .*"
    r"|bad-value: ((functions|identities|tables|clock|timeline|faults|limits|http) ›|deployment › name: ).*",
    re.DOTALL,
)


def is_about_meaning(problem: Problem) -> bool:
    """Whether the problem may occur in what the JSON Schema accepts."""
    if problem.slug == "bad-duration":
        return problem.message.endswith(("is longer than 366 days", "lets nothing come back"))
    told = f"{problem.slug}: {problem.message}"
    if problem.slug in ABOUT_MEANING:
        return not FORM_UNDER_A_SLUG_OF_MEANING.fullmatch(told)
    return MEANING_UNDER_A_SLUG_OF_FORM.fullmatch(told) is not None


SIGNS = [
    *("\n", "\n  ", "\n    ", "\n\t", " ", "  ", "\t", "\r\n", "\r", "\ufeff", "\x00", "\x85", "\u2028"),
    *(
        ": ",
        ":",
        "- ",
        "-",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "|",
        ">",
        "|-\n",
        "&a ",
        "*a",
        "&b ",
        "*b ",
        "! ",
        "!!int ",
    ),
    *("'", '"', "\\", "\\u00", "#", " # ", "%YAML 1.2\n", "---\n", "...\n", "~", "@", "`", "$", "${", "$${", "=", "!x"),
    *("functions", "include", "vars", "seed", "a:b", "result", "error", "rules", "delay", "when", "data", "token"),
    *(
        "$int64",
        "$bytes",
        "1",
        "0x",
        "1e999",
        ".nan",
        "-.inf",
        "9" * 30,
        "250",
        "1s",
        "null",
        "true",
        "안녕",
        "🎉",
        "e\u0301",
    ),
]
FILES = sorted(each for each in (GOLDEN / "problems").glob("*.yaml") if each.stat().st_size < 1000)
TEXTS = [each.read_bytes() for each in FILES]


def garbage() -> SearchStrategy[bytes]:
    """Draw what looks like YAML from afar."""
    return st.lists(st.sampled_from(SIGNS), max_size=30).map(lambda signs: "".join(signs).encode())


@st.composite
def damaged(draw: DrawFn) -> bytes:
    """Draw a file with pieces cut out, doubled, moved, or replaced by signs of YAML or by single bytes."""
    data = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = draw(st.sampled_from(SIGNS)).encode() if draw(st.booleans()) else draw(st.binary(max_size=2))
        put = draw(st.sampled_from([b"", piece, piece + data[start:end], data[start:end] * 2]))
        at = draw(st.sampled_from([start, 0]))
        rest = data[:start] + data[end:]
        data = rest[:at] + put + rest[at:]
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for one scenario file, which each example writes anew."""
    return tmp_path_factory.mktemp("scenarios")


def load(folder: Path, data: bytes) -> Loaded:
    path = folder / "default.yaml"
    path.write_bytes(data)
    return Loader([path]).load()


def assert_told(loaded: Loaded, data: bytes) -> None:
    """Check that there is a scenario or a problem, that each lies within the file, and that it can be shown."""
    assert (loaded.scenarios["default"] is None) == loaded.has_errors
    text = data.decode("utf-8", "replace")
    for problem in loaded.problems:
        assert problem.slug in SLUGS
        assert problem.message
        assert 1 <= problem.place.line <= len(text.splitlines()) + 1
        assert 1 <= problem.place.column <= len(text) + 1
    assert bool(as_text(loaded.problems, loaded.sources)) == bool(loaded.problems)
    assert as_json(loaded.problems)
    assert len(as_annotations(loaded.problems).splitlines()) == len(loaded.problems)


def assert_agreement(document: dict[str, Any], folder: Path, *, flow: bool | None = True) -> None:
    """Check that what the schema refuses has a problem of form, and that what it accepts has none."""
    data = to_yaml(document, flow=flow).encode()
    loaded = load(folder, data)
    assert_told(loaded, data)
    form = [each for each in loaded.problems if not is_about_meaning(each)]
    if SCHEMA.is_valid(document):
        assert form == []
    else:
        assert form or [each for each in loaded.problems if each.slug in HIDING]


@settings(max_examples=800)
@given(document=documents(), flow=st.sampled_from([True, False, None]))
def test_the_schema_and_the_reader_agree(document: dict[str, Any], flow: bool | None, folder: Path) -> None:  # noqa: FBT001
    assert_agreement(document, folder, flow=flow)


def at(path: str, **more: Any) -> Callable[[Any], dict[str, Any]]:
    """Return what puts a value where a path leads, `*` being a list of one; `more` stands beside its last key."""
    *keys, last = path.split(" ")

    def put(value: Any) -> dict[str, Any]:
        inner: Any = [value] if last == "*" else {**more, last: value}
        for key in reversed(keys):
            inner = [inner] if key == "*" else {key: inner}
        document: dict[str, Any] = inner
        return document

    return put


def in_function(path: str, **more: Any) -> Callable[[Any], dict[str, Any]]:
    """Return what puts a value into a function, and gives it a result if it has none."""
    put = at(f"functions a:b {path}", **more)

    def with_result(value: Any) -> dict[str, Any]:
        document = put(value)
        document["functions"]["a:b"].setdefault("result", 1)
        return document

    return with_result


def in_route(path: str = "", **more: Any) -> Callable[[Any], dict[str, Any]]:
    """Return what puts a value into an HTTP action."""
    put = at(f"route {path}".strip(), **more)
    return lambda value: {"http": {"GET /a": put(value)["route"]}}


def in_order(key: str) -> Callable[[Any], dict[str, Any]]:
    """Return what puts a value into the order of a query."""
    return lambda value: at("functions a:b query order", table="t")({"by": "a", key: value})


def in_effect(*keys: str, **more: Any) -> Callable[[Any], dict[str, Any]]:
    """Return what puts a value into an effect, below these keys; `more` stands beside the last of them."""

    def put(value: Any) -> dict[str, Any]:
        inner = value
        for depth, key in enumerate(reversed(keys)):
            inner = {**more, key: inner} if depth == 0 else {key: inner}
        return {"tables": {"t": {}}, "state": {"x": 0}, "functions": {"a:b": {"result": 1, "do": [inner]}}}

    return put


def keys_of(form: type[BaseModel]) -> list[str]:
    """Return the keys of a form as they are written."""
    return [field.alias or name for name, field in form.model_fields.items()]


FAULT = {"name": "f", "on": "*", "delay": "1s"}
LIMIT = {"on": "*", "allow": 1, "per": "1s"}
PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    **{key: at(key) for key in keys_of(ScenarioForm) if key != "gateway"},
    **{f"deployment.{key}": at(f"deployment {key}") for key in keys_of(DeploymentForm)},
    "identities.*": at("identities ada"),
    "identities.*.token": at("identities ada token"),
    "identities.*.claims": at("identities ada claims", token="t"),
    "functions.*": at("functions a:b"),
    **{f"function.{key}": in_function(key) for key in keys_of(FunctionForm)},
    "function.rules.*": at("functions a:b rules *"),
    "function.sequence.*": at("functions a:b sequence *"),
    "function.logs.*": in_function("logs *"),
    **{f"when.{key}": in_function(f"when {key}") for key in keys_of(WhenForm)},
    **{f"call.{key}": in_function(f"when call {key}") for key in keys_of(CallForm)},
    **{f"query.{key}": at(f"functions a:b query {key}", table="t") for key in keys_of(QueryForm)},
    **{f"order.{key}": in_order(key) for key in keys_of(OrderForm)},
    "function.do.*": in_effect(),
    **{f"effect.{key}": in_effect(key) for key in keys_of(EffectForm)},
    **{f"effect.{key} beside log": in_effect(key, log="x") for key in keys_of(EffectForm)},
    **{f"effect.{key} beside after": in_effect(key, after="1s") for key in keys_of(EffectForm)},
    **{f"effect.{key} beside do": in_effect(key, do=[{"log": "x"}]) for key in keys_of(EffectForm)},
    **{f"insert.{key}": in_effect("insert", key, into="t", document={}) for key in keys_of(InsertForm)},
    **{f"patch.{key}": in_effect("patch", key, table="t", id="i", fields={}) for key in keys_of(PatchForm)},
    **{f"replace.{key}": in_effect("replace", key, table="t", id="i", document={}) for key in keys_of(ReplaceForm)},
    **{f"delete.{key}": in_effect("delete", key, table="t", id="i") for key in keys_of(DeleteForm)},
    **{f"calling.{key}": in_effect("call", key, function="a:b") for key in keys_of(CallFunctionForm)},
    "http.*": in_route(),
    **{f"http.{key}": in_route(key) for key in keys_of(HttpForm)},
    "http.rules.*": in_route("rules *"),
    "http.sequence.*": in_route("sequence *"),
    **{f"http.when.{key}": in_route(f"when {key}", body="x") for key in keys_of(HttpWhenForm)},
    **{f"http.stream.{key}": in_route(f"stream {key}", body="x") for key in keys_of(ChunksForm)},
    "tables.*": at("tables t"),
    **{f"table.{key}": at(f"tables t {key}") for key in keys_of(TableForm)},
    "table.documents.*": at("tables t documents *"),
    "table.count beside document": at("tables t count", document={}),
    "table.document beside count": at("tables t document", count=2),
    "state.*": at("state mode"),
    **{f"clock.{key}": at(f"clock {key}") for key in keys_of(ClockForm)},
    "timeline.*": at("timeline *"),
    **{f"timeline.{key}": at(f"timeline * {key}", at="1s", do=[{"log": "x"}]) for key in keys_of(TimelineForm)},
    "faults.*": at("faults *"),
    **{f"fault.{key}": at(f"faults * {key}", **FAULT) for key in keys_of(FaultForm)},
    "limits.*": at("limits *"),
    **{f"limit.{key}": at(f"limits * {key}", **LIMIT) for key in keys_of(LimitForm)},
    **{f"switch.{key}": in_effect("fault", key, name="f", enabled=True) for key in keys_of(SwitchForm)},
    **{f"error.{key}": in_function(f"error {key}", message="no") for key in keys_of(ErrorForm)},
    **{f"failure.{key}": in_function(f"failure {key}", status=503) for key in keys_of(FailureForm)},
    **{f"delay.{key}": in_function(f"delay {key}", min="1s", max="1s") for key in keys_of(RangeForm)},
    **{f"skewed.{key}": in_function(f"delay {key}", median="1s", p99="1s") for key in keys_of(SkewedForm)},
}


@pytest.mark.parametrize("place", PLACES)
def test_the_schema_and_the_reader_agree_about_what_is_nearly_right(place: str, folder: Path) -> None:
    names = place.split(".")
    name = (names[-1] if names[-1] != "*" else names[-2]).partition(" ")[0]
    for value in [*ANY, *NEARLY_RIGHT.get(name, [])]:
        assert_agreement(PLACES[place](value), folder)


def test_every_slug_is_about_form_or_about_meaning_or_about_files() -> None:
    files = {each for each in SLUGS if each.startswith(("yaml-", "alias-", "empty-f", "duplicate-"))}
    files |= {"file-too-large", "not-utf8", "too-deep", "unreadable"}
    warnings = {slug for slug, meaning in SLUGS.items() if meaning.endswith("(warning).")}
    assert ABOUT_FORM | ABOUT_MEANING | files | warnings | {"bad-duration"} == SLUGS.keys()


@settings(max_examples=1500)
@given(data=st.binary(max_size=120))
def test_any_bytes_are_a_scenario_or_problems(data: bytes, folder: Path) -> None:
    assert_told(load(folder, data), data)


@settings(max_examples=1500)
@given(text=st.text(max_size=80))
def test_any_text_is_a_scenario_or_problems(text: str, folder: Path) -> None:
    data = text.encode()
    assert_told(load(folder, data), data)


@settings(max_examples=1500)
@given(data=garbage())
@example(data=b"<<: {a: 1}")
@example(data=b'include: ["\\0.yaml"]')
def test_any_run_of_the_signs_of_yaml_is_a_scenario_or_problems(data: bytes, folder: Path) -> None:
    assert_told(load(folder, data), data)


@settings(max_examples=1500)
@given(data=damaged())
def test_any_damage_to_a_file_leaves_a_scenario_or_problems(data: bytes, folder: Path) -> None:
    assert_told(load(folder, data), data)
