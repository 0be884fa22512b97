"""What refused requests leave behind: nothing."""

from __future__ import annotations

import gc

from aiohttp import web

from tests.support.functions import query
from tests.support.raw import exchange, request_bytes
from tests.support.serving import Served

BODY = b'{"path":"jobs/nightly","args":{}}'
REFUSED = {
    "not an admin": request_bytes("POST", "/api/function", BODY),
    "wrong key": request_bytes("POST", "/api/query", BODY, {"Authorization": "Convex x|y"}),
    "unknown key": request_bytes("POST", "/api/query", BODY, {"Authorization": "Convex x"}),
    "wrong scheme": request_bytes("POST", "/api/query", BODY, {"Authorization": "Basic xxx"}),
    "short header": request_bytes("POST", "/api/query", BODY, {"Authorization": "x"}),
    "no token": request_bytes("POST", "/api/query", BODY, {"Authorization": "Bearer x.y.z"}),
    "no issuer": request_bytes("POST", "/api/query", BODY, {"Authorization": "Bearer e30.e30."}),
    "no user": request_bytes("POST", "/api/query", BODY, {"Authorization": "Convex demo-otter|s3cret:x"}),
    "no json": request_bytes("POST", "/api/query", b"{"),
    "old client": request_bytes("POST", "/api/query", BODY, {"Convex-Client": "npm-0.1.0"}),
    "no client": request_bytes("POST", "/api/query", BODY, {"Convex-Client": "x"}),
    "not there": request_bytes("POST", "/api/nothing", BODY),
}
ROUNDS = 20


def count_requests() -> int:
    gc.collect()
    return sum(isinstance(each, web.BaseRequest) for each in gc.get_objects())


async def test_refused_requests_are_not_kept_in_memory(served: Served) -> None:
    before = count_requests()

    for request in REFUSED.values():
        for _ in range(ROUNDS):
            assert (await exchange(served.url, request)).status >= 400

    assert count_requests() - before <= ROUNDS / 2


async def test_answered_requests_are_not_kept_in_memory(served: Served) -> None:
    before = count_requests()

    for name in ("jobs/nightly", "errors:data", "no:such", "messages:send"):
        for _ in range(ROUNDS):
            await query(served, name)

    assert count_requests() - before <= ROUNDS / 2
