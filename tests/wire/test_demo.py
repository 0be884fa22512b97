"""A demo over the wire: each visitor has a world of his own, and nobody the control token."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator import worlds
from emulator.runtime.files import FilesFullError
from emulator.values.durations import SECOND
from emulator.worlds import Terms, Worlds
from tests.support.clocks import Hand, settle
from tests.support.described import check_described
from tests.support.whole import Whole, whole

SCENARIO = """
tables: {notes: {}}
functions:
  notes:list: {type: query, query: {table: notes}}
  notes:add: {type: mutation, do: [{insert: {into: notes, document: {text: "${args.text}"}}}], result: null}
  notes:label: {result: before}
gateway: {agents: {main: {}}, chat: {reply: hello}}
"""
TERMS = Terms(600 * SECOND, 3, 3600 * SECOND)
BROWSER = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}


class Demo:
    """A demo that runs; `hand` has its timers."""

    def __init__(self, served: Whole, hand: Hand) -> None:
        self.served = served
        self.hand = hand

    @property
    def worlds(self) -> Worlds:
        found = self.served.server.worlds
        assert found is not None
        return found

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: object = None, port: str = "convex_url"
    ) -> aiohttp.ClientResponse:
        """Send a request as it is, with no cookies but those in `headers`."""
        url = f"{self.served.server.facts()[port]}{path}"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            response = await client.request(method, url, json=body, headers=headers)
            await response.read()
            return response

    async def call(self, name: str, who: str, **args: object) -> Any:
        """Call a function as somebody, and return its value."""
        path = f"/api/run/{name.replace(':', '/')}"
        answer = await self.ask("POST", path, {"X-Emulator-Visitor": who}, {"args": args})
        return (await answer.json())["value"]

    async def texts(self, who: str) -> list[str]:
        return [each["text"] for each in await self.call("notes:list", who)]

    async def control(self, path: str, who: str) -> Any:
        """Read from the control API of somebody's world."""
        answer = await self.ask("GET", f"/__emulator{path}", {"X-Emulator-Visitor": who})
        media = answer.headers.get("Content-Type")
        check_described("GET", answer.url.raw_path, answer.status, media, await answer.read())
        return await answer.json()


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    """Serve a demo; its timers come when a test rings them."""
    async with whole(tmp_path, {"default.yaml": SCENARIO}, keeping=TERMS) as served:
        hand = Hand()
        demo = Demo(served, hand)
        demo.worlds._later = hand
        yield demo


async def live(demo: Demo, client: aiohttp.ClientSession, headers: Mapping[str, str]) -> Any:
    """Return a socket that watches the notes, having heard of those that there are."""
    url = f"{demo.served.server.facts()['convex_url']}/api/sync"
    socket = await client.ws_connect(url, headers=headers)
    connect = {"connectionCount": 0, "lastCloseReason": None, "sessionId": "6e5d2b2c-0d52-4f0c-9d5c-7e4a2f2f3a11"}
    await socket.send_json({"type": "Connect", **connect})
    query = {"type": "Add", "queryId": 0, "udfPath": "notes:list", "args": [{}]}
    await socket.send_json({"type": "ModifyQuerySet", "baseVersion": 0, "newVersion": 1, "modifications": [query]})
    return socket


async def pushed(socket: Any) -> list[str]:
    while True:
        frame = json.loads((await socket.receive(timeout=10)).data)
        if frame["type"] == "Transition":
            return [each["text"] for change in frame["modifications"] for each in change["value"]]


async def test_each_visitor_has_a_world_of_his_own(demo: Demo) -> None:
    await demo.call("notes:add", "ada", text="of Ada")
    await demo.call("notes:add", "eve", text="of Eve")

    assert (await demo.texts("ada"), await demo.texts("eve")) == (["of Ada"], ["of Eve"])
    for who in ("ada", "eve"):
        headers = {"X-Emulator-Visitor": who}
        told = await demo.ask("POST", "/api/chat", headers, {"message": f"I am {who}"}, "gateway_url")
        assert told.status == 200
        sessions = await (await demo.ask("GET", "/api/sessions", headers, None, "gateway_url")).json()
        assert [each["messageCount"] for each in sessions["sessions"]] == [2]


async def test_a_browser_is_known_by_a_cookie_that_it_gets_with_the_first_page(demo: Demo) -> None:
    first = await demo.ask("GET", "/version", BROWSER)
    cookie = {"Cookie": f"emulator-visitor={first.cookies['emulator-visitor'].value}"}
    body = {"path": "notes:add", "args": {"text": "mine"}}
    again = await demo.ask("POST", "/api/mutation", {**BROWSER, **cookie}, body)
    found = await demo.ask("POST", "/api/query", cookie, {"path": "notes:list", "args": {}})

    assert "emulator-visitor" not in again.cookies
    assert [each["text"] for each in (await found.json())["value"]] == ["mine"]
    assert len(demo.worlds) == 1
    other = await demo.ask("GET", "/version", BROWSER)
    assert other.cookies["emulator-visitor"].value != first.cookies["emulator-visitor"].value


async def test_a_socket_gets_the_cookie_with_its_handshake_and_comes_back_to_its_world(demo: Demo) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        socket = await live(demo, client, {"Origin": "http://localhost:5173"})
        assert await pushed(socket) == []
        cookies = client.cookie_jar.filter_cookies(socket._response.url.with_scheme("http"))
        headers = {"Cookie": f"emulator-visitor={cookies['emulator-visitor'].value}"}
        await demo.ask("POST", "/api/mutation", headers, {"path": "notes:add", "args": {"text": "mine"}})
        await demo.call("notes:add", "somebody else", text="not mine")
        assert await pushed(socket) == ["mine"]
        await socket.close()

        again = await live(demo, client, {"Origin": "http://localhost:5173"})
        assert await pushed(again) == ["mine"]
        await again.close()
    assert len(demo.worlds) == 2


async def test_who_says_nothing_of_himself_is_known_by_the_address(demo: Demo) -> None:
    body = {"path": "notes:add", "args": {"text": "of this address"}}
    answer = await demo.ask("POST", "/api/mutation", {"Origin": "http://localhost:5173"}, body)
    found = await demo.ask("POST", "/api/query", {}, {"path": "notes:list", "args": {}})

    assert "emulator-visitor" not in answer.cookies
    assert [each["text"] for each in (await found.json())["value"]] == ["of this address"]


@pytest.mark.parametrize(
    ("method", "path", "port", "status"),
    [
        ("GET", "/version", "convex_url", 200),
        ("HEAD", "/version", "convex_url", 200),
        ("GET", "/nothing", "convex_url", 404),
        ("POST", "/api/query", "convex_url", 400),
        ("GET", "/api/agents", "gateway_url", 200),
        ("GET", "/", "gateway_url", 200),
        ("GET", "/__emulator/health", "convex_url", 200),
        ("OPTIONS", "/api/query", "convex_url", 200),
    ],
)
async def test_every_answer_says_that_it_is_a_demo(demo: Demo, method: str, path: str, port: str, status: int) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Origin": "http://a.b"} if method == "OPTIONS" else {}

    answer = await demo.ask(method, path, preflight, None, port)

    assert (answer.status, answer.headers["X-Emulator-Demo"]) == (status, "idle=600")


async def test_a_preflight_makes_no_world(demo: Demo) -> None:
    await demo.ask("OPTIONS", "/api/query", {"Access-Control-Request-Method": "POST", "Origin": "http://a.b"})

    assert len(demo.worlds) == 0


async def test_nobody_changes_anything_through_the_control_api(demo: Demo) -> None:
    described = await demo.control("/openapi.json", "ada")
    guarded = [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
        if "security" in operation
    ]
    assert len(guarded) > 15
    bearers = ("", f"Bearer {demo.served.server.app.token}", "Bearer None", "Bearer ")

    for method, path in guarded:
        for bearer in bearers:
            headers = {"X-Emulator-Visitor": "ada"} | ({"Authorization": bearer} if bearer else {})
            answer = await demo.ask(method, path, headers)
            assert (answer.status, (await answer.json())["error"]["code"]) == (403, "demo"), (method, path, bearer)
    assert demo.served.server.facts()["token"] is None
    told = await demo.ask("POST", "/__emulator/reset", {})
    message = "this is a demo: through the control API nothing is changed, and only this machine may read"
    assert (await told.json())["error"]["message"] == message


async def test_the_control_api_shows_a_visitor_his_own_world(demo: Demo) -> None:
    await demo.call("notes:add", "ada", text="of Ada")
    await demo.call("notes:list", "eve")

    assert [each["operation"] for each in (await demo.control("/journal", "ada"))["calls"]] == ["notes:add"]
    health = await demo.control("/health", "eve")
    assert {"demo": True, "worlds": 2, "status": "ok", "scenario": "default"}.items() <= health.items()


async def test_a_page_of_another_name_may_ask_for_the_health_and_nothing_else(demo: Demo) -> None:
    elsewhere = {"Host": "demo.example.com"}

    assert (await demo.ask("GET", "/__emulator/health", elsewhere)).status == 200
    assert (await demo.ask("GET", "/__emulator/journal", elsewhere)).status == 403


async def test_the_world_that_was_left_longest_ago_gives_way(demo: Demo) -> None:
    for who in ("ada", "eve", "bob", "ada", "joe"):
        await demo.call("notes:add", who, text=who)

    assert len(demo.worlds) == 3
    assert [await demo.texts(who) for who in ("ada", "bob", "joe")] == [["ada", "ada"], ["bob"], ["joe"]]
    assert await demo.texts("eve") == []


async def test_a_world_in_which_somebody_is_gives_way_last(demo: Demo) -> None:
    async with aiohttp.ClientSession() as client:
        socket = await live(demo, client, {"X-Emulator-Visitor": "ada"})
        await pushed(socket)
        for who in ("eve", "bob", "joe"):
            await demo.call("notes:add", who, text=who)
        await demo.call("notes:add", "ada", text="still here")

        assert await pushed(socket) == ["still here"]
        assert await demo.texts("eve") == []
        await socket.close()


async def test_with_somebody_in_each_the_oldest_gives_way_and_is_told(demo: Demo) -> None:
    async with aiohttp.ClientSession() as client:
        sockets = [await live(demo, client, {"X-Emulator-Visitor": str(number)}) for number in range(4)]
        first = await sockets[0].receive()
        while first.type is aiohttp.WSMsgType.TEXT:
            first = await sockets[0].receive()

        assert (first.type, first.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        assert await pushed(sockets[3]) == []
        for socket in sockets:
            await socket.close()


async def test_a_world_ends_when_it_lies_idle_and_not_while_somebody_is_in_it(demo: Demo) -> None:
    await demo.call("notes:add", "ada", text="gone soon")
    demo.hand.ring(9)
    assert await demo.texts("ada") == ["gone soon"]
    demo.hand.ring(10)
    assert len(demo.worlds) == 1
    demo.hand.ring()
    assert (len(demo.worlds), demo.hand.waiting) == (0, [])
    assert set(demo.hand.seconds) == {60.0}

    async with aiohttp.ClientSession() as client:
        socket = await live(demo, client, {"X-Emulator-Visitor": "ada"})
        assert await pushed(socket) == []
        demo.hand.ring(30)
        assert len(demo.worlds) == 1
        await socket.close()
    async with asyncio.timeout(10):
        while demo.worlds._open[next(iter(demo.worlds._open))].under_way:
            await settle()
    demo.hand.ring(11)
    assert len(demo.worlds) == 0


async def test_all_worlds_begin_anew_on_their_schedule(demo: Demo) -> None:
    await demo.call("notes:add", "eve", text="of Eve")
    async with aiohttp.ClientSession() as client:
        socket = await live(demo, client, {"X-Emulator-Visitor": "ada"})
        await pushed(socket)
        await demo.call("notes:add", "ada", text="of Ada")
        assert await pushed(socket) == ["of Ada"]
        demo.hand.waiting.clear()
        demo.worlds.begin()

        demo.hand.ring()

        assert await pushed(socket) == []
        assert await demo.texts("eve") == []
        assert (demo.hand.seconds[-1], len(demo.hand.waiting)) == (3600.0, 1)
        await socket.close()


async def test_what_is_saved_is_in_force_in_all_worlds(demo: Demo) -> None:
    await demo.call("notes:add", "ada", text="kept")

    await demo.served.save("default.yaml", SCENARIO.replace("result: before", "result: after"))

    assert [await demo.call("notes:label", who) for who in ("ada", "eve")] == ["after", "after"]
    assert await demo.texts("ada") == ["kept"]


async def test_who_has_written_too_much_begins_anew(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "MAX_WEIGHT", 100_000)
    for _ in range(3):
        await demo.call("notes:add", "ada", text="x" * 30_000)
    for _ in range(200):
        await demo.call("notes:list", "ada")
    assert len(await demo.texts("ada")) == 3

    await demo.call("notes:add", "ada", text="x" * 30_000)

    assert await demo.texts("ada") == []


async def test_nothing_is_left_of_a_world_that_ended(demo: Demo) -> None:
    await demo.call("notes:add", "ada", text="x")
    await demo.control("/status", "ada")
    (visited,) = demo.worlds._open.values()
    emulator = weakref.ref(visited.world.emulator)
    del visited

    demo.hand.ring(11)
    await demo.worlds._background.close()
    await demo.call("notes:list", "eve")
    gc.collect()

    assert emulator() is None


async def test_all_sockets_are_told_when_the_demo_ends(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as client:
        async with whole(tmp_path, {"default.yaml": SCENARIO}, keeping=TERMS) as served:
            socket = await live(Demo(served, Hand()), client, {"X-Emulator-Visitor": "ada"})
            await pushed(socket)
        closing = await socket.receive()

    assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1001)


async def test_a_visitor_stores_so_many_bytes_and_no_more(demo: Demo) -> None:
    await demo.call("notes:list", "ada")
    (visited,) = demo.worlds._open.values()

    with pytest.raises(FilesFullError):
        visited.world.emulator.files.add("digest", b"x" * (9 * 1024 * 1024), ())
