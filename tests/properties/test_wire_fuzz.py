"""Whatever anybody sends, the answer is one of the service's own, and the emulator says nothing of bugs."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from emulator.values.formats import Format, encode
from tests.support.raw import RawAnswer, connected, exchange, request_bytes
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
"""
BODIES = (
    "query",
    "mutation",
    "action",
    "function",
    "query_at_ts",
    "query_batch",
    "run/messages/list",
    "run/a",
    "run/a/b",
)
FUNCTIONS = frozenset(f"/api/{each}" for each in (*BODIES, "query_ts"))
OTHERS = ("/", "/version", "/instance_name", "/echo", "/http/x", "/api/nothing", "/api/run/", "/favicon.ico", "*")
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE")
NAMES = ("messages:list", "messages.js:send", "jobs/nightly", "_system/x:y", "no:such", "a-b:c", "", ":", "/", "a:b:c")
JWT = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4Iiwic3ViIjoieSIsIm5hbWUiOiJBZGEifQ."

visible = st.text("".join(map(chr, range(0x21, 0x7F))), max_size=30)
header_values = st.one_of(
    visible,
    st.text("".join(map(chr, [9, *range(0x20, 0x7F)])), max_size=30),
    st.binary(max_size=30).map(lambda raw: bytes(each | 0x80 for each in raw)),
    st.text(max_size=20).map(lambda text: "".join(c for c in text if c.isprintable())),
)
KNOWN_HEADERS = {
    "Authorization": (
        "Convex fuzz|key",
        f"Bearer {JWT}",
        "Bearer x.y.z",
        "Basic x",
        "Convex fuzz|key:e30=",
        "Convex x",
    ),
    "Convex-Client": ("npm-1.48.0", "npm-1.0.0", "python-0.1.0", "npm-0.1.0", "x", "a-1.2.3-b+c"),
    "Convex-Request-Id": ("my-id", ""),
    "Content-Type": ("application/json", "text/plain", "application/x+json; charset=utf-8", "multipart/form-data"),
    "Content-Encoding": ("gzip", "deflate", "identity", "br", "nonsense"),
    "Origin": ("http://localhost:5173", "null"),
    "Access-Control-Request-Method": ("POST",),
    "Access-Control-Request-Headers": ("content-type, convex-client",),
    "Expect": ("100-continue", "nonsense"),
    "Cookie": ("a=b; c", ";;;"),
    "Accept-Encoding": ("gzip", "*"),
    "Upgrade": ("websocket", "h2c"),
    "Range": ("bytes=0-1",),
    "If-None-Match": ("*",),
}


def _headers(name: str) -> st.SearchStrategy[dict[str, str | bytes]]:
    known = st.sampled_from(KNOWN_HEADERS[name])
    return st.one_of(known, known, known, header_values).map(lambda value: {name: value})


some_headers = st.lists(st.sampled_from(sorted(KNOWN_HEADERS)).flatmap(_headers), max_size=4).map(
    lambda each: {name: value for one in each for name, value in one.items()}
)
headers: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({"Authorization": "Convex fuzz|key"}), st.just({}), some_headers
)
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


def _write(tree: Any) -> bytes:
    return json.dumps(tree).encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a body from which something is missing, or in which something stands twice."""
    body = draw(st.one_of(nearly_calls, batches).map(_write))
    start, end = (draw(st.integers(0, len(body))) for _ in range(2))
    junk = draw(st.one_of(st.binary(max_size=5), st.just(body[min(start, end) : max(start, end)])))
    return body[:start] + junk + body[end:]


@st.composite
def repeated(draw: st.DrawFn) -> bytes:
    """Draw an object whose members may stand there several times."""
    pairs = draw(st.lists(st.sampled_from(sorted(members)).flatmap(lambda key: st.tuples(st.just(key), members[key]))))
    return b"{" + b",".join(b"%b:%b" % (_write(key), _write(value)) for key, value in pairs) + b"}"


bodies = st.one_of(
    good_calls.map(_write),
    st.lists(good_calls, max_size=3).map(lambda each: _write({"queries": each})),
    calls.map(_write),
    nearly_calls.map(_write),
    batches.map(_write),
    json_trees.map(_write),
    damaged(),
    repeated(),
    st.binary(),
)
url_queries = st.one_of(
    st.just(""),
    visible.map(lambda text: f"?{text.replace('#', '')}"),
    st.tuples(names, bodies).map(lambda pair: f"?path={_quoted(pair[0].encode())}&args={_quoted(pair[1])}"),
)


def _quoted(raw: bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in raw)


@dataclass(frozen=True)
class Sent:
    """A request that is well-formed HTTP."""

    method: str
    path: str
    query: str
    headers: dict[str, str | bytes]
    body: bytes

    @property
    def calls_functions(self) -> bool:
        return self.path in FUNCTIONS and (self.method == "POST" or (self.path, self.method) == ("/api/query", "GET"))

    def __bytes__(self) -> bytes:
        return request_bytes(self.method, self.path + self.query, self.body, self.headers)


paths = st.one_of(
    st.sampled_from(sorted(FUNCTIONS)),
    st.sampled_from(OTHERS),
    visible.map(lambda text: f"/{text}"),
    visible.map(lambda text: f"/api/run/{text}"),
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


async def answers(url: str, requests: Sequence[Sent]) -> AsyncIterator[tuple[Sent, RawAnswer]]:
    """Send the requests one after the other, on as few connections as the server allows."""
    waiting = list(reversed(requests))
    while waiting:
        async with connected(url) as connection:
            answer = None
            while waiting and not (answer and answer.closes):
                sent = waiting.pop()
                await connection.send(bytes(sent))
                answer = await connection.answer(to=sent.method)
                while answer.status < 200:
                    answer = await connection.answer(to=sent.method)
                yield sent, answer


def check(sent: Sent, answer: RawAnswer) -> None:
    """Hold an answer against what any answer must be."""
    told = (bytes(sent), answer)
    assert answer.status != 500, told
    assert b"Traceback" not in answer.body, told
    assert 200 <= answer.status < 600, told
    voice = [value for name, value in answer.headers if name.startswith("x-")]
    assert all(value.isascii() and value.isprintable() for value in voice), told
    if sent.calls_functions:
        assert answer.status in {200, 503} or 400 <= answer.status < 500, told
        tree = answer.json
        assert isinstance(tree, dict), told
        if answer.status == 200:
            assert tree.get("status") in {"success", "error"} or set(tree) in ({"ts"}, {"results"}), told
        else:
            assert set(tree) == {"code", "message"}, told
            assert all(isinstance(each, str) for each in tree.values()), told


def check_log(caplog: pytest.LogCaptureFixture, cause: bytes) -> None:
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    caplog.clear()
    assert errors == [], cause


async def check_all(served: Served, caplog: pytest.LogCaptureFixture, requests: Sequence[Sent]) -> None:
    async for sent, answer in answers(served.url, requests):
        check(sent, answer)
        check_log(caplog, bytes(sent))


async def check_alive(served: Served) -> None:
    request = request_bytes("POST", "/api/query", b'{"path":"messages:list","args":{}}')
    assert (await exchange(served.url, request)).json["status"] == "success"


shared = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # a failure names its request; to shrink a conversation takes minutes
)


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
