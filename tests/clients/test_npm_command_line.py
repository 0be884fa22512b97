"""npm `convex`'s command line, unmodified: looking at a deployment, running functions, and its environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.command_line import KEY, NODE, PACKAGE, CommandLine
from tests.support.process import emulator_process
from tests.support.scenarios import write_files

SCENARIO = f"""
deployment: {{admin_keys: ["{KEY}"], env: {{API_HOST: one.example}}}}
tables:
  users: {{fields: {{name: string, age: int64?}}, documents: [{{name: 민지, age: 17}}, {{name: Ada}}]}}
  messages: {{documents: [{{body: hi}}]}}
functions:
  users:list: {{type: query, args: {{limit: "int64?"}}, returns: any, query: {{table: users}}}}
  users:add:
    args: {{name: string}}
    do: [{{insert: {{into: users, document: {{name: "${{args.name}}"}}}}}}]
    result: null
  users:self: {{result: "${{identity.name}}"}}
  env:host: {{type: query, result: "${{env.API_HOST}}"}}
  teapot: {{error: out of tea, logs: [{{warn: low stock}}]}}
"""


@pytest.fixture(scope="module")
def convex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    folder = tmp_path_factory.mktemp("app")
    write_files(folder, {"cli.yaml": SCENARIO, "package.json": PACKAGE})
    with emulator_process(folder, "cli.yaml") as running:
        yield CommandLine(folder, running)


def test_functions_are_run(convex: CommandLine) -> None:
    listed, added, itself, failed, missing = convex.all(
        ("run", "users:list", "{}"),
        ("run", "users:add", '{"name": "Ben"}'),
        ("run", "users:self", "{}", "--identity", '{"name": "Ann"}'),
        ("run", "teapot"),
        ("run", "users:lst", "{}"),
    )
    assert {"name": "민지", "age": {"$integer": "EQAAAAAAAAA="}}.items() <= listed.json[0].items()
    assert (added.status, added.out) == (0, "")
    assert itself.json == "Ann"
    assert failed.status == 1
    assert "[WARN] 'low stock'" in failed.err
    assert "Uncaught Error: out of tea\n    at handler (cli.yaml:" in failed.err
    assert missing.status == 1
    assert "Could not find function for 'users:lst'." in missing.err
    assert "Available functions:\n• env:host\n• teapot:default\n• users:add" in missing.err


def test_a_function_of_a_component_is_told_to_be_missing(convex: CommandLine) -> None:
    said = convex("run", "users:list", "{}", "--component", "emailer")
    assert (said.status, "No functions found." in said.err) == (1, True)


def test_what_needs_code_is_refused_with_the_reason(convex: CommandLine) -> None:
    (convex.folder / "convex").mkdir()
    (convex.folder / "node_modules").symlink_to(NODE / "node_modules")
    inline, pushed = convex.all(
        ("run", "--inline-query", "1 + 1"), ("deploy", "--typecheck", "disable", "--codegen", "disable")
    )
    assert (inline.status, "no JavaScript runs in this emulated deployment" in inline.err) == (1, True)
    assert (pushed.status, "no code can be pushed to it. Its functions are scripted in cli.yaml." in pushed.err) == (
        1,
        True,
    )


def test_tables_and_their_documents_are_shown(convex: CommandLine) -> None:
    tables, table, lines, nothing = convex.all(
        ("data",),
        ("data", "users", "--limit", "1", "--order", "asc"),
        ("data", "users", "--order", "asc", "--format", "jsonl"),
        ("data", "nothing"),
    )
    assert tables.out == "messages\nusers"
    assert [each.strip() for each in table.out.splitlines()[0].split("|")] == ["_id", "_creationTime", "age", "name"]
    assert table.out.splitlines()[2].split("|")[2:] == [" 17n ", ' "민지"']
    assert "Showing the 1 oldest created document" in table.err
    assert '"age": 17n, "name": "민지" }' in lines.out.splitlines()[0]
    assert nothing.err.endswith("There are no documents in this table.")


def test_the_functions_are_described(convex: CommandLine) -> None:
    printed = convex("function-spec")
    filed = convex("function-spec", "--file")
    described = {each["identifier"]: each for each in printed.json["functions"]}
    limit = {"fieldType": {"type": "bigint"}, "optional": True}
    assert printed.json["url"] == convex.emulator.url
    assert described["users.js:list"]["args"] == {"type": "object", "value": {"limit": limit}}
    assert described["users.js:add"]["functionType"] == "Mutation"
    (written,) = convex.folder.glob("function_spec_*.json")
    assert "Wrote function spec" in filed.out
    assert json.loads(written.read_text(encoding="utf-8")) == printed.json


def test_environment_variables_are_set_read_and_removed(convex: CommandLine, tmp_path: Path) -> None:
    dotenv = tmp_path / "more.env"
    dotenv.write_text("B=2\nC=three words\n", encoding="utf-8")
    assert convex("env", "set", "A", "1").err.endswith("Successfully set A")
    assert "2 new" in convex("env", "set", "--from-file", str(dotenv)).err
    listed, one, none, refused = convex.all(
        ("env", "list", "--include-values"), ("env", "get", "B"), ("env", "get", "X"), ("env", "set", "1X", "y")
    )
    assert {"A=1", "B=2", "C=three words"} <= set(listed.out.splitlines())
    assert one.out == "2"
    assert 'Environment variable "X" not found' in none.err
    assert (refused.status, "EnvironmentVariableNameInvalid" in refused.err) == (1, True)
    assert convex("env", "remove", "A").status == 0
    assert convex("env", "get", "A").out == ""


def test_a_watched_query_follows_the_environment(convex: CommandLine) -> None:
    watching = convex.begin("run", "env:host", "--watch")
    assert watching.stdout is not None
    try:
        assert watching.stdout.readline() == '"one.example"\n'
        convex("env", "set", "API_HOST", "two.example")
        assert watching.stdout.readline() == '"two.example"\n'
    finally:
        watching.kill()
        watching.communicate()


def test_the_network_test_passes(convex: CommandLine) -> None:
    assert "Network test passed." in convex("network-test").err


def test_logs_are_followed_and_looked_back_at(convex: CommandLine) -> None:
    convex("run", "teapot")
    watching = convex.begin("logs", "--history", "1", "--success")
    assert watching.stdout is not None
    try:
        first = [watching.stdout.readline() for _ in range(3)]
        convex("run", "env:host", "{}")
        second = watching.stdout.readline()
    finally:
        watching.kill()
        watching.communicate()
    assert first[0].endswith("[CONVEX Q(teapot)] [WARN] 'low stock'\n")
    assert "[CONVEX Q(teapot)] Uncaught Error: out of tea" in first[1]
    assert first[2].startswith("    at handler (cli.yaml:")
    assert second.endswith("[CONVEX Q(env:host)] Function executed in 0 ms\n")
