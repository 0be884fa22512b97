"""Failures of the infrastructure, by name and by status (contract convex §1.3, §4.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.functions import query
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

_OVERLOADED = (
    "Too many concurrent requests in a short period of time. "
    "Spread out your requests out over time or throttle them to avoid errors."
)
NAMED = {
    "overloaded": (503, "ExecuteFullError", _OVERLOADED),
    "internal": (500, "InternalServerError", "Your request couldn't be completed. Try again later."),
    "unauthorized": (
        401,
        "Unauthenticated",
        "Could not verify OIDC token claim. Check that the token signature is valid and the token hasn't expired.",
    ),
    "forbidden": (403, "OperationNotPermitted", "You do not have permission to perform this operation"),
    "not_found": (404, "", ""),
    "rate_limited": (429, "TooManyConcurrentRequests", "Too many concurrent requests. Your backend is limited to "),
}
STATUSES = [400, 401, 403, 404, 408, 409, 418, 421, 425, 429, 500, 502, 503, 504, 599]


@pytest.fixture
async def failing(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a function for every way to fail."""
    lines = [f"  fail:{name}: {{failure: {name}}}" for name in NAMED]
    lines += [f"  fail:s{status}: {{failure: {{status: {status}}}}}" for status in STATUSES]
    lines += [
        f"  own:s{status}: {{failure: {{status: {status}, code: MyCode, message: 내 말}}}}" for status in STATUSES
    ]
    lines += ["  own:empty: {failure: {status: 409, message: ''}, logs: [never seen]}"]
    lines += ["  own:code: {failure: {status: 503, code: OptimisticConcurrencyControlFailure}}"]
    async with serving(load_text(tmp_path, "\n".join(["functions:", *lines]))) as served:
        yield served


@pytest.mark.parametrize("name", NAMED)
async def test_a_failure_has_a_name(failing: Served, name: str) -> None:
    expected_status, expected_code, beginning = NAMED[name]

    status, code, message = (await query(failing, f"fail:{name}")).refusal

    assert status == expected_status
    assert expected_code in {code, ""}
    assert message.startswith(beginning)


@pytest.mark.parametrize("status", STATUSES)
async def test_a_failure_may_be_any_status_and_says_something_of_itself(failing: Served, status: int) -> None:
    got, code, message = (await query(failing, f"fail:s{status}")).refusal

    assert got == status
    assert code.isidentifier()
    assert message


@pytest.mark.parametrize("status", STATUSES)
async def test_a_failure_may_have_its_own_code_and_message(failing: Served, status: int) -> None:
    assert (await query(failing, f"own:s{status}")).refusal == (status, "MyCode", "내 말")


async def test_a_failure_may_leave_out_what_follows_from_its_status(failing: Served) -> None:
    assert (await query(failing, "own:empty")).refusal == (409, "Conflict", "")
    assert (await query(failing, "own:code")).refusal[:2] == (503, "OptimisticConcurrencyControlFailure")


async def test_a_failure_is_said_by_the_rule_that_answered_and_promises_no_retry(failing: Served) -> None:
    answer = await query(failing, "fail:overloaded", headers={"Origin": "http://a.example"})

    assert "default.yaml:" in answer.headers["X-Emulator-Rule"]
    assert answer.headers["X-Emulator-Call"] == "1"
    assert answer.headers["Access-Control-Allow-Origin"] == "http://a.example"
    assert "Retry-After" not in answer.headers


async def test_a_failure_leaves_the_connection_open(failing: Served) -> None:
    for _ in range(3):
        assert (await query(failing, "fail:internal")).status == 500

    assert failing.client.connector is not None
    assert len(failing.client.connector._conns) == 1
