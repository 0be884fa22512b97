"""Runs wait for one another, end after 300 s, outlive their clients, and die with their connections (openclaw §1.5)."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.support.clocks import WatchedClock
from tests.support.functions import query
from tests.support.gateway import Gateway, GatewayAnswer
from tests.support.raw import connected, request_bytes
from tests.wire.gateway.conftest import Serve

SLOW = """
gateway:
  agents: {main: {}, coder: {}}
  chat: {reply: "echo ${message} ${call}", delay: 1s}
"""
Answering = asyncio.Task[GatewayAnswer]
MESSAGE = json.dumps({"message": "hi", "session": "x"}).encode()


async def start(group: asyncio.TaskGroup, gateway: Gateway, session: str, *messages: str) -> list[Answering]:
    """Send messages one behind the other, each once the one before has arrived."""
    tasks = []
    for message in messages:
        status = await gateway.agent()
        count = status["activeRuns"] + status["queuedRuns"]
        tasks.append(group.create_task(gateway.chat(message, session)))
        async with asyncio.timeout(10):
            while count == (status := await gateway.agent())["activeRuns"] + status["queuedRuns"]:
                pass
    return tasks


async def test_one_session_has_one_run_at_a_time_in_order_of_arrival(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(SLOW)

    async with asyncio.TaskGroup() as group:
        tasks = await start(group, gateway, "x", "one", "two", "three")
        busy = await gateway.agent()
        waiting = await gateway.said("agent:main:api:dm:x")
        await clock.pass_milliseconds(1_000)
        after = await gateway.said("agent:main:api:dm:x")
        await clock.pass_milliseconds(2_000)

    assert (busy["status"], busy["activeRuns"], busy["queuedRuns"]) == ("running", 1, 2)
    assert waiting == [("user", "one")]
    assert after == [("user", "one"), ("assistant", "echo one 1"), ("user", "two")]
    assert [each.result().ok["response"] for each in tasks] == ["echo one 1", "echo two 2", "echo three 3"]


async def test_an_agent_has_three_runs_at_a_time(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(SLOW)

    async with asyncio.TaskGroup() as group:
        for session in "abcde":
            await start(group, gateway, session, "hi")
        await gateway.until_busy(3, 2)
        group.create_task(gateway.chat("hi", "a", agent="coder"))
        await gateway.until_busy(1, 0, "coder")
        await clock.pass_milliseconds(1_000)
        await gateway.until_busy(2, 0)
        await clock.pass_milliseconds(1_000)

    assert (await gateway.agent())["status"] == "idle"
    assert len(await gateway.rows("sessions")) == 6


async def test_a_session_that_waits_does_not_hold_up_another(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(SLOW)

    async with asyncio.TaskGroup() as group:
        await start(group, gateway, "a", "one", "two", "three")
        (other,) = await start(group, gateway, "b", "hi")
        await gateway.until_busy(2, 2)
        await clock.pass_milliseconds(1_000)
        async with asyncio.timeout(10):
            assert (await other).status == 200
        await clock.pass_milliseconds(2_000)


async def test_the_config_says_how_many_runs_an_agent_has_at_a_time(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(SLOW)
    await gateway.patch({"agents.defaults.maxConcurrent": 1})

    async with asyncio.TaskGroup() as group:
        await start(group, gateway, "a", "hi")
        await start(group, gateway, "b", "first")
        await gateway.until_busy(1, 1)
        await gateway.patch({"agents.defaults.maxConcurrent": 2.0})
        await start(group, gateway, "b", "second")
        await start(group, gateway, "c", "hi")
        await gateway.until_busy(2, 2)
        await clock.pass_milliseconds(4_000)

    said = await gateway.said("agent:main:api:dm:b")
    assert [content for role, content in said if role == "user"] == ["first", "second"]


async def test_20_runs_wait_and_the_next_is_told_to_come_back(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(SLOW)

    async with asyncio.TaskGroup() as group:
        for _ in range(21):
            group.create_task(gateway.chat("hi", "x"))
        await gateway.until_busy(1, 20)
        refused = await gateway.chat("too many", "x")
        elsewhere = group.create_task(gateway.chat("hi", "y"))
        await gateway.until_busy(2, 20)
        await clock.pass_milliseconds(1_000)
        assert (await elsewhere).status == 200
        await clock.pass_milliseconds(20_000)

    assert refused.refusal == (429, "RATE_LIMIT")
    assert refused.headers["Retry-After"] == "1"
    assert refused.error["details"] == {"retryAfter": 1}
    assert ("user", "too many") not in await gateway.said("agent:main:api:dm:x")
    assert (await gateway.agent())["queuedRuns"] == 0


async def test_a_run_of_more_than_300_seconds_fails(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("gateway: {chat: {reply: late, delay: 301s}}")

    async with asyncio.TaskGroup() as group:
        (answer,) = await start(group, gateway, "x", "hi")
        await clock.pass_milliseconds(299_999)
        assert (await gateway.agent())["activeRuns"] == 1
        await clock.pass_milliseconds(1)

    assert answer.result().refusal == (500, "INTERNAL")
    await clock.pass_milliseconds(10_000)
    assert await gateway.said("agent:main:api:dm:x") == [("user", "hi")]


async def test_a_run_of_299_seconds_does_not_fail(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("gateway: {chat: {reply: late, delay: 299s}}")

    async with asyncio.TaskGroup() as group:
        (answer,) = await start(group, gateway, "x", "hi")
        await clock.pass_milliseconds(299_000)

    assert answer.result().ok["response"] == "late"


async def test_a_client_that_hangs_up_does_not_stop_its_run(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(SLOW)

    async with connected(gateway.served.url) as connection:
        await connection.send(request_bytes("POST", "/api/chat", MESSAGE))
        await gateway.until_busy(1)
        connection.reset()
    await gateway.get("/health")
    await clock.pass_milliseconds(1_000)

    assert await gateway.said("agent:main:api:dm:x") == [("user", "hi"), ("assistant", "echo hi 1")]
    assert (await gateway.agent())["status"] == "idle"


async def test_a_client_that_hangs_up_does_not_lose_its_place(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(SLOW)

    async with asyncio.TaskGroup() as group:
        await start(group, gateway, "x", "one")
        async with connected(gateway.served.url) as connection:
            await connection.send(request_bytes("POST", "/api/chat", MESSAGE))
            await gateway.until_busy(1, 1)
            connection.reset()
        await clock.pass_milliseconds(2_000)

    assert len(await gateway.said("agent:main:api:dm:x")) == 4


async def test_deleting_a_session_ends_its_run(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(SLOW)
    path = "/api/sessions/agent:main:api:dm:x"

    async with asyncio.TaskGroup() as group:
        running, waiting = await start(group, gateway, "x", "one", "two")
        deleted = await gateway.send("DELETE", path)
        again = await gateway.send("DELETE", path)

    assert deleted.ok == {"ok": True, "key": "agent:main:api:dm:x", "deleted": True}
    assert again.refusal == (404, "NOT_FOUND")
    assert [each.result().ok["response"] for each in (running, waiting)] == ["", ""]
    await clock.pass_milliseconds(5_000)
    assert (await gateway.get(f"{path}/history")).refusal == (404, "NOT_FOUND")
    assert (await gateway.agent())["activeRuns"] == 0


async def test_what_waited_in_a_deleted_session_changes_nothing(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("""
        tables: {seen: {}}
        functions: {seen:list: {type: query, query: {table: seen}}}
        gateway:
          chat:
            rules:
              - {when: {message: wait}, reply: waited, delay: 1s}
              - {do: [{insert: {into: seen, document: {message: "${message}"}}}], reply: seen}
    """)

    async with asyncio.TaskGroup() as group:
        await start(group, gateway, "x", "wait", "insert")
        await gateway.send("DELETE", "/api/sessions/agent:main:api:dm:x")
    await clock.pass_milliseconds(5_000)

    assert (await query(gateway.served, "seen:list")).value == []


async def raw_chat(gateway: Gateway) -> bytes:
    async with connected(gateway.served.url) as connection:
        await connection.send(request_bytes("POST", "/api/chat", MESSAGE))
        return await connection.rest()


async def dying(serve: Serve, failure: str) -> Gateway:
    """Serve a chat whose first message is answered by a death."""
    return await serve(f"gateway: {{chat: {{sequence: [{{failure: {failure}}}, {{reply: alive}}]}}}}")


async def test_a_connection_is_closed_without_a_word(serve: Serve) -> None:
    gateway = await dying(serve, "disconnect")

    assert await raw_chat(gateway) == b""
    assert (await gateway.chat("hi", "x")).ok["response"] == "alive"
    assert await gateway.said("agent:main:api:dm:x") == [("user", "hi"), ("user", "hi"), ("assistant", "alive")]


async def test_a_connection_is_reset(serve: Serve) -> None:
    gateway = await dying(serve, "reset")

    with pytest.raises(ConnectionResetError):
        await raw_chat(gateway)
    assert (await gateway.chat()).ok["response"] == "alive"


async def test_a_connection_is_silent_for_ever(serve: Serve, clock: WatchedClock) -> None:
    gateway = await dying(serve, "timeout")

    async with connected(gateway.served.url) as connection:
        await connection.send(request_bytes("POST", "/api/chat", MESSAGE))
        while not await gateway.rows("sessions"):
            pass
        await clock.pass_milliseconds(3_600_000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connection.rest()

    assert (await gateway.chat("hi", "x")).ok["response"] == "alive"


async def test_an_answer_is_nonsense(serve: Serve) -> None:
    gateway = await dying(serve, "malformed")

    answer = await gateway.chat()

    assert answer.status == 200
    with pytest.raises(UnicodeDecodeError):
        json.loads(answer.body)


@pytest.mark.parametrize("sent", [0, 1, 20, 60])
async def test_an_answer_breaks_off_after_so_many_bytes(serve: Serve, sent: int) -> None:
    gateway = await serve(f"""
        gateway:
          chat:
            rules:
              - {{when: {{message: whole}}, reply: &said 안녕하세요 여러분, tokens: 0}}
              - {{reply: *said, failure: {{disconnect: {{after_bytes: {sent}}}}}}}
    """)
    whole = (await gateway.chat("whole", "x")).body

    head, _, body = (await raw_chat(gateway)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Length: %d" % len(whole) in head
    assert body == whole[:sent]
    assert len(body) == sent
