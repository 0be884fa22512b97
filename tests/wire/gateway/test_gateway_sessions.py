"""Sessions: their list, their history, their end (openclaw §1.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.gateway import Gateway
from tests.wire.gateway.conftest import Serve

SEVERAL = """
gateway:
  agents: {main: {}, coder: {}}
  sessions:
    agent:main:telegram:dm:123:
      last_active: 2023-02-08T12:00:00Z
      messages: [{role: user, content: hi}, {role: assistant, content: hello}, {role: system, content: rules}]
    agent:coder:whatsapp:group:1@g.us: {last_active: 2023-02-09T12:00:00Z, messages: [{role: tool, content: t}]}
    agent:main:api:dm:b: {last_active: 2023-02-08T12:00:00Z}
    agent:main:main: {last_active: 2023-02-07T12:00:00Z}
  chat: {reply: hello}
"""
LONG = "agent:main:api:dm:long"


async def keys(gateway: Gateway, query: str = "") -> list[str]:
    return [each["key"] for each in (await gateway.get(f"/api/sessions{query}")).ok["sessions"]]


async def page(gateway: Gateway, query: str = "") -> tuple[list[str], bool]:
    """Return the ids of a page of the long session, and whether there are more."""
    answer: dict[str, Any] = (await gateway.get(f"/api/sessions/{LONG}/history{query}")).ok
    return [each["id"] for each in answer["messages"]], answer["hasMore"]


async def serve_long(serve: Serve, count: int) -> Gateway:
    messages = ", ".join(f"{{role: user, content: '{number}'}}" for number in range(1, count + 1))
    return await serve(f"gateway: {{sessions: {{'{LONG}': {{messages: [{messages}]}}}}}}")


async def test_no_sessions_are_an_empty_list(serve: Serve) -> None:
    assert (await (await serve("gateway: {}")).get("/api/sessions")).ok == {"sessions": []}


async def test_the_newest_activity_comes_first_and_equals_by_key(serve: Serve) -> None:
    gateway = await serve(SEVERAL)

    rows = await gateway.rows("sessions")

    assert rows == [
        {"key": "agent:coder:whatsapp:group:1@g.us", "lastActive": "2023-02-09T12:00:00Z", "messageCount": 0},
        {"key": "agent:main:api:dm:b", "lastActive": "2023-02-08T12:00:00Z", "messageCount": 0},
        {"key": "agent:main:telegram:dm:123", "lastActive": "2023-02-08T12:00:00Z", "messageCount": 2},
        {"key": "agent:main:main", "lastActive": "2023-02-07T12:00:00Z", "messageCount": 0},
    ]


async def test_a_turn_brings_a_session_to_the_front(serve: Serve) -> None:
    gateway = await serve(SEVERAL)

    await gateway.chat("hi", "agent:main:main")

    assert (await keys(gateway))[0] == "agent:main:main"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?agent=coder", ["agent:coder:whatsapp:group:1@g.us"]),
        ("?agent=nobody", []),
        ("?channel=telegram", ["agent:main:telegram:dm:123"]),
        ("?channel=api&agent=main", ["agent:main:api:dm:b"]),
        ("?channel=api&agent=coder", []),
        ("?limit=1", ["agent:coder:whatsapp:group:1@g.us"]),
        ("?limit=2&offset=1", ["agent:main:api:dm:b", "agent:main:telegram:dm:123"]),
        ("?offset=3", ["agent:main:main"]),
        ("?offset=99", []),
        ("?agent=main&limit=1&offset=1", ["agent:main:telegram:dm:123"]),
    ],
)
async def test_the_list_is_filtered_and_paged(serve: Serve, query: str, found: list[str]) -> None:
    assert await keys(await serve(SEVERAL), query) == found


async def test_numbers_that_are_none_are_refused(serve: Serve) -> None:
    gateway = await serve(SEVERAL)

    for number in ("0", "-1", "1001", "x", "", "1.5", "1e2", "%D9%A3", "99999999999999999999"):
        assert (await gateway.get(f"/api/sessions?limit={number}")).issues == ["limit"]
        assert (await gateway.get(f"/api/sessions/agent:main:main/history?limit={number}")).issues == ["limit"]
    for number in ("-1", "x", "", "1.5"):
        assert (await gateway.get(f"/api/sessions?offset={number}")).issues == ["offset"]
    assert len(await keys(gateway, "?limit=1000&offset=0")) == 4


async def test_messages_without_a_moment_come_a_second_after_one_another(serve: Serve) -> None:
    gateway = await serve(SEVERAL)

    answer = (await gateway.get("/api/sessions/agent:main:telegram:dm:123/history")).ok

    assert answer["messages"] == [
        {"id": "m1", "role": "user", "content": "hi", "timestamp": "2023-02-08T11:59:58Z"},
        {"id": "m2", "role": "assistant", "content": "hello", "timestamp": "2023-02-08T11:59:59Z"},
        {"id": "m3", "role": "system", "content": "rules", "timestamp": "2023-02-08T12:00:00Z"},
    ]


async def test_a_history_is_paged_from_its_end(serve: Serve) -> None:
    gateway = await serve_long(serve, 5)

    assert await page(gateway) == (["m1", "m2", "m3", "m4", "m5"], False)
    assert await page(gateway, "?limit=2") == (["m4", "m5"], True)
    assert await page(gateway, "?limit=2&before=m4") == (["m2", "m3"], True)
    assert await page(gateway, "?limit=2&before=m2") == (["m1"], False)
    assert await page(gateway, "?limit=5") == (["m1", "m2", "m3", "m4", "m5"], False)
    assert await page(gateway, "?before=m1") == ([], False)


async def test_a_page_has_200_messages_unless_more_are_asked_for(serve: Serve) -> None:
    gateway = await serve_long(serve, 201)

    ids, has_more = await page(gateway)

    assert (ids[0], len(ids), has_more) == ("m2", 200, True)
    assert len((await page(gateway, "?limit=1000"))[0]) == 201


async def test_a_page_before_a_message_that_is_not_there_is_refused(serve: Serve) -> None:
    gateway = await serve_long(serve, 2)

    for before in ("m3", "x", ""):
        assert (await gateway.get(f"/api/sessions/{LONG}/history?before={before}")).issues == ["before"]


@pytest.mark.parametrize("key", ["agent:main:api:dm:nobody", "123", "agent:main", "agent::api:dm:x", "%00"])
async def test_a_session_that_is_not_there_has_no_history_and_no_end(serve: Serve, key: str) -> None:
    gateway = await serve(SEVERAL)

    assert (await gateway.get(f"/api/sessions/{key}/history")).refusal == (404, "NOT_FOUND")
    assert (await gateway.send("DELETE", f"/api/sessions/{key}")).refusal == (404, "NOT_FOUND")


async def test_a_deleted_session_is_gone_and_begins_empty_when_it_comes_back(serve: Serve) -> None:
    gateway = await serve(SEVERAL)
    path = "/api/sessions/agent:main:telegram:dm:123"

    deleted = await gateway.send("DELETE", path)

    assert deleted.ok == {"ok": True, "key": "agent:main:telegram:dm:123", "deleted": True}
    assert (await gateway.get(f"{path}/history")).refusal == (404, "NOT_FOUND")
    assert (await gateway.send("DELETE", path)).refusal == (404, "NOT_FOUND")
    assert "agent:main:telegram:dm:123" not in await keys(gateway)
    await gateway.chat("back", "agent:main:telegram:dm:123")
    history = (await gateway.get(f"{path}/history")).ok["messages"]
    assert [(each["id"], each["content"]) for each in history] == [("m1", "back"), ("m2", "hello")]


async def test_the_main_session_cannot_be_deleted(serve: Serve) -> None:
    gateway = await serve(SEVERAL)

    assert (await gateway.send("DELETE", "/api/sessions/agent:main:main")).refusal == (403, "FORBIDDEN")
    assert (await gateway.send("DELETE", "/api/sessions/agent:coder:main")).refusal == (403, "FORBIDDEN")
    assert "agent:main:main" in await keys(gateway)


async def test_the_newest_thousand_messages_are_kept(serve: Serve) -> None:
    gateway = await serve_long(serve, 1_000)

    await gateway.chat("one more", LONG)
    ids, has_more = await page(gateway, "?limit=1000")

    assert (ids[0], ids[-1], len(ids), has_more) == ("m2", "m1001", 1_000, False)
