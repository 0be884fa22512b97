"""Whatever anybody sends, the answer is one of the service's own, and the emulator says nothing of bugs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.values.formats import Format, encode
from emulator.values.upload_tokens import write_token
from tests.support.fuzzing import (
    BODIES,
    FUNCTIONS,
    Sent,
    check_alive,
    check_all,
    check_log,
    headers,
    shared,
    visible,
    write_json,
)
from tests.support.raw import connected
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving
from tests.support.values import arguments, json_trees

SCENARIO = """
deployment: {name: fuzz, admin_keys: [fuzz|key]}
functions:
  messages:list: {type: query, result: [{n: {$int64: 1}, b: {$bytes: AQID}, x: .nan}], logs: [hi]}
  messages:send:
    type: mutation
    rules:
      - {when: {args: {body: x}}, error: {data: {code: NO}}}
      - {when: {identity: {name: Ada}}, failure: overloaded}
      - {when: {args: {n: [1, {a: null}]}}, result: null}
  jobs/nightly: {sequence: [{result: 1}, {error: no}], repeat: true}
  _system/x:y: {result: 1}
http:
  POST /hook:
    rules:
      - {when: {body: {n: [1, {a: null}]}}, status: 201, body: "${request.body}"}
      - {when: {query: {a: b}}, failure: overloaded}
      - {headers: {x-path: "${request.method}"}, body: {seen: ["${request.path}", "${len(request.headers)}"]}}
  GET /files/*: {body: "${request.path}", stream: {by: character, every: 0ms}}
"""
OTHERS = (
    "/",
    "/version",
    "/instance_name",
    "/echo",
    "/http/x",
    "/http/hook",
    "/api/storage/upload",
    "/api/storage/00000000-0000-4000-8000-000000000000",
    "/http/files/a",
    "/http/files/%ff%0a",
    "/api/nothing",
    "/api/run/",
    "/favicon.ico",
    "*",
)
TOKEN = write_token("upload 0", 2**62, bytes(8))
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE")
NAMES = ("messages:list", "messages.js:send", "jobs/nightly", "_system/x:y", "no:such", "a-b:c", "", ":", "/", "a:b:c")
names = st.one_of(st.sampled_from(NAMES[:5]), st.sampled_from(NAMES), st.text(max_size=20))
strings = st.one_of(st.text(max_size=8), st.sampled_from(["json", "convex_encoded_json", "xml", "AAAAAAAAAAA="]))
members: dict[str, st.SearchStrategy[Any]] = {
    "path": st.one_of(names, json_trees),
    "args": st.one_of(json_trees, st.just({}), st.just([{"body": "x"}])),
    "format": st.one_of(strings, st.none(), json_trees),
    "ts": st.one_of(strings, json_trees),
    "componentPath": st.one_of(st.none(), strings, json_trees),
    "": json_trees,
}
good_args: st.SearchStrategy[Any] = st.one_of(
    arguments.map(lambda args: encode(args, Format.ENCODED)), st.just([{}]), st.just({"body": "x"})
)
good_members = {"path": st.sampled_from(NAMES[:5]), "args": good_args, "ts": st.just("AAAAAAAAAAA=")}
good_calls = st.fixed_dictionaries(good_members, optional={"format": st.sampled_from(["json", "export_json", None])})
calls = st.fixed_dictionaries({"path": names, "args": json_trees}, optional={"format": strings, "ts": strings})
nearly_calls = st.one_of(good_calls, calls, st.fixed_dictionaries({}, optional=members))
batches = st.fixed_dictionaries({"queries": st.one_of(st.lists(nearly_calls, max_size=3), json_trees)})


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a body from which something is missing, or in which something stands twice."""
    body = draw(st.one_of(nearly_calls, batches).map(write_json))
    start, end = (draw(st.integers(0, len(body))) for _ in range(2))
    junk = draw(st.one_of(st.binary(max_size=5), st.just(body[min(start, end) : max(start, end)])))
    return body[:start] + junk + body[end:]


@st.composite
def repeated(draw: st.DrawFn) -> bytes:
    """Draw an object whose members may stand there several times."""
    pairs = draw(st.lists(st.sampled_from(sorted(members)).flatmap(lambda key: st.tuples(st.just(key), members[key]))))
    return b"{" + b",".join(b"%b:%b" % (write_json(key), write_json(value)) for key, value in pairs) + b"}"


bodies = st.one_of(
    good_calls.map(write_json),
    st.lists(good_calls, max_size=3).map(lambda each: write_json({"queries": each})),
    calls.map(write_json),
    nearly_calls.map(write_json),
    batches.map(write_json),
    json_trees.map(write_json),
    damaged(),
    repeated(),
    st.binary(),
)
url_queries = st.one_of(
    st.just(""),
    visible.map(lambda text: f"?{text.replace('#', '')}"),
    st.one_of(visible, st.just(TOKEN)).map(lambda text: f"?token={text.replace('#', '')}"),
    st.tuples(names, bodies).map(lambda pair: f"?path={_quoted(pair[0].encode())}&args={_quoted(pair[1])}"),
)


def _quoted(raw: bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in raw)


paths = st.one_of(
    st.sampled_from(sorted(FUNCTIONS)),
    st.sampled_from(OTHERS),
    visible.map(lambda text: f"/{text}"),
    visible.map(lambda text: f"/api/run/{text}"),
    visible.map(lambda text: f"/http/{text}"),
    visible.map(lambda text: f"/api/storage/{text}"),
    st.binary(max_size=10).map(lambda raw: f"/api/run/messages/{_quoted(raw)}"),
)
methods = st.one_of(st.sampled_from(("POST", "GET")), st.sampled_from(METHODS))
anything = st.builds(Sent, methods, paths, url_queries, headers, bodies)
function_requests = st.builds(
    Sent, st.just("POST"), st.sampled_from([f"/api/{each}" for each in BODIES]), st.just(""), headers, bodies
)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a scenario without delays."""
    async with serving(load_text(tmp_path, SCENARIO)) as served:
        yield served


@settings(shared, max_examples=250)
@given(requests=st.lists(function_requests, min_size=5, max_size=20))
async def test_whatever_is_sent_to_a_function_is_answered_in_json(
    served: Served, caplog: pytest.LogCaptureFixture, requests: list[Sent]
) -> None:
    await check_all(served, caplog, requests)


@settings(shared, max_examples=250)
@given(requests=st.lists(anything, min_size=5, max_size=20))
async def test_whatever_is_sent_anywhere_is_answered(
    served: Served, caplog: pytest.LogCaptureFixture, requests: list[Sent]
) -> None:
    await check_all(served, caplog, requests)
    await check_alive(served)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Draw bytes that are HTTP in part, or not at all."""
    parts = draw(
        st.lists(
            st.one_of(
                st.binary(max_size=40),
                anything.map(bytes),
                st.sampled_from(
                    [
                        b"\r\n",
                        b"\r\n\r\n",
                        b"POST /api/query HTTP/1.1\r\n",
                        b"Host: x\r\n",
                        b"Transfer-Encoding: chunked\r\n",
                        b"Content-Length: 5\r\n",
                        b"Content-Length: 99999999999999999999\r\n",
                        b"5\r\nabcde\r\n",
                        b"0\r\n\r\n",
                        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                    ]
                ),
            ),
            max_size=6,
        )
    )
    whole = b"".join(parts)
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


@settings(shared, max_examples=400)
@given(stream=streams())
async def test_any_bytes_are_answered_or_the_connection_is_closed(
    served: Served, caplog: pytest.LogCaptureFixture, stream: bytes
) -> None:
    async with connected(served.url) as connection:
        try:
            await connection.send(stream)
            await connection.end()
            rest = await connection.rest()
        except ConnectionError:  # closed before all was sent
            rest = b""

    assert rest == b"" or rest.startswith((b"HTTP/1.1 ", b"HTTP/1.0 "))
    assert b"HTTP/1.1 500 " not in rest
    assert b"Traceback" not in rest
    check_log(caplog, stream)
    await check_alive(served)
