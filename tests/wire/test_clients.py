"""The `Convex-Client` header: who may call, and what old clients are told (contract convex §1.4)."""

from __future__ import annotations

import pytest

from tests.support.functions import Answer, post, query, send
from tests.support.raw import exchange, request_bytes
from tests.support.serving import Served

STATE, MESSAGE = "x-convex-deprecation-state", "x-convex-deprecation-message"


async def by(served: Served, client: str, name: str = "jobs/nightly") -> Answer:
    return await query(served, name, headers={"Convex-Client": client})


@pytest.mark.parametrize(
    "client",
    [
        "npm-1.48.0",
        "npm-cli-1.48.0",
        "python-0.8.1",
        "rust-0.10.4",
        "actions-1.48.0",
        "dashboard-0.0.0",
        "create-convex-0.0.16",
        "streaming-import-0.1.0",
        "airbyte-export-0.4.51",
        "fivetran-import-0.1.0",
        "fivetran-export-0.1.0",
        "swift-0.5.2",
        "kotlin-0.4.1",
        "my-esolang-client-0.0.1",
        "client2-1.0.0",
        "my_client-1.0.0",
        "npm-1.5.0-alpha.1",
        "npm-1.5.0+build.7",
        "npm-0.19.2",
        "python-0.2.1",
        "rust-0.0.2",
    ],
)
async def test_every_client_with_a_version_may_call(served: Served, client: str) -> None:
    answer = await by(served, client)

    assert answer.value == "nightly"
    assert STATE not in answer.headers
    assert MESSAGE not in answer.headers


@pytest.mark.parametrize("client", ["foo", "npm", "1.2.3", "안녕", "npm 1.2.3"])
async def test_a_client_without_a_version_is_refused(served: Served, client: str) -> None:
    message = (
        f"Failed to parse client version string: '{client}'. "
        "Expected format is {client_name}-{semver}, e.g. my-esolang-client-0.0.1"
    )

    assert (await by(served, client)).refusal == (400, "InvalidClientVersion", message)


async def test_a_client_whose_name_is_not_utf8_is_refused_like_any_other(served: Served) -> None:
    body = b'{"path":"jobs/nightly","args":{}}'

    answer = await exchange(served.url, request_bytes("POST", "/api/query", body, {"Convex-Client": b"foo\xff"}))

    assert (answer.status, answer.json["code"]) == (400, "InvalidClientVersion")


@pytest.mark.parametrize("version", ["0.1.0", "0.19.0", "0.19.1"])
@pytest.mark.parametrize("name", ["npm", "npm-cli", "actions"])
async def test_javascript_clients_that_are_too_old_are_refused(served: Served, name: str, version: str) -> None:
    message = (
        f"The Convex npm package at version {version} is no longer supported. "
        "Update your Convex npm version with `npx convex update` or `npm update`."
    )

    answer = await by(served, f"{name}-{version}")

    assert answer.refusal == (400, "ClientVersionUnsupported", message)
    assert (answer.headers[STATE], answer.headers[MESSAGE]) == ("Unsupported", message)


@pytest.mark.parametrize("client", ["python-0.0.1", "python-0.0.2", "rust-0.0.0", "rust-0.0.1"])
async def test_other_clients_that_are_too_old_are_refused(served: Served, client: str) -> None:
    answer = await by(served, client)
    status, code, message = answer.refusal

    assert (status, code) == (400, "ClientVersionUnsupported")
    assert client.partition("-")[2] in message
    assert (answer.headers[STATE], answer.headers[MESSAGE]) == ("Unsupported", message)


@pytest.mark.parametrize("name", ["jobs/nightly", "errors:data", "no:such"])
@pytest.mark.parametrize("client", ["python-0.0.3", "python-0.1.0", "python-0.2.0"])
async def test_clients_that_should_upgrade_are_answered_and_told(served: Served, client: str, name: str) -> None:
    answer = await by(served, client, name)

    assert answer.status == 200
    assert answer.headers[STATE] == "UpgradeRequired"
    assert client.partition("-")[2] in answer.headers[MESSAGE]


async def test_clients_that_should_upgrade_are_told_with_a_batch_and_a_refusal_as_well(served: Served) -> None:
    old = {"Convex-Client": "python-0.1.0"}

    batch = await post(served, "/api/query_batch", {"queries": []}, old)
    refused = await query(served, "jobs/nightly", headers=old, format="xml")

    assert batch.headers[STATE] == refused.headers[STATE] == "UpgradeRequired"


@pytest.mark.parametrize(
    "path", ["mutation", "action", "function", "query_ts", "query_at_ts", "query_batch", "run/a/b"]
)
async def test_every_function_route_looks_at_the_client(served: Served, path: str) -> None:
    answer = await post(served, f"/api/{path}", {"path": "jobs/nightly", "args": {}}, {"Convex-Client": "foo"})

    assert answer.refusal[:2] == (400, "InvalidClientVersion")


async def test_a_query_in_the_url_looks_at_the_client(served: Served) -> None:
    url = "/api/query?path=jobs/nightly&args=%7B%7D"

    assert (await send(served, url, None, {"Convex-Client": "foo"}, by="GET")).refusal[1] == "InvalidClientVersion"
