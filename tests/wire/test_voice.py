"""The emulator's own voice: headers that say which rule answered, or why none did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo import DEMO
from tests.support.functions import post, query
from tests.support.raw import RawAnswer, exchange, request_bytes
from tests.support.scenarios import load_files, load_text
from tests.support.serving import Served, serving

NAMES = ("x-emulator-call", "x-emulator-revision", "x-emulator-rule", "x-emulator-miss")


async def raw_query(served: Served, body: object, headers: dict[str, str | bytes] | None = None) -> RawAnswer:
    return await exchange(served.url, request_bytes("POST", "/api/query", json.dumps(body).encode(), headers))


def place_of(text: str) -> str:
    """Return line and column of a text in the demonstration scenario."""
    before, _, _ = DEMO.partition(text)
    return f"{before.count(chr(10)) + 1}:{len(before.rpartition(chr(10))[2]) + 1}"


async def test_an_answer_names_its_call_its_revision_and_its_rule(served: Served) -> None:
    headers = (await query(served, "jobs/nightly")).headers

    assert headers["X-Emulator-Call"] == "1"
    assert headers["X-Emulator-Revision"] == "1"
    assert headers["X-Emulator-Rule"].endswith(f"default.yaml:{place_of('jobs/nightly')}")
    assert "X-Emulator-Miss" not in headers


async def test_the_rule_is_the_one_among_several_that_answered(served: Served) -> None:
    for args, rule in [
        ({"n": 1}, "{when: {args: {n: 1}}"),
        ({"a": 1}, "{when: {args: {a: 1}}"),
        ({}, "{result: other}"),
    ]:
        headers = (await query(served, "echo:args", args)).headers
        assert headers["X-Emulator-Rule"].endswith(f":{place_of(rule)}")


@pytest.mark.parametrize("name", ["errors:plain", "errors:data"])
async def test_an_error_names_its_rule_as_well(served: Served, name: str) -> None:
    assert f":{place_of(name)}" in (await query(served, name)).headers["X-Emulator-Rule"]


async def test_calls_and_revisions_are_counted(served: Served, tmp_path: Path) -> None:
    await query(served, "no:such")
    served.emulator.swap(load_text(tmp_path, DEMO))

    headers = (await query(served, "jobs/nightly")).headers

    assert (headers["X-Emulator-Call"], headers["X-Emulator-Revision"]) == ("2", "2")


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("messages:lst", {}, "messages:lst is not scripted; nearest: messages:list ("),
        ("zzz:qqq", {}, "zzz:qqq is not scripted, and nothing scripted looks like it"),
        ("messages:send", {}, "is a mutation, called as query"),
    ],
)
async def test_a_miss_says_why_and_names_no_rule(served: Served, name: str, args: Any, reason: str) -> None:
    headers = (await query(served, name, args)).headers

    assert reason in headers["X-Emulator-Miss"]
    assert "X-Emulator-Rule" not in headers
    assert headers["X-Emulator-Call"] == "1"


async def test_an_unmatched_call_says_what_differs(tmp_path: Path) -> None:
    text = "functions: {f:g: {when: {args: {channel: general}}, result: 1}}"
    async with serving(load_text(tmp_path, text)) as served:
        headers = (await query(served, "f:g", {"channel": "random"})).headers

    assert headers["X-Emulator-Miss"].endswith('where args.channel: expected "general", got "random"')


async def test_production_hides_a_miss_from_the_body_and_not_from_the_developer(tmp_path: Path) -> None:
    async with serving(load_text(tmp_path, "deployment: {type: prod}\nfunctions: {a:b: {result: 1}}")) as served:
        answer = await query(served, "a:c")

    assert b"not scripted" not in answer.body
    assert "not scripted" in answer.headers["X-Emulator-Miss"]


async def test_the_voice_is_never_in_the_body(served: Served) -> None:
    answer = await query(served, "jobs/nightly")

    assert set(answer.json) == {"status", "value", "logLines"}


async def test_a_batch_names_the_calls_and_rules_of_all_its_queries(served: Served) -> None:
    queries: list[dict[str, object]] = [
        {"path": name, "args": {}} for name in ("jobs/nightly", "no:such", "jobs:status")
    ]

    headers = (await post(served, "/api/query_batch", {"queries": queries})).headers

    assert headers["X-Emulator-Call"] == "1, 2, 3"
    assert headers["X-Emulator-Rule"].count("default.yaml:") == 2
    assert "no:such is not scripted" in headers["X-Emulator-Miss"]


async def test_the_headers_of_a_large_batch_stay_small(served: Served) -> None:
    queries = [{"path": name, "args": {}} for name in ["jobs/nightly", "no:such"] * 400]

    answer = await post(served, "/api/query_batch", {"queries": queries})

    assert len(answer.json["results"]) == 800
    assert all(len(value) <= 1_100 for value in answer.headers.values())


async def test_requests_that_reach_no_function_have_no_voice(served: Served) -> None:
    for path, body in [("/api/query", {}), ("/api/nothing", {}), ("/api/query", {"path": "x.ts", "args": {}})]:
        headers = (await post(served, path, body)).headers
        assert not [name for name in headers if name.lower().startswith("x-emulator-")]


INJECTION = "x\r\nX-Injected: yes\r\n\r\n<html>"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"path": INJECTION, "args": {}}, {}),
        ({"path": f"{INJECTION}:list", "args": {}}, {}),
        ({"path": "f:g", "args": {"channel": INJECTION}}, {}),
        ({"path": "f:g", "args": {"channel": {"a": ["안녕 \x7f\x85\u2028", "\U0001f600"]}}}, {}),
        ({"path": "f:g", "args": {"안녕": 1}}, {}),
        ({"path": "f:g", "args": {INJECTION: 1}}, {}),
        ({"path": "f:g", "args": {}, "format": INJECTION}, {}),
        ({"path": "f:g", "args": {"channel": "x" * 100_000}}, {}),
        ({"path": "a/" * 2_000 + "b:c", "args": {}}, {}),
        ({"path": "f:g", "args": {}}, {"Convex-Request-Id": "안녕"}),
        ({"path": "f:g", "args": {}}, {"Convex-Request-Id": b"\xff\xfe"}),
        ({"path": "f:g", "args": {}}, {"Convex-Request-Id": "a\tb"}),
        ({"path": "f:g", "args": {}}, {"User-Agent": b"\xff", "X-Any": b"\x80"}),
    ],
    ids=lambda each: repr(each)[:50],
)
async def test_nothing_a_client_says_breaks_out_of_a_header(
    tmp_path: Path, body: object, headers: dict[str, str | bytes]
) -> None:
    text = "functions: {f:g: {when: {args: {channel: 일반}}, result: 1}, 'f:h': {error: no}}"
    async with serving(load_text(tmp_path, text)) as served:
        answer = await raw_query(served, body, headers)

    assert answer.status in {200, 400}
    assert answer.header("x-injected") is None
    assert isinstance(answer.json, dict)
    for name, value in answer.headers:
        assert value.isascii(), (name, value)
        assert value.isprintable(), (name, value)
        assert len(value) <= 1_100, name


@pytest.mark.parametrize("request_id", ["a\r\nX-Injected: yes", "a\nX-Injected: yes", "a\r\n\r\nHTTP/1.1 200 OK"])
async def test_a_request_id_with_line_breaks_injects_nothing(served: Served, request_id: str) -> None:
    answer = await raw_query(served, {"path": "errors:plain", "args": {}}, {"Convex-Request-Id": request_id})

    assert answer.header("x-injected") is None
    assert answer.status in {200, 400}


async def test_a_file_of_any_name_is_named_safely(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"안녕 scenario.yaml": "functions: {a:b: {result: 1}}"})
    (scenario,) = loaded.scenarios.values()
    assert scenario is not None

    async with serving(scenario) as served:
        rule = (await query(served, "a:b")).headers["X-Emulator-Rule"]

    assert rule.isascii()
    assert rule.endswith("\\uc548\\ub155 scenario.yaml:1:13")
