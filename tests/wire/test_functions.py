"""Calls of functions: every endpoint, and which function it finds (contract convex §4.1, §4.2)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from yarl import URL

from tests.support.functions import Answer, post, query, send
from tests.support.serving import Served

_FOR_ADMINS = (
    "The provided deploy key was invalid for this deployment. "
    "Double check that the environment this key was generated for matches the desired deployment."
)
NOT_ADMIN = (403, "BadDeployKey", _FOR_ADMINS)


@pytest.mark.parametrize(
    ("endpoint", "name", "value"),
    [
        ("query", "jobs/nightly", "nightly"),
        ("mutation", "messages:send", "sent"),
        ("action", "replies:generate", {"text": "hi"}),
    ],
)
async def test_each_kind_of_function_has_its_endpoint(served: Served, endpoint: str, name: str, value: object) -> None:
    answer = await post(served, f"/api/{endpoint}", {"path": name, "args": {}, "format": "convex_encoded_json"})

    assert answer.status == 200
    assert answer.json == {"status": "success", "value": value, "logLines": []}


async def test_an_answer_is_compact_json_with_sorted_keys_and_pointed_floats(served: Served) -> None:
    answer = await query(served, "messages:list", format="convex_encoded_json")

    assert answer.body == (
        b'{"status":"success","value":[{"author":"Ada","likes":{"$integer":"AwAAAAAAAAA="},'
        b'"picture":{"$bytes":"AQID"},"size":2.0}],"logLines":[]}'
    )


@pytest.mark.parametrize(
    ("endpoint", "name", "error"),
    [
        ("query", "messages:send", "Trying to execute messages.js:send as Query, but it is defined as Mutation."),
        ("mutation", "messages:list", "Trying to execute messages.js:list as Mutation, but it is defined as Query."),
        ("action", "messages.js:list", "Trying to execute messages.js:list as Action, but it is defined as Query."),
        (
            "mutation",
            "replies:generate",
            "Trying to execute replies.js:generate as Mutation, but it is defined as Action.",
        ),
    ],
)
async def test_a_function_of_another_kind_is_an_error(served: Served, endpoint: str, name: str, error: str) -> None:
    answer = await post(served, f"/api/{endpoint}", {"path": name, "args": {}})

    assert answer.error == error


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jobs/nightly", "nightly"),
        ("jobs/nightly.js", "nightly"),
        ("jobs/nightly:default", "nightly"),
        ("jobs/nightly.js:default", "nightly"),
        ("admin/users:list", "users"),
        ("admin/users.js:list", "users"),
    ],
)
async def test_every_spelling_of_a_path_calls_the_same_function(served: Served, name: str, value: str) -> None:
    assert (await query(served, name)).value == value


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("messages:lst", "messages:lst"),
        ("messages.js:lst", "messages:lst"),
        ("jobs/daily.js:default", "jobs/daily"),
        ("_system/frontend/tables:list", "_system/frontend/tables:list"),
    ],
)
async def test_a_function_that_is_not_there_is_not_found_under_its_public_name(
    served: Served, name: str, shown: str
) -> None:
    assert (await query(served, name)).error == f"Could not find public function for '{shown}'."


async def test_system_functions_answer_admins(served: Served, admin: dict[str, str]) -> None:
    assert (await query(served, "_system/frontend/tables:list", headers=admin)).value == "tables"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x.ts:list", "Module path (x.ts) has an extension that isn't 'js'."),
        ("a-b.js:list", "Path component a-b.js can only contain alphanumeric characters, underscores, or periods."),
    ],
)
async def test_a_malformed_path_is_refused(served: Served, name: str, reason: str) -> None:
    message = f"{name} is not a valid path to a Convex function. {reason}"

    for endpoint in ("query", "mutation", "action"):
        answer = await post(served, f"/api/{endpoint}", {"path": name, "args": {}})
        assert answer.refusal == (400, "BadConvexFunctionIdentifier", message)


async def test_any_function_answers_admins_of_whatever_kind_it_is(served: Served, admin: dict[str, str]) -> None:
    for name, value in [
        ("messages:send", "sent"),
        ("replies:generate", {"text": "hi"}),
        ("jobs/nightly.js", "nightly"),
    ]:
        assert (await post(served, "/api/function", {"path": name, "args": {}}, admin)).value == value


@pytest.mark.parametrize("body", ['{"path":"jobs/nightly","args":{}}', "", "{"])
@pytest.mark.parametrize("authorization", ["", "Bearer e30.eyJpc3MiOiJ4Iiwic3ViIjoieSJ9."])
async def test_any_function_is_for_admins_whatever_is_asked(served: Served, body: str, authorization: str) -> None:
    answer = await send(served, "/api/function", body, {"Authorization": authorization})

    assert answer.refusal == NOT_ADMIN


@pytest.mark.parametrize("component", [{}, {"componentPath": None}, {"componentPath": ""}])
async def test_no_component_is_the_app_itself(
    served: Served, admin: dict[str, str], component: dict[str, str | None]
) -> None:
    body: dict[str, object] = {**component, "path": "jobs/nightly", "format": "json", "args": {}}

    assert (await post(served, "/api/function", body, admin)).value == "nightly"


@pytest.mark.parametrize("component", ["emailer", "a/b"])
async def test_a_component_has_no_functions(served: Served, admin: dict[str, str], component: str) -> None:
    body = {"componentPath": component, "path": "jobs/nightly.js", "args": {}}
    tail = f" in '{component}'. Did you forget to run `npx convex dev`?"

    answer = await post(served, "/api/function", body, admin)

    assert answer.error == f"Could not find function for 'jobs/nightly'{tail}"


async def run(served: Served, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
    return await post(served, f"/api/run/{path}", {"args": {}} if body is None else body, headers)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("messages/send", "sent"),
        ("replies/generate", {"text": "hi"}),
        ("admin/users/list", "users"),
        ("jobs/nightly/default", "nightly"),
        ("jobs/nightly.js/default", "nightly"),
        ("admin/users/l%69st", "users"),
        ("%61dmin/users/list", "users"),
        ("messages/send?format=xml", "sent"),
    ],
)
async def test_a_function_of_any_kind_runs_by_its_url(served: Served, path: str, value: object) -> None:
    assert (await run(served, path)).value == value


@pytest.mark.parametrize("path", ["messages", "", "jobs"])
async def test_a_url_names_a_module_and_a_function(served: Served, path: str) -> None:
    answer = await run(served, path)

    message = "Path or function name not provided in path, e.g. /api/run/messages/list"
    assert answer.refusal == (400, "MissingIdentifier", message)


async def test_a_function_that_is_not_there_cannot_be_run(served: Served) -> None:
    for path, name in [("messages/lst", "messages:lst"), ("jobs/daily/default", "jobs/daily")]:
        error = f"Could not find function for '{name}'. Did you forget to run `npx convex dev`?"
        assert (await run(served, path)).error == error


@pytest.mark.parametrize("path", ["a-b/list", "messages/li st", "x.ts/list", "messages//list", quote("메시지/list")])
async def test_a_malformed_url_of_a_function_is_refused(served: Served, path: str) -> None:
    status, code, message = (await run(served, quote(path, safe="/%"))).refusal

    assert (status, code) == (400, "BadConvexFunctionIdentifier")
    assert "is not a valid path to a Convex function." in message


async def test_a_url_that_is_not_utf8_is_refused(served: Served) -> None:
    url = URL(f"{served.url}/api/run/%ff/list", encoded=True)
    async with served.client.post(url, json={"args": {}}) as response:
        error = await response.json()

    assert (response.status, error["code"]) == (400, "BadPathArgs")
    assert error["message"].startswith("Invalid URL: ")


async def test_running_by_url_needs_no_admin_and_hides_system_functions(served: Served, admin: dict[str, str]) -> None:
    assert (await run(served, "_system/frontend/tables/list")).error.startswith("Could not find function for")
    assert (await run(served, "_system/frontend/tables/list", headers=admin)).value == "tables"


@pytest.mark.parametrize("client", [None, "npm-1.0.0", "npm-1.48.0"])
async def test_running_by_url_answers_clean_json_to_every_client(served: Served, client: str | None) -> None:
    headers = {"Convex-Client": client} if client else {}

    (message,) = (await run(served, "messages/list", headers=headers)).value

    assert message == {"author": "Ada", "likes": "3", "picture": "AQID", "size": 2.0}
    encoded = await run(served, "messages/list", {"args": {}, "format": "convex_encoded_json"}, headers)
    assert encoded.value[0]["likes"] == {"$integer": "AwAAAAAAAAA="}


async def get(served: Served, by: str = "GET", **fields: str) -> Answer:
    text = "&".join(f"{name}={quote(value)}" for name, value in fields.items())
    return await send(served, f"/api/query?{text}", by=by)


async def test_a_query_may_stand_in_the_url(served: Served) -> None:
    plain = await get(served, path="echo:args", args='{"n":1}')
    wrapped = await get(served, path="echo:args", args='[{"n":{"$integer":"AQAAAAAAAAA="}}]', format="json")
    encoded = await get(served, path="messages:list", args="{}", format="convex_encoded_json")

    assert (plain.value, wrapped.value) == ("a float", "an int64")
    assert encoded.value[0]["likes"] == {"$integer": "AwAAAAAAAAA="}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Failed to deserialize query string: missing field `path`"),
        ({"args": "{}"}, "Failed to deserialize query string: missing field `path`"),
        ({"path": "messages:list"}, "Failed to deserialize query string: missing field `args`"),
    ],
)
async def test_a_query_in_the_url_needs_path_and_arguments(
    served: Served, fields: dict[str, str], message: str
) -> None:
    assert (await get(served, **fields)).refusal == (400, "BadQueryArgs", message)


@pytest.mark.parametrize("args", ["", "{", "nonsense", "\udcff", "%ff"])
async def test_arguments_in_the_url_are_json(served: Served, args: str) -> None:
    encoded = quote(args.encode("utf-8", "surrogateescape"))
    answer = await send(served, f"/api/query?path=messages:list&args={encoded}")
    by_get = await send(served, f"/api/query?path=messages:list&args={encoded}", by="GET")

    assert answer.status == 400
    assert by_get.refusal[:2] == (400, "BadQueryArgs")
    assert by_get.refusal[2].startswith("Failed to deserialize query string: ")


async def test_a_query_in_the_url_runs_queries_only(served: Served) -> None:
    answer = await get(served, path="messages:send", args="{}")

    assert answer.error == "Trying to execute messages.js:send as Query, but it is defined as Mutation."


async def test_a_query_in_the_url_answers_head_without_a_body(served: Served) -> None:
    whole = await get(served, path="messages:list", args="{}")
    head = await get(served, "HEAD", path="messages:list", args="{}")

    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))


async def test_an_admin_key_may_stand_in_the_url_that_a_browser_opens(served: Served) -> None:
    path = "_system/frontend/tables:list"

    assert (await get(served, path=path, args="{}")).error.startswith("Could not find public function")
    assert (await get(served, path=path, args="{}", adminKey="demo-otter|s3cret")).value == "tables"
    wrong = await get(served, path=path, args="{}", adminKey="demo-otter|wrong")
    assert wrong.refusal == (401, "BadAdminKey", "The provided admin key was invalid for this instance")
