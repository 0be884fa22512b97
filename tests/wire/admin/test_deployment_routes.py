from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo import ADMIN
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving
from tests.support.syncing import connected, syncing

PAUSED = "Cannot run functions while this deployment is paused. Resume the deployment in the dashboard settings to"
KEY = {"adminKey": "demo-otter|s3cret"}


async def get(served: Served, path: str) -> Any:
    async with served.client.get(path, headers=ADMIN) as answer:
        assert answer.status == 200
        return await answer.json()


async def post(served: Served, path: str, body: object = None) -> tuple[int, Any]:
    async with served.client.post(path, headers=ADMIN, json=body) as answer:
        return answer.status, (await answer.json() if await answer.read() else None)


async def test_the_shapes_of_tables_are_told(tmp_path: Path) -> None:
    text = """
    deployment: {admin_keys: ["demo-otter|s3cret"]}
    tables: {notes: {documents: [{a: 1}, {a: "x", b: .inf}]}, empty: {}}
    functions: {}
    """
    async with serving(load_text(tmp_path, text)) as served:
        shapes = await get(served, "/api/shapes2")
        assert await get(served, "/api/shapes2?component=emailer") == {}
    fields = {each["fieldName"]: each for each in shapes["notes"]["fields"]}
    assert list(fields) == ["_creationTime", "_id", "a", "b"]
    assert fields["a"]["shape"]["type"] == "Union"
    assert fields["_id"]["shape"] == {"type": "Id", "tableName": "notes"}
    assert (fields["b"]["optional"], fields["b"]["shape"]["float64Range"]) == (True, {"hasSpecialValues": True})
    assert shapes["empty"] == {"type": "Never"}


async def test_there_are_no_indexes_and_no_log_streams(served: Served) -> None:
    assert await get(served, "/api/get_indexes") == {"indexes": []}
    assert await get(served, "/api/v1/list_log_streams") == []


async def test_no_function_runs_while_the_deployment_is_paused(served: Served) -> None:
    query = {"path": "jobs:status", "args": {}}
    assert await post(served, "/api/v1/pause_deployment") == (200, None)
    status, told = await post(served, "/api/mutation", query)
    assert (status, told["status"]) == (200, "error")
    assert re.match(rf"\[Request ID: \w+\] Server Error\n{PAUSED}", told["errorMessage"])
    assert (await post(served, "/api/query", {"path": "_system/cli/convexUrl:cloudUrl", "args": {}}))[1]["value"]
    assert await post(served, "/api/v1/unpause_deployment") == (200, None)
    assert (await post(served, "/api/mutation", query))[1]["value"] == "queued"


async def test_only_a_paused_deployment_is_resumed(served: Served) -> None:
    status, told = await post(served, "/api/v1/unpause_deployment")
    assert (status, told["code"]) == (400, "UnpauseDeploymentFailed")


async def test_a_reset_resumes(served: Served) -> None:
    await post(served, "/api/v1/pause_deployment")
    served.emulator.reset()
    assert (await post(served, "/api/query", {"path": "messages:list", "args": {}}))[1]["status"] == "success"


async def test_those_who_watch_queries_hear_of_a_pause(tmp_path: Path) -> None:
    text = 'functions: {"m:list": {type: query, result: 1}}'
    async with syncing(load_text(tmp_path, text)) as server, connected(server) as client:
        assert await client.watch("m:list") == [1.0]
        server.emulator.pause(on=True)
        (told,) = await client.told()
        assert PAUSED in told
        server.emulator.pause(on=False)
        assert await client.told() == [1.0]
        server.emulator.pause(on=True)
        await client.told()
        server.emulator.reset()
        assert await client.told() == [1.0]


async def test_a_scenario_has_no_code(served: Served) -> None:
    config = {"functions": "convex/", "authInfo": []}
    assert await post(served, "/api/get_config", KEY) == (
        200,
        {"config": config, "modules": [], "udfServerVersion": "1.48.0"},
    )


async def test_modules_have_hashes_that_change_with_what_functions_are(tmp_path: Path) -> None:
    async def hashes(text: str) -> list[Any]:
        text = f'deployment: {{admin_keys: ["demo-otter|s3cret"]}}\nfunctions: {text}'
        async with serving(load_text(tmp_path, text)) as served:
            return list((await post(served, "/api/get_config_hashes", KEY))[1]["moduleHashes"])

    first = await hashes('{"a:one": {result: 1}, "b/c:two": {result: 2}}')
    other_result = await hashes('{"a:one": {result: 5}, "b/c:two": {result: 2}}')
    other_type = await hashes('{"a:one": {type: action, result: 1}, "b/c:two": {result: 2}}')
    assert [(each["path"], each["environment"]) for each in first] == [("a.js", "isolate"), ("b/c.js", "isolate")]
    assert other_result == first
    assert [one == other for one, other in zip(first, other_type, strict=True)] == [False, True]


async def test_a_query_written_in_javascript_fails_and_says_why(served: Served) -> None:
    body = {**KEY, "bundle": {"path": "testQuery.js", "source": "x"}, "args": {}, "format": "convex_encoded_json"}
    status, told = await post(served, "/api/run_test_function", body)
    assert (status, told["status"], told["logLines"]) == (200, "error", [])
    assert re.fullmatch(
        r"\[Request ID: [0-9a-f]{16}\] Server Error\n"
        r"Uncaught Error: no JavaScript runs in this emulated deployment; script a function in \S+, and run that\n",
        told["errorMessage"],
    )


@pytest.mark.parametrize("path", ["/api/push_config", "/api/deploy2/start_push", "/api/deploy2/finish_push"])
async def test_no_code_is_pushed(path: str, served: Served) -> None:
    status, told = await post(served, path, KEY)
    assert (status, told["code"]) == (400, "PushNotSupported")


@pytest.mark.parametrize("path", ["/api/get_config", "/api/get_config_hashes", "/api/run_test_function"])
async def test_the_key_is_in_the_body(path: str, served: Served) -> None:
    for body, code in (
        ({}, "BadJsonBody"),
        ({"adminKey": 1}, "BadJsonBody"),
        ({"adminKey": "nope"}, "BadAdminKey"),
        ({"adminKey": "other-fox|x"}, "BadDeployKey"),
    ):
        assert (await post(served, path, body))[1]["code"] == code


async def test_whoever_watches_what_functions_there_are_hears_of_a_saved_scenario(tmp_path: Path) -> None:
    text = 'deployment: {admin_keys: ["demo-otter|s3cret"]}\nfunctions: {"m:list": {result: 1}}'
    async with syncing(load_text(tmp_path, text)) as server, connected(server) as client:
        await client.say(type="Authenticate", baseVersion=0, tokenType="Admin", value="demo-otter|s3cret")
        assert await client.told() == []
        (first,) = await client.watch("_system/cli/modules:apiSpec")
        server.emulator.swap(load_text(tmp_path, text.replace("m:list", "m:other")))
        (second,) = await client.told()
    assert [each["identifier"] for each in (*first, *second)] == ["m.js:list", "m.js:other"]
