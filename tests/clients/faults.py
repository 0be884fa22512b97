"""A scenario with every way to fail that a fault has, one function for each."""

from __future__ import annotations

FILE = "faults.yaml"
FAILURES = {
    "overloaded": (503, "ExecuteFullError"),
    "internal": (500, "InternalServerError"),
    "unauthorized": (401, "Unauthenticated"),
    "forbidden": (403, "OperationNotPermitted"),
    "not_found": (404, "NotFound"),
    "rate_limited": (429, "TooManyConcurrentRequests"),
    "own": (503, "CommitterFullError"),
}
"""Failures that are answers: their status and code."""
DEATHS = ("disconnect", "reset", "malformed", "cut", "torn")
"""Failures that end the connection, or leave what is no answer."""
_WRITTEN = {
    "own": "{status: 503, code: CommitterFullError, message: 잠시만요}",
    "cut": "{disconnect: {after_bytes: 20}}",
    "torn": "{malformed: {after_bytes: 0}}",
}
WAYS = (*FAILURES, *DEATHS, "timeout")

SCENARIO = "\n".join(
    [
        "functions:",
        "  well:done: {result: done}",
        "  limited:send: {result: sent}",
        *[f"  fail:{way}: {{result: the whole answer}}" for way in WAYS],
        "faults:",
        *[f"  - {{name: {way}, on: 'fail:{way}', failure: {_WRITTEN.get(way, way)}}}" for way in WAYS],
        "  - {name: slow, on: 'fail:*', delay: {min: 1ms, max: 5ms}}",
        "limits:",
        "  - {on: 'limited:*', allow: 2, per: 1h, by: identity}",
        "",
    ]
)
