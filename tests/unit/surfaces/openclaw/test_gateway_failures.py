"""The gateway's error envelope (contract openclaw §1.1)."""

from __future__ import annotations

import orjson
import pytest

from emulator.surfaces.openclaw import failures
from emulator.surfaces.openclaw.failures import GatewayError, Issue, WrongSecretError

ERRORS = [
    (failures.auth_required(), 401, "AUTH_REQUIRED", {"WWW-Authenticate": 'Bearer realm="openclaw"'}),
    (failures.wrong_secret(), 401, "AUTH_REQUIRED", {"WWW-Authenticate": 'Bearer realm="openclaw"'}),
    (failures.forbidden("no"), 403, "FORBIDDEN", {}),
    (failures.not_found("no agent zoe"), 404, "NOT_FOUND", {}),
    (failures.method_not_allowed(["GET", "HEAD"]), 405, "METHOD_NOT_ALLOWED", {"Allow": "GET, HEAD"}),
    (failures.precondition_failed("changed"), 412, "INVALID_REQUEST", {}),
    (failures.payload_too_large(1024), 413, "PAYLOAD_TOO_LARGE", {}),
    (failures.upgrade_required(), 426, "INVALID_REQUEST", {"Connection": "Upgrade", "Upgrade": "websocket"}),
    (failures.rate_limited(12), 429, "RATE_LIMIT", {"Retry-After": "12"}),
    (failures.internal(), 500, "INTERNAL", {}),
    (failures.invalid_request("not JSON"), 400, "INVALID_REQUEST", {}),
]


@pytest.mark.parametrize(("error", "status", "code", "headers"), ERRORS, ids=lambda each: str(each)[:20])
def test_each_error_has_its_status_code_and_headers(
    error: GatewayError, status: int, code: str, headers: dict[str, str]
) -> None:
    envelope = orjson.loads(error.body)

    assert (error.status, envelope["error"]["code"], dict(error.headers)) == (status, code, headers)
    assert isinstance(envelope["error"]["message"], str)
    assert list(envelope) == ["error"]


def test_an_error_without_details_has_no_member_for_them() -> None:
    error = failures.not_found("no session with key agent:main:api:dm:zoe")

    assert error.body == b'{"error":{"code":"NOT_FOUND","message":"no session with key agent:main:api:dm:zoe"}}'


def test_details_say_where_a_request_is_wrong() -> None:
    error = failures.invalid_request("expected a non-empty string", "message")

    assert orjson.loads(error.body) == {
        "error": {
            "code": "INVALID_REQUEST",
            "message": "message: expected a non-empty string",
            "details": {"issues": [{"path": "message", "message": "expected a non-empty string"}]},
        }
    }


def test_all_issues_are_in_the_message_and_in_the_details() -> None:
    error = failures.invalid([Issue("a", "expected a string"), Issue("", "too much")])

    assert error.message == "a: expected a string; too much"
    assert error.details is not None
    assert len(error.details["issues"]) == 2


def test_nobody_is_told_to_come_back_in_no_time() -> None:
    error = failures.rate_limited(0)

    assert error.details == {"retryAfter": 1}
    assert dict(error.headers) == {"Retry-After": "1"}


def test_a_fresh_error_is_equal_of_the_same_kind_and_never_was_raised() -> None:
    error = failures.wrong_secret()
    with pytest.raises(WrongSecretError):
        raise error

    again = error.fresh()

    assert again == error
    assert isinstance(again, WrongSecretError)
    assert again.__traceback__ is None


def test_an_error_can_be_hashed_whatever_its_details() -> None:
    assert hash(failures.forbidden("no", {"requiredScopes": ["read"]})) == hash(failures.forbidden("no"))


def test_what_cannot_be_written_in_utf_8_is_escaped() -> None:
    error = failures.invalid_request("no \ud800", "key\udcff")

    assert orjson.loads(error.body)["error"]["details"] == {"issues": [{"path": "key\\udcff", "message": "no \\ud800"}]}
