"""HTTP actions: routes, what requests say, what they are answered with (contract convex §12)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from tests.support.clocks import WatchedClock
from tests.support.functions import query, send
from tests.support.http_actions import SCENARIO
from tests.support.raw import exchange, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

SIGNED = {"X-Signature": "s"}
PLAIN_TEXT = "text/plain;charset=UTF-8"


@pytest.fixture
async def shop(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve a shop's HTTP actions."""
    async with serving(load_text(tmp_path, SCENARIO), clock) as served:
        yield served


async def text_of(served: Served, path: str, by: str = "GET", **headers: str) -> str:
    """Return what a path is answered with, which must be well."""
    answer = await send(served, f"/http{path}", by=by, headers=headers)
    assert answer.status == 200, answer
    return answer.body.decode()


async def hook(served: Served, kind: str, **headers: str) -> Any:
    """Post an event."""
    return await send(served, "/http/hooks", json.dumps({"type": kind}), {**SIGNED, **headers})


async def test_the_first_rule_that_holds_answers_with_its_status(shop: Served) -> None:
    answer = await send(shop, "/http/hooks", '{"type": "charge.failed"}')

    assert (answer.status, answer.body) == (400, b'{"error":"no signature"}')
    assert answer.headers["X-Emulator-Rule"].endswith("default.yaml:11:9")


async def test_effects_are_done_before_the_answer_which_knows_their_names(shop: Served) -> None:
    answer = await hook(shop, "charge.failed", Authorization="Bearer token-of-ada")

    (event,) = (await query(shop, "events:list")).value
    assert (event["type"], event["by"]) == ("charge.failed", "Ada")
    assert (answer.status, answer.headers["x-id"], answer.headers["x-count"]) == (201, event["_id"], "3")
    assert answer.body == b'{"received":true,"n":3,"id":"%b"}' % event["_id"].encode()


async def test_a_thrown_convex_error_is_a_500_with_code_trace_and_data(shop: Served) -> None:
    answer = await hook(shop, "boom", **{"Convex-Request-Id": "abc"})

    assert answer.status == 500
    assert answer.json == {
        "code": "[Request ID: abc] Server Error: out of tea",
        "trace": f"Uncaught ConvexError: out of tea\n    at handler ({answer.headers['X-Emulator-Rule']})",
        "data": {"code": "TEA"},
    }


async def test_a_thrown_error_has_no_data(shop: Served) -> None:
    answer = await hook(shop, "plain")

    assert set(answer.json) == {"code", "trace"}
    assert answer.json["code"].endswith("] Server Error: out of tea")
    assert answer.json["trace"].startswith("Uncaught Error: out of tea\n    at ")


async def test_production_shows_the_first_part_of_the_code_and_the_data(tmp_path: Path) -> None:
    async with serving(load_text(tmp_path, SCENARIO.replace("{name: shop,", "{name: shop, type: prod,"))) as shop:
        plain, boom = await hook(shop, "plain", **{"Convex-Request-Id": "x"}), await hook(shop, "boom")

    assert plain.json == {"code": "[Request ID: x] Server Error"}
    assert set(boom.json) == {"code", "data"}


async def test_a_failure_is_the_deployments_own(shop: Served) -> None:
    assert (await hook(shop, "busy")).refusal[:2] == (503, "ExecuteFullError")


async def test_a_connection_can_die_over_an_answer(shop: Served) -> None:
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await hook(shop, "gone")


@pytest.mark.parametrize("kind", ["none", "unheard of"])
async def test_what_has_no_answer_is_a_500_that_says_why(shop: Served, kind: str) -> None:
    answer = await hook(shop, kind)

    assert answer.status == 500
    assert answer.headers["X-Emulator-Miss"].rpartition(": ")[2] in answer.json["trace"]


async def test_a_near_miss_names_the_nearest_rule_and_what_differs(shop: Served) -> None:
    answer = await hook(shop, "charge.paid")

    told = answer.headers["X-Emulator-Miss"]
    assert told.startswith("no rule of POST /http/hooks matches; nearest: ")
    assert told.endswith('default.yaml:11:9, where headers.x-signature: expected nothing, got "s"')


async def test_a_near_miss_says_what_of_the_body_differs(shop: Served) -> None:
    answer = await send(shop, "/http/wants", '{"type": ["charge.paid"]}')

    assert answer.headers["X-Emulator-Miss"].endswith('request.body.type: expected "a", got ["charge.paid"]')


async def test_exact_paths_come_before_prefixes_and_long_prefixes_before_short_ones(shop: Served) -> None:
    paths = ("/files/img/logo", "/files/img/logo2", "/files/img/", "/files/img", "/files/")

    assert [await text_of(shop, path) for path in paths] == [
        "logo",
        "image /files/img/logo2",
        "image /files/img/",
        "any /files/img",
        "any /files/",
    ]


@pytest.mark.parametrize("path", ["/", "/files", "/hooks", "/echo/", "/Echo", "/echo2"])
async def test_a_path_or_a_method_without_a_route_is_404_in_plain_text(shop: Served, path: str) -> None:
    answer = await send(shop, f"/http{path}", by="GET")

    assert (answer.status, answer.body) == (404, b"No matching routes found")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Emulator-Miss"].startswith(f"GET /http{path} is not scripted")


async def test_an_app_without_http_actions_says_so(served: Served) -> None:
    answer = await send(served, "/http/hooks", "{}")

    assert (answer.status, answer.body) == (404, b"This Convex deployment does not have HTTP actions enabled.")


async def test_a_section_without_routes_has_no_matching_route(tmp_path: Path) -> None:
    async with serving(load_text(tmp_path, "http: {}")) as empty:
        assert (await send(empty, "/http/x")).body == b"No matching routes found"


async def test_expressions_see_method_path_query_headers_and_body(shop: Served) -> None:
    path = f"/echo?a=1&b=&c=2&c=3&d={quote('안녕')}"

    seen = json.loads(await text_of(shop, path, **{"X-One": "1", "Authorization": "Bearer secret", "Cookie": "a=b"}))

    headers = seen.pop("headers")
    assert headers["x-one"] == "1"
    assert not {"authorization", "cookie"} & set(headers)
    assert seen == {
        "operation": "GET /http/echo",
        "method": "GET",
        "path": "/echo",
        "query": {"a": "1", "b": "", "c": ["2", "3"], "d": "안녕"},
        "body": None,
    }


@pytest.mark.parametrize(
    ("kind", "sent", "got"),
    [
        ("application/json", b'{"a":[1,null,2.5]}', b'{"a":[1,null,2.5]}'),
        ("application/vnd.x+json; charset=utf-8", b"7", b"7"),
        ("application/x-www-form-urlencoded", b'{"curl":"sends this"}', b'{"curl":"sends this"}'),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y&b=%ED%95%9C", '{"a":"1","b":["x y","한"]}'.encode()),
        ("application/json", b"{broken", b"{broken"),
        ("application/json", b"[" * 70 + b"]" * 70, b"[" * 70 + b"]" * 70),
        ("text/plain", "안녕".encode(), "안녕".encode()),
        ("text/plain", b"7", b"7"),
        ("", b"\x00\xff\xfe", b"\x00\xff\xfe"),
        ("text/plain", b"", b""),
    ],
)
async def test_a_body_is_json_a_form_a_text_or_bytes(shop: Served, kind: str, sent: bytes, got: bytes) -> None:
    answer = await send(shop, "/http/echo", sent, {"Content-Type": kind}, by="PUT")

    assert (answer.status, answer.body) == (200, got)


async def test_bodies_have_the_type_that_fits_unless_the_scenario_says_another(shop: Served) -> None:
    types = [
        (await send(shop, f"/http{path}", by="GET")).headers.get("Content-Type") for path in ("/who", "/echo", "/bytes")
    ]

    assert types == [PLAIN_TEXT, "application/json", "image/png"]


@pytest.mark.parametrize(
    ("authorization", "name"),
    [("Bearer token-of-ada", "Ada"), ("Bearer foreign", "nobody"), ("Basic abc", "nobody"), ("x", "nobody")],
)
async def test_a_foreign_authorization_is_nobody_and_no_failure(shop: Served, authorization: str, name: str) -> None:
    assert await text_of(shop, "/who", Authorization=authorization) == name


async def test_a_sequence_answers_one_after_the_other(shop: Served) -> None:
    answers = [await send(shop, "/http/jobs", by="GET") for _ in range(4)]

    assert [(each.status, each.body) for each in answers] == [
        (200, b"queued"),
        (202, b"running"),
        *[(200, b"done")] * 2,
    ]


async def test_head_runs_the_handler_of_get_and_leaves_the_body_out(shop: Served) -> None:
    answer = await send(shop, "/http/jobs", by="HEAD")

    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "6")
    assert (await send(shop, "/http/jobs", by="GET")).status == 202


async def test_effects_alone_are_an_answer_without_a_body(shop: Served) -> None:
    answer = await send(shop, "/http/events", by="DELETE")

    assert (answer.status, answer.body) == (200, b"")
    assert shop.emulator.reading().variables() == {"mode": "empty"}


async def test_options_are_the_apps_own_and_no_cors_header_is_added(shop: Served) -> None:
    ask = {"Origin": "http://a.example", "Access-Control-Request-Method": "POST"}

    preflight = await send(shop, "/http/hooks", by="OPTIONS", headers=ask)
    answer = await send(shop, "/http/who", by="GET", headers=ask)

    assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, "*")
    assert "Content-Length" not in preflight.headers
    assert not {"access-control-allow-origin", "vary"} & {name.lower() for name in answer.headers}


@pytest.mark.parametrize(("code", "status"), [("201", 500), ("", 500)])
async def test_a_computed_status_that_is_none_is_a_500(shop: Served, code: str, status: int) -> None:
    assert (await send(shop, f"/http/status?code={code}", by="GET")).status == status


async def test_a_computed_header_cannot_break_out_of_its_line(shop: Served) -> None:
    answer = await send(shop, "/http/header?text=a%0d%0aSet-Cookie:%20x", by="GET")

    assert answer.status == 500
    assert "Set-Cookie" not in answer.headers
    assert "control characters" in answer.json["code"]


async def test_a_body_over_20_mib_is_refused(shop: Served) -> None:
    limit = 20 * 1024 * 1024

    answer = await exchange(shop.url, request_bytes("PUT", "/http/echo", headers={"Content-Length": str(limit + 1)}))

    assert (answer.status, answer.json["code"]) == (400, "BadJsonBody")


async def test_calls_are_journalled_under_their_route(shop: Served) -> None:
    await text_of(shop, "/files/a.txt")
    await send(shop, "/http/nowhere", by="PATCH")

    operations = [entry.call.operation for entry in shop.emulator.journal]
    assert operations == ["GET /http/files/*", "PATCH /http/nowhere"]


async def test_faults_and_limits_are_laid_over_routes(tmp_path: Path) -> None:
    laid = """
limits: [{on: "GET /http/who", allow: 1, per: 1h}]
faults: [{name: down, on: "* /http/files/*", failure: overloaded}]
"""
    async with serving(load_text(tmp_path, SCENARIO + laid)) as shop:
        statuses = [
            (await send(shop, f"/http{path}", by="GET")).status for path in ("/who", "/who", "/files/x", "/jobs")
        ]

    assert statuses == [200, 429, 503, 200]


async def test_functions_cannot_be_called_by_the_name_of_a_route(shop: Served) -> None:
    assert (await query(shop, "GET /http/who")).status == 400


@pytest.mark.parametrize(
    ("chosen", "status", "body"),
    [("busy", 503, b"come back"), ("empty", 200, b""), ("error", 500, None), ("nothing", 200, b"nobody")],
)
async def test_a_route_has_variants(shop: Served, chosen: str, status: int, body: bytes | None) -> None:
    answer = await send(shop, "/http/who", by="GET", headers={"X-Emulator-Use": f"GET /http/who={chosen}"})

    assert answer.status == status
    assert body is None or answer.body == body
