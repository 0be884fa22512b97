"""Errors the deployment itself makes: a status, a code, a sentence (contract convex §1.3, §3, §4.4).

Function failures are none of these; they are answers with status 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson

from emulator.model.rule import Failure


@dataclass(frozen=True, slots=True)
class ApiError(Exception):
    """An error answer of the deployment."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = field(default=())

    def fresh(self) -> ApiError:
        """Return the same error to raise: one that was raised holds the frames it went through."""
        return replace(self)

    def with_headers(self, headers: Mapping[str, str]) -> ApiError:
        """Return the same error with more headers."""
        return replace(self, headers=(*self.headers, *headers.items()))

    @property
    def body(self) -> bytes:
        """The answer's body."""
        message = self.message.encode("utf-8", "backslashreplace").decode()
        return orjson.dumps({"code": self.code, "message": message})


_TRY_LATER = "Your request couldn't be completed. Try again later."
INTERNAL = ApiError(500, "InternalServerError", _TRY_LATER)
BODY_TOO_LARGE = ApiError(400, "BadJsonBody", "Failed to buffer the request body: length limit exceeded")

_DEPLOY_KEY = "Double check that the environment this key was generated for matches the desired deployment."
NOT_ADMIN = ApiError(403, "BadDeployKey", f"The provided deploy key was invalid for this deployment. {_DEPLOY_KEY}")
BAD_ADMIN_KEY = ApiError(401, "BadAdminKey", "The provided admin key was invalid for this instance")

_BUSY = (
    "Too many concurrent requests in a short period of time. "
    "Spread out your requests out over time or throttle them to avoid errors."
)
_RATE = (
    "Too many concurrent requests. Your backend is limited to 16 concurrent queries. "
    "To get more resources, upgrade to Convex Pro. If you are already on Convex Pro, please contact support."
)
_DEFAULTS: dict[int, tuple[str, str]] = {
    401: (
        "Unauthenticated",
        "Could not verify OIDC token claim. Check that the token signature is valid and the token hasn't expired.",
    ),
    403: ("OperationNotPermitted", "You do not have permission to perform this operation."),
    404: ("NotFound", "The requested resource was not found."),
    408: ("RequestTimeout", "The request timed out."),
    409: ("Conflict", "The request conflicts with the current state."),
    421: ("MisdirectedRequest", "The request was sent to a deployment that cannot answer it."),
    425: ("TooEarly", "The request came too early. Try again later."),
    429: ("TooManyConcurrentRequests", _RATE),
    503: ("ExecuteFullError", _BUSY),
}


def wrong_deployment(name: str) -> ApiError:
    """Return the error for a key that was made for another deployment."""
    return ApiError(403, "BadDeployKey", f"The provided deploy key was invalid for deployment '{name}'. {_DEPLOY_KEY}")


def bad_json_body(message: str) -> ApiError:
    """Return the error for a body that is not what the route reads."""
    return ApiError(400, "BadJsonBody", message)


def bad_query(message: str) -> ApiError:
    """Return the error for a query string that is not what the route reads."""
    return ApiError(400, "BadQueryArgs", f"Failed to deserialize query string: {message}")


def failure_error(failure: Failure) -> ApiError:
    """Return a scripted failure as the deployment would say it; what the script leaves out follows from the status."""
    fallback = ("InternalServerError", _TRY_LATER) if failure.status >= 500 else ("BadRequest", "Bad request.")  # noqa: PLR2004
    code, message = _DEFAULTS.get(failure.status, fallback)
    return ApiError(failure.status, failure.code or code, message if failure.message is None else failure.message)
