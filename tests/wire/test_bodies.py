"""Bodies that are not what a route reads, refused in the words of the service (contract convex §1.3, §16)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest

from tests.support.functions import post, query, send
from tests.support.raw import connected, exchange, request_bytes
from tests.support.serving import Served

LIMIT = 16 * 1024 * 1024 + 2_000
NOT_JSON_TYPE = b'{"code":"BadJsonBody","message":"Expected request with `Content-Type: application/json`"}'
SHAPE = "Failed to deserialize the JSON body into the target type: "
TOO_LONG = (400, "BadJsonBody", "Failed to buffer the request body: length limit exceeded")
DEEP = "[" * 1000 + "]" * 1000
GOOD = '{"path":"jobs/nightly","args":{}}'
READING = ["query", "mutation", "action", "query_at_ts", "query_batch", "function", "run/a/b"]


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json ; x=y",
        "Application/JSON",
        "application/x+json",
        "application/vnd.api+json",
        "application/ld+json; profile=z",
    ],
)
async def test_every_kind_of_json_is_read(served: Served, kind: str) -> None:
    assert (await send(served, "/api/query", GOOD, {"Content-Type": kind})).value == "nightly"


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "application/jsonp",
        "application/json-seq",
        "application/xml; a=application/json",
        "json",
        "*/*",
    ],
)
async def test_any_other_content_type_is_refused(served: Served, kind: str) -> None:
    answer = await send(served, "/api/query", GOOD, {"Content-Type": kind})

    assert answer.status == 400
    assert answer.body == NOT_JSON_TYPE
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("endpoint", READING)
async def test_every_route_that_reads_json_asks_for_its_content_type(
    served: Served, admin: dict[str, str], endpoint: str
) -> None:
    answer = await send(served, f"/api/{endpoint}", GOOD, {**admin, "Content-Type": "text/plain"})

    assert (answer.status, answer.body) == (400, NOT_JSON_TYPE)


async def test_an_empty_body_is_no_json(served: Served) -> None:
    for body in ("", " \n\t"):
        status, code, message = (await send(served, "/api/query", body)).refusal
        assert (status, code) == (400, "BadJsonBody")
        assert message.startswith("Failed to parse the request body as JSON: EOF while parsing a value at line ")

    _, _, message = (await send(served, "/api/query", "")).refusal
    assert message.endswith(" at line 1 column 0")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"path":', "EOF while parsing"),
        ('{"path":"jobs/nightly","args":{}', "EOF while parsing"),
        ('"abc', "EOF while parsing"),
        ("nonsense", ""),
        ("{path: 1}", ""),
        ("NaN", "expected "),
        (GOOD + " x", "trailing characters at line 1 column 35"),
        (GOOD + "\n" + GOOD, "trailing characters at line 2 column 1"),
        ('{"path":"a","args":{},}', "trailing comma at line 1 column"),
        ('{"args":[1,]}', "trailing comma at line 1 column"),
        ('{\n "path":\n  x}', "expected value at line 3 column 3"),
        ("[" * 5000, "recursion limit exceeded at line 1 column"),
        (b"\xff\xfe", ""),
        (b'"\xff"', ""),
        ('"\\ud800"', ""),
        ('"\\x"', ""),
        ('"a\nb"', ""),
        ("01", ""),
        ('{"path":"a","args":1e999}', ""),
        (b"\xef\xbb\xbf{}", ""),
    ],
    ids=lambda each: str(each)[:40],
)
async def test_a_body_that_is_no_json_is_refused_with_detail_and_place(
    served: Served, body: str | bytes, detail: str
) -> None:
    status, code, message = (await send(served, "/api/query", body)).refusal

    assert (status, code) == (400, "BadJsonBody")
    found = re.fullmatch(r"Failed to parse the request body as JSON: (.+ at line \d+ column \d+)", message)
    assert found, message
    assert found[1].startswith(detail)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"args":{}}', "missing field `path` at line 1 column 11"),
        ('{"path":"a:b"}', "missing field `args` at line 1 column 14"),
        ("{}", "missing field `path` at line 1 column 2"),
        ('{\n  "args": {}\n}\n', "missing field `path` at line 3 column 1"),
        ('{"path":5,"args":{}}', "path: invalid type: integer `5`, expected a string at line 1 column 9"),
        ('{"path":-1.5,"args":{}}', "path: invalid type: floating point `-1.5`, expected a string at line 1 column 12"),
        ('{"path":null,"args":{}}', "path: invalid type: null, expected a string at line 1 column 12"),
        ('{"path":true,"args":{}}', "path: invalid type: boolean `true`, expected a string at line 1 column 12"),
        ('{"path":["a"],"args":{}}', "path: invalid type: sequence, expected a string at line 1 column 8"),
        ('{"path":{},"args":{}}', "path: invalid type: map, expected a string at line 1 column 8"),
        ('{"args":{},\n "path" : 5}', "path: invalid type: integer `5`, expected a string at line 2 column 11"),
        (
            '{"path":"a:b","args":{},"format":7}',
            "format: invalid type: integer `7`, expected a string at line 1 column 34",
        ),
        ('{"path":"a:b","path":"a:b","args":{}}', "duplicate field `path`"),
        ('{"path":"a:b","args":{},"args":{}}', "duplicate field `args`"),
        ('{"format":"json","path":"a:b","args":{},"format":"json"}', "duplicate field `format`"),
        ('{"path":"a:b","\\u0070ath":"a:b","args":{}}', "duplicate field `path`"),
    ],
)
async def test_a_body_of_the_wrong_shape_is_refused_with_its_place(served: Served, body: str, message: str) -> None:
    status, code, got = (await send(served, "/api/query", body)).refusal

    assert (status, code) == (400, "BadJsonBody")
    assert got.startswith(SHAPE + message)
    assert re.search(r" at line \d+ column \d+$", got)


@pytest.mark.parametrize("body", ["[]", '["a:b", {}]', "5", "null", '"text"', "true"])
async def test_a_body_that_is_no_object_is_refused(served: Served, body: str) -> None:
    status, code, message = (await send(served, "/api/query", body)).refusal

    assert (status, code) == (400, "BadJsonBody")
    assert message.startswith(SHAPE)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"queries": [{"path": 5, "args": {}}]}, "queries[0].path: invalid type: integer `5`, expected a string at "),
        ({"queries": [{"path": "a", "args": 1, "format": 2}]}, "queries[0].format: invalid type: integer `2`, "),
        ({"queries": [{"path": "a", "args": {}}, {"path": "a"}]}, "queries[1]: missing field `args` at line 1 column "),
        ({"queries": [{"path": "a", "args": {}}, 7]}, "queries[1]: invalid type: integer `7`, expected struct "),
        ({"queries": 5}, "queries: invalid type: integer `5`, expected a sequence at line 1 column "),
        ({"queries": {}}, "queries: invalid type: map, expected a sequence at line 1 column "),
        ({}, "missing field `queries` at line 1 column 2"),
    ],
    ids=str,
)
async def test_a_fault_inside_a_batch_is_named_by_its_path(served: Served, body: object, message: str) -> None:
    status, code, got = (await post(served, "/api/query_batch", body)).refusal

    assert (status, code) == (400, "BadJsonBody")
    assert got.startswith(SHAPE + message)


async def test_a_field_repeated_inside_a_batch_is_refused(served: Served) -> None:
    body = '{"queries":[{"path":"jobs/nightly","path":"jobs/nightly","args":{}}]}'

    status, code, got = (await send(served, "/api/query_batch", body)).refusal

    assert (status, code) == (400, "BadJsonBody")
    assert "duplicate field `path`" in got


@pytest.mark.parametrize(
    "body",
    [
        '{"path":"jobs/nightly","args":{},"more":1,"journal":null,"ts":5}',
        '{"path":"jobs/nightly","args":{"path":1,"args":2,"format":3,"path2":"\\"path\\": zz"}}',
        '{"format":null,"args":[{"path":5}],"path":"jobs/nightly"}',
        '{"nested":{"path":1,"path":2},"path":"jobs/nightly","args":{}}',
        ' \n{"path":"jobs\\/nightly","args":{}}\r\n\t ',
        '{"\\u0070ath":"jobs/nightly","args":{}}',
        '{"":0,"path":"jobs/nightly","args":{"path":"x"}}',
    ],
)
async def test_members_that_nobody_asked_for_are_ignored(served: Served, body: str) -> None:
    assert (await send(served, "/api/query", body)).value == "nightly"


@pytest.mark.parametrize(
    "body",
    [
        f'{{"path":"a:b","args":{{"path":1}},"args":{DEEP}}}',
        f'{{"path":"a:b","path":"a:b","args":{DEEP}}}',
        f'{{"path":{"9" * 300},"args":{{}}}}',
        f'{{"path":{"9" * 200}.5e1,"path":1,"args":{{}}}}',
        f'{{"path":5,"args":{{"path":{DEEP}}}}}',
    ],
    ids=["deep", "deeper", "long number", "long fraction", "nested elsewhere"],
)
async def test_deep_nesting_and_long_numbers_are_refused_like_any_other_shape(served: Served, body: str) -> None:
    status, code, _ = (await send(served, "/api/query", body)).refusal

    assert (status, code) == (400, "BadJsonBody")


def padded(length: int) -> bytes:
    return GOOD.encode() + b" " * (length - len(GOOD))


async def test_a_body_may_be_as_long_as_the_limit(served: Served) -> None:
    assert (await send(served, "/api/query", padded(LIMIT))).value == "nightly"


async def chunks(length: int) -> AsyncIterator[bytes]:
    body = padded(length)
    for start in range(0, length, 1 << 20):
        yield body[start : start + (1 << 20)]


@pytest.mark.parametrize(("length", "status"), [(LIMIT, 200), (LIMIT + 1, 400)])
async def test_a_body_without_a_length_has_the_same_limit(served: Served, length: int, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    async with served.client.post("/api/query", data=chunks(length), headers=headers) as response:
        answer = await response.json()

    assert response.status == status
    if status == 400:
        assert (400, answer["code"], answer["message"]) == TOO_LONG


@pytest.mark.parametrize("endpoint", READING)
async def test_a_body_over_the_limit_is_refused(served: Served, admin: dict[str, str], endpoint: str) -> None:
    headers = {**admin, "Content-Length": str(LIMIT + 1)}
    request = request_bytes("POST", f"/api/{endpoint}", headers=headers)

    answer = await exchange(served.url, request + GOOD.encode())

    assert (answer.status, answer.json["code"], answer.json["message"]) == TOO_LONG


async def test_a_body_that_says_it_is_too_long_is_refused_before_it_comes(served: Served) -> None:
    request = request_bytes("POST", "/api/query", headers={"Content-Length": str(LIMIT + 1)})

    answer = await exchange(served.url, request)

    assert (answer.status, answer.json["code"], answer.json["message"]) == TOO_LONG


async def test_a_body_that_does_not_end_is_refused_as_soon_as_it_is_too_long(served: Served) -> None:
    head = request_bytes("POST", "/api/query", headers={"Content-Length": "0"})
    head = head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")

    async with connected(served.url) as connection:
        await connection.send(head + b"%x\r\n%b" % (LIMIT * 2, padded(LIMIT + 1)))
        answer = await connection.answer()

    assert (answer.status, answer.json["code"], answer.json["message"]) == TOO_LONG


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_body_that_does_not_decompress_is_the_clients_fault(served: Served, coding: str) -> None:
    request = request_bytes("POST", "/api/query", b"not compressed at all", {"Content-Encoding": coding})

    answer = await exchange(served.url, request)

    assert answer.status in {400, 415}
    assert set(json.loads(answer.body)) == {"code", "message"}


async def test_a_body_whose_chunks_are_broken_is_the_clients_fault(served: Served) -> None:
    head = request_bytes("POST", "/api/query", headers={"Content-Length": "0"})
    head = head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")

    async with connected(served.url) as connection:
        await connection.send(head + b"5\r\n{")
        await connection.send(b"zzzz\r\n\r\nzz\r\n")
        answer = await connection.answer()

    assert answer.status == 400
    assert b"Traceback" not in answer.body


async def test_a_client_that_goes_away_in_the_middle_of_its_body_is_no_bug(served: Served) -> None:
    for _ in range(3):
        async with connected(served.url) as connection:
            await connection.send(request_bytes("POST", "/api/query", headers={"Content-Length": "50"}) + b'{"pa')
            connection.reset()

    assert (await query(served, "jobs/nightly")).value == "nightly"
