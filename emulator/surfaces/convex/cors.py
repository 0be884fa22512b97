"""Cross-origin headers: any origin may call, with credentials (contract convex §1.5)."""

from __future__ import annotations

from collections.abc import Mapping

VARY = "origin, access-control-request-method, access-control-request-headers"
_METHODS = "GET,POST,OPTIONS,PATCH,DELETE,PUT"
_MAX_AGE = "86400"
_ALWAYS: Mapping[str, str] = {"Vary": VARY, "Access-Control-Allow-Credentials": "true"}


def cors_headers(origin: str | None) -> Mapping[str, str]:
    """Return the headers of any answer to a request from `origin`."""
    if origin is None:
        return _ALWAYS
    return {**_ALWAYS, "Access-Control-Allow-Origin": origin}


def preflight_headers(request_headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers of the answer to a browser's preflight."""
    headers = dict(cors_headers(request_headers.get("Origin")))
    headers["Access-Control-Allow-Methods"] = _METHODS
    headers["Access-Control-Max-Age"] = _MAX_AGE
    asked = request_headers.get("Access-Control-Request-Headers")
    if asked is not None:
        headers["Access-Control-Allow-Headers"] = asked
    return headers
