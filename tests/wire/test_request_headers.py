"""What rules and expressions see of a request's headers, and what they never see."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.demo import ADMIN
from tests.support.functions import mutation, post, query
from tests.support.raw import exchange, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

SEEN = """
deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret"]}
functions:
  who:asks:
    rules:
      - {when: {headers: {X-Team: tea}}, result: the tea team}
      - {when: {headers: {x-team: {$regex: "^coffee"}, Convex-Client: {$exists: true}}}, result: a client with coffee}
      - {when: {headers: {x-team: {$exists: false}}}, result: nobody's team}
      - {result: another team}
  seen:all: {result: "${request.headers}"}
  seen:one: {result: "${request.headers['x-team'] ?? 'none'}"}
  seen:names: {result: "${request.operation}", logs: ["${request.headers}"]}
"""


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve functions that look at headers."""
    async with serving(load_text(tmp_path, SEEN)) as served:
        yield served


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ({"x-team": "tea"}, "the tea team"),
        ({"X-TEAM": "tea"}, "the tea team"),
        ({"X-Team": "Tea"}, "another team"),
        ({"X-Team": "coffee and cake", "Convex-Client": "npm-1.48.0"}, "a client with coffee"),
        ({"X-Team": "coffee and cake"}, "another team"),
        ({}, "nobody's team"),
    ],
)
async def test_a_rule_may_ask_for_headers_whatever_the_case_of_their_names(
    seen: Served, headers: dict[str, str], value: str
) -> None:
    assert (await query(seen, "who:asks", headers=headers)).value == value
    assert (await mutation(seen, "who:asks", headers=headers)).value == value


@pytest.mark.parametrize("path", ["/api/run/seen/one", "/api/function", "/api/query_at_ts", "/api/action"])
async def test_headers_are_seen_at_every_endpoint(seen: Served, path: str) -> None:
    body = {"path": "seen:one", "args": {}, "ts": "AAAAAAAAAAA="}

    assert (await post(seen, path, body, {**ADMIN, "X-Team": "tea"})).value == "tea"
    assert (await post(seen, path, body, ADMIN)).value == "none"


async def test_the_queries_of_a_batch_see_the_headers_of_the_batch(seen: Served) -> None:
    answer = await post(seen, "/api/query_batch", {"queries": [{"path": "seen:one", "args": {}}]}, {"X-Team": "tea"})

    assert answer.json["results"][0]["value"] == "tea"


async def test_what_authorizes_is_not_among_the_headers(seen: Served) -> None:
    secrets = {**ADMIN, "Cookie": "session=s3cret", "X-Team": "tea"}

    headers = (await query(seen, "seen:all", headers=secrets)).value
    logged = (await query(seen, "seen:names", headers=secrets)).json

    assert headers["x-team"] == "tea"
    assert not {"authorization", "cookie"} & {name.lower() for name in headers}
    assert "s3cret" not in json.dumps([headers, logged])
    assert logged["value"] == "seen:names"


async def test_a_header_given_twice_is_seen_as_one(seen: Served) -> None:
    request = request_bytes("POST", "/api/query", b'{"path":"seen:one","args":{}}', {"X-Team": "tea", "x-team": "cake"})

    assert (await exchange(seen.url, request)).json["value"] == "tea, cake"


@pytest.mark.parametrize(
    ("raw", "value"), [("안녕".encode(), "안녕"), (b"caf\xe9", "caf\ufffd"), (b"\xff\xfe", "\ufffd\ufffd"), (b"", "")]
)
async def test_a_header_is_sound_text_whatever_was_sent(seen: Served, raw: bytes, value: str) -> None:
    request = request_bytes("POST", "/api/query", b'{"path":"seen:one","args":{}}', {"X-Team": raw})

    assert (await exchange(seen.url, request)).json["value"] == value


async def test_a_miss_says_what_the_headers_lacked(tmp_path: Path) -> None:
    text = "functions: {a:b: {when: {headers: {x-team: tea}}, result: 1}}"
    async with serving(load_text(tmp_path, text)) as served:
        miss = (await query(served, "a:b", headers={"X-Team": "coffee"})).headers["X-Emulator-Miss"]

    assert 'headers.x-team: expected "tea", got "coffee"' in miss
