"""Requests for fuzzing: odd headers, and what any answer to any request must be."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.support.raw import RawAnswer, connected, exchange, request_bytes
from tests.support.serving import Served

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
_JWT = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4Iiwic3ViIjoieSIsIm5hbWUiOiJBZGEifQ."

visible = st.text("".join(map(chr, range(0x21, 0x7F))), max_size=30)
_header_values = st.one_of(
    visible,
    st.text("".join(map(chr, [9, *range(0x20, 0x7F)])), max_size=30),
    st.binary(max_size=30).map(lambda raw: bytes(each | 0x80 for each in raw)),
    st.text(max_size=20).map(lambda text: "".join(c for c in text if c.isprintable())),
)
_KNOWN_HEADERS = {
    "Authorization": (
        "Convex fuzz|key",
        f"Bearer {_JWT}",
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


def _one_header(name: str) -> st.SearchStrategy[dict[str, str | bytes]]:
    known = st.sampled_from(_KNOWN_HEADERS[name])
    return st.one_of(known, known, known, _header_values).map(lambda value: {name: value})


_some_headers = st.lists(st.sampled_from(sorted(_KNOWN_HEADERS)).flatmap(_one_header), max_size=4).map(
    lambda each: {name: value for one in each for name, value in one.items()}
)
headers: st.SearchStrategy[dict[str, str | bytes]] = st.one_of(
    st.just({"Authorization": "Convex fuzz|key"}), st.just({}), _some_headers
)


def write_json(tree: Any) -> bytes:
    """Write a tree, lone surrogates and all."""
    return json.dumps(tree).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, repr=False)
class Sent:
    """A request that is well-formed HTTP."""

    method: str
    path: str
    query: str
    headers: dict[str, str | bytes]
    body: bytes

    @property
    def calls_functions(self) -> bool:
        """Whether the request is for one of the functions' endpoints."""
        return self.path in FUNCTIONS and (self.method == "POST" or (self.path, self.method) == ("/api/query", "GET"))

    def __repr__(self) -> str:
        return f"<{self.method} {self.path[:40]}: {self.body[:40]!r}>"

    def __bytes__(self) -> bytes:
        return request_bytes(self.method, self.path + self.query, self.body, self.headers)


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
    """Fail when the emulator has logged an error, and forget what it has logged."""
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    caplog.clear()
    assert errors == [], cause


async def check_all(served: Served, caplog: pytest.LogCaptureFixture, requests: Sequence[Sent]) -> None:
    """Send requests, and hold each answer and what is logged against what they must be."""
    async for sent, answer in answers(served.url, requests):
        check(sent, answer)
        check_log(caplog, bytes(sent))


async def check_alive(served: Served) -> None:
    """Fail unless a call is answered."""
    request = request_bytes("POST", "/api/query", b'{"path":"messages:list","args":{}}')
    assert (await exchange(served.url, request)).json["status"] == "success"


shared = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # a failure names its request; to shrink a conversation takes minutes
)
