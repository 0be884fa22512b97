"""The JSON Schema and the reader agree, and nothing that a file holds is more than a problem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from jsonschema import Draft202012Validator

from emulator.scenario.forms import RangeForm, SkewedForm
from emulator.scenario.load import Loaded, Loader
from emulator.scenario.problem import SLUGS, Problem
from emulator.scenario.report import as_annotations, as_json, as_text
from emulator.scenario.schema import scenario_schema
from emulator.scenario.written import (
    DeploymentForm,
    ErrorForm,
    FailureForm,
    FunctionForm,
    ScenarioForm,
    WhenForm,
)
from tests.support.golden import GOLDEN
from tests.support.scenario_documents import ANY, NEARLY_RIGHT, documents, to_yaml

SCHEMA = Draft202012Validator(scenario_schema())

ABOUT_MEANING = {
    "bad-delay",
    "bad-expression",
    "bad-function-name",
    "bad-regex",
    "bad-value",
    "duplicate-function",
    "duplicate-token",
    "include-cycle",
    "include-escape",
    "include-missing",
    "no-outcome",
    "outcome-conflict",
    "unknown-identity",
    "unknown-operator",
    "unsupported",
}
ABOUT_FORM = {
    "bad-admin-key",
    "bad-failure",
    "empty-list",
    "missing-key",
    "unknown-choice",
    "unknown-key",
    "wrong-type",
}
MEANING_UNDER_A_SLUG_OF_FORM = {
    ("missing-key", "error has neither message nor data"),
}


def is_about_meaning(problem: Problem) -> bool:
    """Whether the problem may occur in what the JSON Schema accepts."""
    if problem.slug == "bad-duration":
        return problem.message.endswith("is longer than 366 days")
    if problem.slug == "bad-value":
        return not problem.message.startswith(("deployment › name: ", "identities › "))
    return problem.slug in ABOUT_MEANING or (problem.slug, problem.message) in MEANING_UNDER_A_SLUG_OF_FORM


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
        assert form or [each for each in loaded.problems if each.slug == "bad-function-name"]


@settings(max_examples=800)
@given(document=documents(), flow=st.sampled_from([True, False, None]))
def test_the_schema_and_the_reader_agree(document: dict[str, Any], flow: bool | None, folder: Path) -> None:  # noqa: FBT001
    assert_agreement(document, folder, flow=flow)


def in_function(key: str, **more: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {"functions": {"a:b": {**more, key: value}}}


def below(key: str, inner: str, **more: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {"functions": {"a:b": {"result": 1, key: {**more, inner: value}}}}


PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    **{key: lambda value, key=key: {key: value} for key in ScenarioForm.model_fields},  # type: ignore[misc]
    **{f"deployment.{key}": lambda value, key=key: {"deployment": {key: value}} for key in DeploymentForm.model_fields},  # type: ignore[misc]
    "identities.*": lambda value: {"identities": {"ada": value}},
    "identities.*.token": lambda value: {"identities": {"ada": {"token": value}}},
    "identities.*.claims": lambda value: {"identities": {"ada": {"token": "t", "claims": value}}},
    "functions.*": lambda value: {"functions": {"a:b": value}},
    **{f"function.{key}": in_function(key, result=1) for key in FunctionForm.model_fields},
    "function.rules.*": lambda value: {"functions": {"a:b": {"rules": [value]}}},
    "function.sequence.*": lambda value: {"functions": {"a:b": {"sequence": [value]}}},
    "function.logs.*": lambda value: {"functions": {"a:b": {"result": 1, "logs": [value]}}},
    **{f"when.{key}": below("when", key) for key in WhenForm.model_fields},
    **{f"error.{key}": below("error", key, message="no") for key in ErrorForm.model_fields},
    **{f"failure.{key}": below("failure", key, status=503) for key in FailureForm.model_fields},
    **{f"delay.{key}": below("delay", key, min="1s", max="1s") for key in RangeForm.model_fields},
    **{f"skewed.{key}": below("delay", key, median="1s", p99="1s") for key in SkewedForm.model_fields},
}


@pytest.mark.parametrize("place", PLACES)
def test_the_schema_and_the_reader_agree_about_what_is_nearly_right(place: str, folder: Path) -> None:
    names = place.split(".")
    for value in [*ANY, *NEARLY_RIGHT.get(names[-1] if names[-1] != "*" else names[-2], [])]:
        assert_agreement(PLACES[place](value), folder)


def test_every_slug_is_about_form_or_about_meaning_or_about_files() -> None:
    files = {each for each in SLUGS if each.startswith(("yaml-", "alias-", "empty-f", "duplicate-"))}
    files |= {"file-too-large", "not-utf8", "too-deep", "unreadable"}
    assert ABOUT_FORM | ABOUT_MEANING | files | {"bad-duration"} == SLUGS.keys()


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
