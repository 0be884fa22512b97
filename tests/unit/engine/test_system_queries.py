"""The deployment's own queries, by which tools look into it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.call import ANONYMOUS, Admin, Call, Caller, User
from emulator.engine.plan import Rejected, Unscripted
from emulator.engine.state import Origins
from emulator.engine.tables import create_table
from emulator.model.function import FunctionType
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.values.convex import Int64, Value
from tests.support.engine import emulator_of, ending_of, value_of

ADMIN = Admin()
SCENARIO = """
deployment: {env: {API_HOST: x}}
tables:
  users: {fields: {name: string, age: int64?}, documents: [{name: Ada, age: 36}, {name: Ben}, {name: Cem}]}
  notes: {}
functions:
  users:add: {args: {name: string}, do: [{insert: {into: users, document: {name: "${args.name}"}}}], result: null}
  users:list: {args: {kind: "literal(7n) | id(users)", limit: number?}, returns: "string[]", result: []}
  jobs/nightly: {type: action, result: null}
  _system/frontend/own:thing: {result: mine}
  users:secret: {type: action, visibility: internal, result: 1}
  _system/cli/convexUrl:siteUrl: {result: overridden}
http: {GET /tea: {body: oolong}, POST /hooks/*: {status: 204}}
"""


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return emulator_of(tmp_path, SCENARIO)


@pytest.fixture
def ask(emulator: Emulator) -> Callable[..., Any]:
    return lambda name, /, **args: value_of(asked(emulator, name, args))


def asked(emulator: Emulator, name: str, args: dict[str, Value], caller: Caller = ADMIN, **more: Any) -> Entry:
    return emulator.handle(Call(f"_system/{name}", more.pop("type", FunctionType.QUERY), args, caller, **more))


def page_of(**more: Value) -> Value:
    return {"numItems": 10.0, "cursor": None, **more}


def test_tables_are_those_of_the_scenario_and_those_made_since(emulator: Emulator, ask: Callable[..., Any]) -> None:
    emulator.transact(lambda transaction: create_table(transaction, "extra"))
    page = ask("cli/tables", paginationOpts=page_of())
    assert (page["page"], page["isDone"]) == ([{"name": "users"}, {"name": "notes"}, {"name": "extra"}], True)


def test_the_documents_of_a_table_come_in_pages(ask: Callable[..., Any]) -> None:
    first = ask("cli/tableData", table="users", order="desc", paginationOpts=page_of(numItems=2.0))
    cursor = first["continueCursor"]
    rest = ask("cli/tableData", table="users", order="desc", paginationOpts=page_of(cursor=cursor))
    assert [each["name"] for each in first["page"]] == ["Cem", "Ben"]
    assert [each["name"] for each in rest["page"]] == ["Ada"]
    assert (first["isDone"], rest["isDone"]) == (False, True)


@pytest.mark.parametrize("table", ["nothing", "$environment", "$state", "_tables"])
def test_what_is_no_table_has_no_documents(table: str, ask: Callable[..., Any]) -> None:
    page = ask("cli/tableData", table=table, order="asc", paginationOpts=page_of())
    assert (page["page"], page["isDone"]) == ([], True)


def test_the_size_of_a_table_is_told(ask: Callable[..., Any]) -> None:
    assert (ask("cli/tableSize", tableName="users"), ask("cli/tableSize", tableName="$state")) == (3.0, 0.0)


def test_functions_are_described_with_their_validators(ask: Callable[..., Any]) -> None:
    *functions, tea, hooks = ask("cli/modules:apiSpec")
    assert [(each["identifier"], each["functionType"], each["visibility"]["kind"]) for each in functions] == [
        ("jobs/nightly.js:default", "Action", "public"),
        ("users.js:add", "Mutation", "public"),
        ("users.js:list", "Query", "public"),
        ("users.js:secret", "Action", "internal"),
    ]
    assert tea == {"functionType": "HttpAction", "method": "GET", "path": "/tea"}
    assert (hooks["method"], hooks["path"]) == ("POST", "/hooks/*")
    described = ask("cli/modules:apiSpec")[2]
    kind = {"type": "union", "value": [{"type": "literal", "value": Int64(7)}, {"type": "id", "tableName": "users"}]}
    assert described == {
        "args": {
            "type": "object",
            "value": {
                "kind": {"fieldType": kind, "optional": False},
                "limit": {"fieldType": {"type": "number"}, "optional": True},
            },
        },
        "functionType": "Query",
        "identifier": "users.js:list",
        "returns": {"type": "array", "value": {"type": "string"}},
        "visibility": {"kind": "public"},
    }


def test_a_function_without_validators_takes_and_returns_anything(ask: Callable[..., Any]) -> None:
    described = ask("cli/modules:apiSpec")[0]
    assert (described["args"], described["returns"]) == ({"type": "any"}, {"type": "any"})


def test_the_deployment_tells_where_it_is(emulator: Emulator, ask: Callable[..., Any]) -> None:
    emulator.settle_at(Origins("http://here:1", "http://here:2"))
    assert ask("cli/convexUrl:cloudUrl") == "http://here:1"


def test_environment_variables_are_told_one_by_one_and_all_together(ask: Callable[..., Any]) -> None:
    assert ask("cli/queryEnvironmentVariables") == [{"name": "API_HOST", "value": "x"}]
    assert ask("cli/queryEnvironmentVariables:get", name="API_HOST") == {"name": "API_HOST", "value": "x"}
    assert ask("cli/queryEnvironmentVariables:get", name="NOPE") is None


def test_schemas_have_the_fields_of_all_tables(ask: Callable[..., Any]) -> None:
    schema = json.loads(ask("frontend/getSchemas")["active"])
    assert [(each["tableName"], each["documentType"]["type"]) for each in schema["tables"]] == [
        ("users", "object"),
        ("notes", "any"),
    ]


def test_a_scenario_answers_in_the_place_of_the_deployment(ask: Callable[..., Any]) -> None:
    assert (ask("cli/convexUrl:siteUrl"), ask("frontend/own:thing")) == ("overridden", "mine")


@pytest.mark.parametrize("caller", [ANONYMOUS, User({"subject": "ada"})])
def test_system_queries_do_not_exist_for_others(caller: Caller, emulator: Emulator) -> None:
    assert isinstance(ending_of(asked(emulator, "cli/modules:apiSpec", {}, caller)), Unscripted)


def test_a_component_has_nothing_in_it(emulator: Emulator) -> None:
    assert value_of(asked(emulator, "cli/modules:apiSpec", {}, component="emailer")) == []
    page: Any = value_of(asked(emulator, "cli/tables", {"paginationOpts": page_of()}, component="emailer"))
    assert page["page"] == []


def test_a_system_query_is_no_mutation(emulator: Emulator) -> None:
    ending = ending_of(asked(emulator, "cli/tables", {}, type=FunctionType.MUTATION))
    assert ending == Rejected(
        "Trying to execute _system/cli/tables.js:default as Mutation, but it is defined as Query."
    )


def test_wrong_arguments_are_refused_as_those_of_any_function(emulator: Emulator) -> None:
    ending = ending_of(asked(emulator, "cli/queryEnvironmentVariables:get", {}))
    assert isinstance(ending, Rejected)
    assert ending.message.startswith("ArgumentValidationError: Object is missing the required field `name`.")


def test_a_bad_cursor_is_refused(emulator: Emulator) -> None:
    args: dict[str, Value] = {"table": "users", "order": "asc", "paginationOpts": page_of(cursor="zz")}
    ending = ending_of(asked(emulator, "cli/tableData", args))
    assert isinstance(ending, Rejected)
    assert ending.message.startswith("InvalidCursor")


def test_a_system_query_that_is_not_there_is_missing_like_any_function(emulator: Emulator) -> None:
    assert isinstance(ending_of(asked(emulator, "cli/nothing", {})), Unscripted)
