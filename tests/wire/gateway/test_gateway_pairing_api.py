"""Devices, and how they are paired (openclaw §1.9)."""

from __future__ import annotations

import base64
import re

import pytest

from tests.support.clocks import WatchedClock
from tests.support.gateway import Gateway, GatewayAnswer
from tests.wire.gateway.conftest import Serve

CODE = re.compile(r"[2-9A-HJ-NP-Z]{8}")
NODES = """
gateway:
  auth: {password: secret}
  nodes:
    node-7:
      name: Hana's phone
      capabilities: [camera, location, canvas]
      last_seen: 2024-02-08T12:00:00Z
    desk: {platform: linux, status: offline}
"""
ALL = {"Authorization": "Bearer secret"}


async def pair(gateway: Gateway) -> str:
    code = (await gateway.post("/api/nodes/pair")).ok["code"]
    assert isinstance(code, str)
    return code


async def redeem(gateway: Gateway, code: object, **more: object) -> GatewayAnswer:
    return await gateway.post("/api/nodes/pair/redeem", {"code": code, **more})


async def test_devices_are_listed_with_what_they_have(serve: Serve) -> None:
    gateway = await serve(NODES)

    assert (await gateway.get("/api/nodes", ALL)).ok == {
        "nodes": [
            {
                "id": "node-7",
                "name": "Hana's phone",
                "platform": "ios",
                "status": "online",
                "capabilities": ["camera", "location", "canvas"],
                "lastSeen": "2024-02-08T12:00:00Z",
            },
            {"id": "desk", "name": "desk", "platform": "linux", "status": "offline", "capabilities": []},
        ]
    }


async def test_a_code_comes_with_its_picture_and_its_end(serve: Serve) -> None:
    gateway = await serve("gateway: {}")

    answer = (await gateway.post("/api/nodes/pair")).ok

    assert set(answer) == {"code", "qrCode", "expiresAt"}
    assert CODE.fullmatch(answer["code"])
    assert answer["expiresAt"] == "2023-11-14T22:18:20Z"
    kind, _, data = answer["qrCode"].partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data, validate=True).startswith(b"\x89PNG\r\n\x1a\n")


async def test_codes_differ_and_are_the_same_in_every_run(serve: Serve) -> None:
    gateway, again = await serve("gateway: {}"), await serve("gateway: {}")

    codes = [await pair(gateway) for _ in range(20)]

    assert len(set(codes)) == 20
    assert [await pair(again) for _ in range(20)] == codes


async def test_codes_begin_anew_after_a_reset(serve: Serve) -> None:
    gateway = await serve("gateway: {}")

    code = await pair(gateway)
    await pair(gateway)
    gateway.emulator.reset()

    assert await pair(gateway) == code


@pytest.mark.parametrize("body", [None, "", "{}", '{"name": "Hana"}', '{"name": 1}'])
async def test_a_code_needs_no_body(serve: Serve, body: str | None) -> None:
    gateway = await serve("gateway: {}")

    assert (await gateway.send("POST", "/api/nodes/pair", body)).status == 200


async def test_a_code_pairs_a_device_once_and_without_a_secret(serve: Serve) -> None:
    gateway = await serve(NODES)
    code = (await gateway.post("/api/nodes/pair", None, ALL)).ok["code"]

    answer = await redeem(gateway, code, name="휴대폰", platform="android", capabilities=["camera"])
    again = await redeem(gateway, code)

    node = {
        "id": "node-1",
        "name": "휴대폰",
        "platform": "android",
        "status": "online",
        "capabilities": ["camera"],
        "lastSeen": "2023-11-14T22:13:20Z",
    }
    assert answer.ok["node"] == node
    assert set(answer.ok) == {"node", "token"}
    assert re.fullmatch(r"node_[0-9a-f]{32}", answer.ok["token"])
    assert again.refusal == (404, "NOT_FOUND")
    assert (await gateway.get("/api/nodes", ALL)).ok["nodes"][2] == node


async def test_a_device_that_says_nothing_of_itself_is_named_by_its_id(serve: Serve) -> None:
    gateway = await serve("gateway: {nodes: {node-1: {}}}")

    answer = await redeem(gateway, await pair(gateway), name=None, platform=None, capabilities=None)

    assert answer.ok["node"]["id"] == answer.ok["node"]["name"] == "node-2"
    assert (answer.ok["node"]["platform"], answer.ok["node"]["capabilities"]) == ("ios", [])


async def test_devices_are_numbered_by_those_that_were_paired(serve: Serve) -> None:
    gateway = await serve("gateway: {}")

    await redeem(gateway, "WRONG234")
    ids = [(await redeem(gateway, await pair(gateway))).ok["node"]["id"] for _ in range(2)]
    await gateway.send("DELETE", "/api/nodes/node-2")
    ids.append((await redeem(gateway, await pair(gateway))).ok["node"]["id"])

    assert ids == ["node-1", "node-2", "node-3"]


async def test_a_code_is_read_as_people_type_it(serve: Serve) -> None:
    gateway = await serve("gateway: {pairing: {code: K7RM2XQH}}")

    for typed in ("k7rm2xqh", "K7RM-2XQH", " k7rm 2xqh ", "k-7-r-m-2-x-q-h"):
        assert await pair(gateway) == "K7RM2XQH"
        assert (await redeem(gateway, typed)).status == 200


@pytest.mark.parametrize("typed", ["", "K7RM2XQ", "K7RM2XQH2", "K7RM2XQЯ", "-", "ABCD1234"])
async def test_another_code_pairs_nothing(serve: Serve, typed: str) -> None:
    gateway = await serve("gateway: {pairing: {code: K7RM2XQH}}")
    await pair(gateway)

    refused = await redeem(gateway, typed)

    assert refused.refusal == ((404, "NOT_FOUND") if typed.strip() else (400, "INVALID_REQUEST"))
    assert await gateway.rows("nodes") == []
    assert (await redeem(gateway, "K7RM2XQH")).status == 200


async def test_several_codes_are_good_at_once(serve: Serve) -> None:
    gateway = await serve("gateway: {}")
    codes = [await pair(gateway) for _ in range(3)]

    assert [(await redeem(gateway, each)).status for each in reversed(codes)] == [200, 200, 200]


async def test_a_code_expires(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("gateway: {}")
    first, second = await pair(gateway), await pair(gateway)

    await clock.pass_milliseconds(299_999)
    in_time = await redeem(gateway, first)
    await clock.pass_milliseconds(1)
    late = await redeem(gateway, second)

    assert (in_time.status, late.refusal) == (200, (404, "NOT_FOUND"))


async def test_code_and_lifetime_may_be_given(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("gateway: {pairing: {code: ABCD1234, ttl: 10s}}")

    answer = (await gateway.post("/api/nodes/pair")).ok
    await clock.pass_milliseconds(10_000)

    assert (answer["code"], answer["expiresAt"]) == ("ABCD1234", "2023-11-14T22:13:30Z")
    assert (await redeem(gateway, "ABCD1234")).refusal == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("more", "issue"),
    [
        ({"code": 1}, "code"),
        ({"code": None}, "code"),
        ({"code": "  "}, "code"),
        ({"name": ""}, "name"),
        ({"name": 1}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"platform": "amiga"}, "platform"),
        ({"platform": ["ios"]}, "platform"),
        ({"capabilities": "camera"}, "capabilities"),
        ({"capabilities": [1]}, "capabilities"),
        ({"capabilities": ["x"] * 51}, "capabilities"),
    ],
    ids=lambda each: repr(each)[:40],
)
async def test_what_is_wrong_with_a_device_is_told_and_its_code_stays_good(
    serve: Serve, more: dict[str, object], issue: str
) -> None:
    gateway = await serve("gateway: {}")
    code = await pair(gateway)

    assert (await gateway.post("/api/nodes/pair/redeem", {"code": code, **more})).issues == [issue]
    assert (await redeem(gateway, code)).status == 200


async def test_whoever_guesses_codes_is_told_to_wait(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("gateway: {}")
    code = await pair(gateway)

    misses = [(await redeem(gateway, "WRONG234")).status for _ in range(10)]
    await clock.pass_milliseconds(20_000)
    blocked = await redeem(gateway, code)
    await clock.pass_milliseconds(40_000)
    allowed = await redeem(gateway, code)

    assert misses == [404] * 10
    assert blocked.refusal == (429, "RATE_LIMIT")
    assert (blocked.headers["Retry-After"], blocked.error["details"]) == ("40", {"retryAfter": 40})
    assert allowed.status == 200


async def test_a_device_is_forgotten_when_told_so(serve: Serve) -> None:
    gateway = await serve(NODES)

    deleted = await gateway.send("DELETE", "/api/nodes/node-7", None, ALL)
    again = await gateway.send("DELETE", "/api/nodes/node-7", None, ALL)

    assert deleted.ok == {"ok": True, "id": "node-7", "deleted": True}
    assert again.refusal == (404, "NOT_FOUND")
    assert [each["id"] for each in (await gateway.get("/api/nodes", ALL)).ok["nodes"]] == ["desk"]


async def test_a_picture_is_made_whatever_the_host(serve: Serve) -> None:
    gateway = await serve("gateway: {}")

    for host in ("x" * 5_000, "한국", "", "[::1]:18789"):
        answer = await gateway.send("POST", "/api/nodes/pair", None, {"Host": host})
        assert answer.ok["qrCode"].startswith("data:image/png;base64,")
