"""Function specs of real deployments: taken in, written out, and held against scenarios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emulator.cli import main
from emulator.model.function import FunctionType
from emulator.scenario.drift import drift, load_spec
from emulator.scenario.spec_text import scenario_text
from tests.support.scenarios import load_files, load_text, write_files

ID = {"type": "id", "tableName": "users"}
SPEC = {
    "functions": [
        {
            "identifier": "users.js:list",
            "functionType": "Query",
            "args": {"type": "object", "value": {"limit": {"fieldType": {"type": "number"}, "optional": True}}},
            "returns": {"type": "array", "value": ID},
            "visibility": {"kind": "public"},
        },
        {
            "identifier": "jobs/nightly.js:default",
            "functionType": "Action",
            "args": {"type": "any"},
            "returns": {"type": "any"},
            "visibility": {"kind": "internal"},
        },
        {"functionType": "HttpAction", "method": "GET", "path": "/tea"},
    ]
}
PAGED = {
    "identifier": "users.js:page",
    "functionType": "Query",
    "args": {"type": "object", "value": {"paginationOpts": {"fieldType": {"type": "any"}, "optional": False}}},
    "returns": {"type": "any"},
}


def load(folder: Path, functions: str = "", spec: Any = SPEC) -> Any:
    text = f"functions:\n  $spec: spec.json\n{functions}"
    loaded = load_files(folder, {"default.yaml": text, "spec.json": json.dumps(spec)})
    assert not loaded.problems
    scenario = loaded.scenarios["default"]
    assert scenario is not None
    return scenario


def told(folder: Path, functions: str) -> list[str]:
    (folder / "spec.json").write_text(json.dumps(SPEC))
    scenario = load_text(folder, f"tables: {{users: {{}}}}\nfunctions:\n{functions}")
    return [each.message for each in drift(scenario, load_spec(folder / "spec.json"))]


def test_every_function_of_a_spec_is_there_as_the_deployment_has_it(tmp_path: Path) -> None:
    scenario = load(tmp_path)

    kinds = {name: (each.type, each.is_internal) for name, each in scenario.functions.items()}
    assert kinds == {"users:list": (FunctionType.QUERY, False), "jobs/nightly": (FunctionType.ACTION, True)}
    assert list(scenario.tables) == ["users"]


def test_what_a_scenario_says_itself_comes_first(tmp_path: Path) -> None:
    scenario = load(tmp_path, "  users:list: {result: []}\n  jobs/nightly: {visibility: public}\n")

    assert scenario.functions["users:list"].script.rules[0].outcome.value.value == []
    assert scenario.functions["users:list"].args is not None
    assert not scenario.functions["jobs/nightly"].is_internal


def test_a_paginated_query_that_returns_anything_gives_an_empty_last_page(tmp_path: Path) -> None:
    scenario = load(tmp_path, spec={"functions": [PAGED]})

    page = scenario.functions["users:page"].script.rules[0].outcome.value.value
    assert page == {"page": [], "isDone": True, "continueCursor": ""}


def test_the_text_of_a_spec_is_the_scenario_that_the_spec_makes(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    written = load_text(tmp_path / "written", scenario_text(load_spec(tmp_path / "spec.json")))

    taken = load(tmp_path / "taken")
    assert list(written.functions) == list(taken.functions)
    for mine, theirs in zip(written.functions.values(), taken.functions.values(), strict=True):
        assert (mine.type, mine.args, mine.returns) == (theirs.type, theirs.args, theirs.returns)
        assert mine.script.rules[0].outcome == theirs.script.rules[0].outcome


def test_a_scenario_made_of_a_spec_has_not_drifted_from_it(tmp_path: Path) -> None:
    assert list(drift(load(tmp_path), load_spec(tmp_path / "spec.json"))) == []


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        ("  users:list: {type: action, result: []}", "users:list is an action here, and a query in"),
        ("  users:lst: {result: []}", "users:lst is not among the functions of"),
        ("  users:list: {args: {limit: string?}, result: []}", "users:list: args is v.object({limit: v.optional("),
        ("  users:list: {returns: number, result: 1}", "users:list: returns is v.float64() here"),
        ("  users:list: {visibility: internal, result: []}", "users:list is internal here, and public in"),
        ("  users:list: {result: [5]}", "the result of users:list is not what"),
        ("  users:list: {rules: [{when: {call: 1}, result: []}, {result: Ada}]}", "the result of users:list is not"),
    ],
)
def test_each_difference_to_the_deployment_is_told(functions: str, expected: str, tmp_path: Path) -> None:
    assert any(each.startswith(expected) for each in told(tmp_path, functions)), told(tmp_path, functions)


def test_nothing_is_told_of_functions_that_say_the_same_and_of_system_functions(tmp_path: Path) -> None:
    functions = """
  users:list: {type: query, args: {limit: number?}, returns: "id(users)[]", result: []}
  jobs/nightly: {visibility: internal, result: null}
  _system/x:y: {result: 1}
"""
    assert told(tmp_path, functions) == []


def test_a_spec_with_problems_is_written_nowhere(tmp_path: Path) -> None:
    write_files(tmp_path, {"spec.json": '{"functions": [5]}'})
    result = CliRunner().invoke(main, ["import-spec", str(tmp_path / "spec.json"), "-o", str(tmp_path / "new.yaml")])

    assert result.exit_code == 1
    assert "bad-spec" in result.stderr
    assert not (tmp_path / "new.yaml").exists()


def test_a_file_that_is_there_is_written_over_only_by_force(tmp_path: Path) -> None:
    write_files(tmp_path, {"spec.json": json.dumps(SPEC), "new.yaml": "mine"})
    command = ["import-spec", str(tmp_path / "spec.json"), "-o", str(tmp_path / "new.yaml")]

    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert (tmp_path / "new.yaml").read_text() == "mine"

    assert CliRunner().invoke(main, [*command, "--force"]).exit_code == 0
    assert "users:list" in (tmp_path / "new.yaml").read_text()
