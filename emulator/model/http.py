"""HTTP actions: routes of the app's own, named by method and path (contract convex §12)."""

from __future__ import annotations

from collections.abc import Iterable

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""What routes can be for; HEAD runs what is there for GET."""

PREFIX = "/http"
"""Below which the routes are on the API's own port."""


def operation_of(method: str, path: str) -> str:
    """Return what a route, or a request for one, is called: ``POST /http/webhooks/stripe``."""
    return f"{'GET' if method == 'HEAD' else method} {PREFIX}{path}"


def is_http(operation: str) -> bool:
    """Whether an operation is a route, or a request for one."""
    return f" {PREFIX}/" in operation


def written_route(operation: str) -> str:
    """Return a route as scenarios write it: ``POST /webhooks/stripe``."""
    return operation.replace(f" {PREFIX}/", " /", 1)


def find_route(routes: Iterable[str], method: str, path: str) -> str | None:
    """Return the route that answers a request: the one of that very path, else the longest prefix, else None."""
    asked = operation_of(method, path)
    routes = list(routes)
    if asked in routes:
        return asked
    prefixes = (each for each in routes if each.endswith("/*") and asked.startswith(each[:-1]))
    return max(prefixes, key=len, default=None)
