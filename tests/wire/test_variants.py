"""Variants, chosen by clients in the header, in the query, in the address, and for an identity."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator.app import GATEWAY
from tests.support.clocks import settle
from tests.support.control import Control, controlling
from tests.support.raw import PATIENCE
from tests.support.scenarios import load_text
from tests.support.syncing import PATH, connected

SCENARIO = """
identities: {ada: {token: token-of-ada}}
tables: {messages: {documents: [{body: hi}]}}
functions:
  messages:bodies:
    type: query
    result: "${[each.body for each in tables.messages]}"
    variants: {many: {result: [a, b, c]}}
  messages:send:
    type: mutation
    do: [{insert: {into: messages, document: {body: "${args.body}"}}}]
    result: sent
  users:me: {result: {name: Ada}}
gateway:
  chat: {reply: hello, variants: {long: {reply: a long one}}}
"""
USE = "X-Emulator-Use"
BODIES = {"path": "messages:bodies", "args": {}, "format": "json"}


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with controlling(load_text(tmp_path, SCENARIO)) as control:
        yield control


async def post(control: Control, path: str = "/api/query", body: object = BODIES, **headers: str) -> tuple[Any, Any]:
    """Send a request and return the whole answer, and the headers of the emulator's own."""
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): each for name, each in headers.items()}}
    url = f"{control.url}{path}"
    async with control.client.post(url, data=json.dumps(body), headers=given) as answer:
        return json.loads(await answer.read()), answer.headers


async def value(control: Control, path: str = "/api/query", body: object = BODIES, **headers: str) -> Any:
    return (await post(control, path, body, **headers))[0]["value"]


async def choose(control: Control, operation: str, variant: str, **more: str) -> None:
    await control.send("PUT", "/variants", {"operation": operation, "variant": variant, **more})


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/query", {USE: "messages:bodies=many"}),
        ("/api/query?emulator-use=messages:bodies%3Dmany", {}),
        ("/__use/messages:bodies=many/api/query", {}),
        ("/__use/users:*=error;messages%3Abodies=many/api/query", {}),
        ("/__use/messages:bodies=empty/api/query", {USE: "messages:bodies=many"}),
    ],
)
async def test_a_client_chooses_for_itself_and_for_nobody_else(
    control: Control, path: str, headers: dict[str, str]
) -> None:
    answer, told = await post(control, path, **headers)
    assert answer["value"] == ["a", "b", "c"]
    assert told["X-Emulator-Variant"] == "many"
    answer, told = await post(control)
    assert answer["value"] == ["hi"]
    assert "X-Emulator-Variant" not in told


async def test_every_route_is_there_behind_a_choice_in_the_address(control: Control) -> None:
    for path in ("/version", "/", "/instance_name", "/__emulator/health", "/health"):
        async with (
            control.client.get(f"{control.url}{path}") as plain,
            control.client.get(f"{control.url}/__use/a:b=empty{path}") as led,
        ):
            assert (led.status, led.headers["Content-Type"]) == (plain.status, plain.headers["Content-Type"])
    answer = await value(control, "/__use/messages:bodies=empty/api/run/messages/bodies", {"args": {}})
    assert answer == []
    batch = {"queries": [BODIES, {"path": "users:me", "args": {}}]}
    answers, _ = await post(control, "/__use/*=empty/api/query_batch", batch)
    assert [each["value"] for each in answers["results"]] == [[], None]


async def test_a_browser_may_send_the_header(control: Control) -> None:
    asked = {"Origin": "http://page", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": USE}
    for url in (control.url, control.app.url(GATEWAY)):
        path = "/api/query" if url == control.url else "/api/chat"
        async with control.client.options(f"{url}{path}", headers=asked) as answer:
            assert (answer.headers.get("Access-Control-Allow-Headers") == USE) is (url == control.url)


async def test_an_identity_has_its_own_choice_and_everybody_theirs(control: Control) -> None:
    await choose(control, "messages:bodies", "many", identity="ada")
    await choose(control, "messages:*", "empty")
    assert await value(control) == []
    assert await value(control, Authorization="Bearer token-of-ada") == ["a", "b", "c"]
    assert await control.send("DELETE", "/variants?identity=ada") == {
        "chosen": [{"operation": "messages:*", "variant": "empty", "identity": None}]
    }
    assert await value(control, Authorization="Bearer token-of-ada") == []
    assert await control.send("DELETE", "/variants") == {"chosen": []}
    assert await value(control) == ["hi"]


async def test_what_there_is_and_what_is_chosen_is_listed(control: Control) -> None:
    await choose(control, "messages.js:bodies", "many")
    told = await control.get("/variants")
    rows = {each["operation"]: each["variants"] for each in told["variants"]}
    assert rows["messages:bodies"] == ["loading", "empty", "error", "many"]
    assert rows["POST /api/chat"] == ["loading", "empty", "error", "long"]
    assert told["chosen"] == [{"operation": "messages:bodies", "variant": "many", "identity": None}]
    await control.send("POST", "/reset", {"levels": ["state"]})
    assert (await control.get("/variants"))["chosen"] == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"operation": "messages:bodes", "variant": "empty"},
            (404, "not_found", "messages:bodes=empty chooses nothing: messages:bodes is not scripted; nearest: "),
        ),
        (
            {"operation": "users:me", "variant": "many"},
            (404, "not_found", "users:me has no variant 'many', only loading, empty, error"),
        ),
        (
            {"operation": "users:me", "variant": "error", "identity": "eda"},
            (404, "not_found", "there is no identity 'eda'"),
        ),
        ({"operation": "users:me"}, (400, "bad_request", "variant: this is missing")),
    ],
)
async def test_what_is_not_there_cannot_be_chosen(control: Control, body: object, told: tuple[int, str, str]) -> None:
    status, code, message = await control.refusal("PUT", "/variants", body)
    assert (status, code) == told[:2]
    assert message.startswith(told[2])


async def test_a_client_that_chooses_what_is_not_there_is_told(control: Control) -> None:
    answer, headers = await post(control, **{USE: "messages:bodies=mny"})
    assert answer["value"] == ["hi"]
    assert headers["X-Emulator-Miss"].endswith("did you mean 'many'?")
    assert (await control.get("/journal"))["calls"][0]["explanation"] == headers["X-Emulator-Miss"]


async def test_an_answer_that_is_loading_comes_when_that_is_chosen_no_more(control: Control) -> None:
    await choose(control, "messages:bodies", "loading")
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(value(control))
        await calls(control, 1)
        await choose(control, "users:me", "empty")
        await calls(control, 2)
        assert not waiting.done()
        await choose(control, "messages:bodies", "many")
    assert waiting.result() == ["a", "b", "c"]
    rows = (await control.get("/journal"))["calls"]
    assert [(each["outcome"], each["variant"]) for each in rows] == [
        ("withheld", "loading"),
        ("withheld", "loading"),
        ("returned", "many"),
    ]


async def test_a_client_that_waits_for_what_is_loading_may_leave(control: Control) -> None:
    before = len(control.emulator._listeners)
    with pytest.raises(aiohttp.ServerTimeoutError):
        async with control.client.post(
            f"{control.url}/__use/*=loading/api/query", json=BODIES, timeout=aiohttp.ClientTimeout(sock_read=0.05)
        ):
            pass
    async with asyncio.timeout(PATIENCE):
        while len(control.emulator._listeners) > before:
            await settle(1)


async def test_a_mutation_that_is_loading_writes_once_it_is_not(control: Control) -> None:
    send = {"path": "messages:send", "args": {"body": "x"}}
    await choose(control, "messages:send", "loading")
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(value(control, "/api/mutation", send))
        await calls(control, 1)
        assert await value(control) == ["hi"]
        await control.send("DELETE", "/variants")
    assert waiting.result() == "sent"
    assert await value(control) == ["hi", "x"]


async def test_live_clients_hear_of_what_is_chosen_for_everybody(control: Control) -> None:
    async with connected(control) as client:
        assert await client.watch("messages:bodies") == [["hi"]]
        await choose(control, "*", "empty")
        assert await client.told() == [[]]
        await choose(control, "messages:bodies", "error")
        assert "Uncaught Error: Something went wrong" in (await client.told())[0]
        await choose(control, "messages:bodies", "loading")
        assert await client.told() == []
        await control.send("DELETE", "/variants")
        assert await client.told() == [["hi"]]


async def test_a_live_client_that_chose_in_its_address_stands_beside_others(control: Control) -> None:
    paths = (f"/__use/messages:bodies=many{PATH}", f"{PATH}?emulator-use=messages:bodies=empty", PATH)
    async with (
        connected(control, paths[0]) as many,
        connected(control, paths[1]) as none,
        connected(control, paths[2]) as ordinary,
    ):
        seen = [await each.watch("messages:bodies") for each in (many, none, ordinary)]
        assert seen == [[["a", "b", "c"]], [[]], [["hi"]]]
        await value(control, "/api/mutation", {"path": "messages:send", "args": {"body": "x"}})
        assert await ordinary.told() == [["hi", "x"]]
        await many.silent()
        await none.silent()


async def test_a_live_query_that_is_loading_has_no_first_result(control: Control) -> None:
    async with connected(control, f"/__use/messages:bodies=loading{PATH}") as client:
        assert await client.watch("messages:bodies", "users:me") == [{"name": "Ada"}]


async def test_a_mutation_of_a_live_client_waits_while_it_is_loading(control: Control) -> None:
    await choose(control, "messages:send", "loading")
    async with connected(control) as client:
        await client.say(type="Mutation", requestId=0, udfPath="messages:send", args=[{"body": "x"}])
        await calls(control, 1)
        await control.send("DELETE", "/variants")
        answer = await client.hear()
    assert (answer["type"], answer["result"]) == ("MutationResponse", "sent")


async def test_an_action_of_a_live_client_waits_while_it_is_loading(control: Control) -> None:
    await choose(control, "users:me", "loading")
    async with connected(control) as client:
        await client.say(type="Action", requestId=0, udfPath="users:me", args=[{}])
        await calls(control, 1)
        await choose(control, "users:me", "empty")
        answer = await client.hear()
    assert (answer["type"], answer["result"]) == ("ActionResponse", None)


async def test_messages_of_the_gateway_are_answered_by_variants(control: Control) -> None:
    url = f"{control.app.url(GATEWAY)}/__use/POST%20%2Fapi%2Fchat=long/api/chat"
    async with control.client.post(url, json={"message": "hi"}) as answer:
        assert (await answer.json())["response"] == "a long one"
    await choose(control, "POST /api/chat", "loading")
    message = {"message": "hi", "sessionKey": "other"}
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(value_of_chat(control, message))
        await calls(control, 2)
        await choose(control, "POST /api/chat", "empty")
    assert waiting.result() == ""


async def value_of_chat(control: Control, message: object) -> Any:
    async with control.client.post(f"{control.app.url(GATEWAY)}/api/chat", json=message) as answer:
        return (await answer.json())["response"]


async def calls(control: Control, count: int) -> None:
    """Return once so many calls were journaled."""
    async with asyncio.timeout(PATIENCE):
        while control.emulator.journal.total < count:
            await settle(1)
