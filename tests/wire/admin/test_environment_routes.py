from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

UPDATE, LIST = "/api/update_environment_variables", "/api/list_environment_variables"
SHAPE = "Failed to deserialize the JSON body into the target type: "


async def variables(served: Served, admin: dict[str, str], path: str = LIST) -> Any:
    async with served.client.get(path, headers=admin) as answer:
        assert answer.status == 200
        return (await answer.json())["environmentVariables"]


@pytest.mark.parametrize("prefix", ["/api/", "/api/v1/"])
async def test_variables_are_set_and_removed(prefix: str, served: Served, admin: dict[str, str]) -> None:
    changes = [{"name": "API_HOST", "value": "x"}, {"name": "OLD", "value": None}, {"name": "GONE"}]
    path = f"{prefix}update_environment_variables"
    async with served.client.post(path, json={"changes": changes}, headers=admin) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    assert await variables(served, admin, f"{prefix}list_environment_variables") == {"API_HOST": "x"}
    async with served.client.post(path, json={"changes": [{"name": "API_HOST", "value": None}]}, headers=admin):
        assert await variables(served, admin) == {}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, "BadJsonBody", f"{SHAPE}missing field `changes` at line 1 column 2"),
        ({"changes": 1}, "BadJsonBody", f"{SHAPE}changes: invalid type: integer `1`, expected a sequence"),
        ({"changes": [{}]}, "BadJsonBody", f"{SHAPE}changes[0]: missing field `name`"),
        ({"changes": [{"name": "A", "value": 1}]}, "BadJsonBody", f"{SHAPE}changes[0].value: invalid type: integer"),
        ({"changes": [{"name": "A", "value": "x"}, {"name": "a b"}]}, "EnvironmentVariableNameInvalid", "The envi"),
    ],
)
async def test_bad_changes_change_nothing(
    body: object, code: str, message: str, served: Served, admin: dict[str, str]
) -> None:
    async with served.client.post(UPDATE, json=body, headers=admin) as answer:
        told = await answer.json()
        assert (answer.status, told["code"]) == (400, code)
        assert told["message"].startswith(message)
    assert await variables(served, admin) == {}


async def test_nobody_else_sees_or_changes_variables(served: Served) -> None:
    for path, method in ((UPDATE, "POST"), (LIST, "GET")):
        async with served.client.request(method, path, json={"changes": []}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "BadDeployKey")


async def test_a_deployment_tells_where_it_is_and_what_it_is(served: Served, admin: dict[str, str]) -> None:
    async with served.client.get("/api/v1/get_canonical_urls", headers=admin) as answer:
        assert await answer.json() == {"convexCloudUrl": served.url, "convexSiteUrl": f"{served.url}/http"}
    async with served.client.get("/api/v1/deployment_info", headers=admin) as answer:
        assert await answer.json() == {"kind": "selfHosted"}


async def test_an_admin_key_can_be_checked(served: Served, admin: dict[str, str]) -> None:
    async with served.client.get("/api/check_admin_key", headers=admin) as answer:
        assert await answer.json() == {"success": True, "allowedOps": [], "isReadOnly": False}


async def test_http_actions_read_variables(tmp_path: Path, admin: dict[str, str]) -> None:
    text = """
    deployment: {admin_keys: ["demo-otter|s3cret"], env: {TEA: oolong}}
    http: {GET /tea: {body: "${env.TEA}"}}
    """
    async with serving(load_text(tmp_path, text)) as served:
        async with served.client.get("/http/tea") as answer:
            assert await answer.text() == "oolong"
        changes = {"changes": [{"name": "TEA", "value": "sencha"}]}
        async with served.client.post(UPDATE, json=changes, headers=admin):
            pass
        async with served.client.get("/http/tea") as answer:
            assert await answer.text() == "sencha"
