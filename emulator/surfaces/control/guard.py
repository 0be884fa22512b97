"""Who may use the control API: this machine may read, whoever has the token may change, and no web page anything."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from ipaddress import ip_address

from emulator.surfaces.control.failures import FOREIGN, NEEDS_TOKEN

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_BEARER = "bearer "


def check_host(host: str | None, own: Collection[str]) -> None:
    """Raise ControlError for a name that is none of ours: a page may have had it point here (DNS rebinding)."""
    if host is None or _name_of(host) not in _LOCAL | set(own):
        raise FOREIGN.fresh()


def check_caller(
    *, changes: bool, origin: str | None, address: str | None, authorization: str | None, token: str
) -> None:
    """Raise ControlError unless a caller may read, or with `changes` write."""
    if origin is not None:
        raise FOREIGN.fresh()
    if has_token(authorization, token):
        return
    if changes or address is None or not _is_loopback(address):
        raise NEEDS_TOKEN.fresh()


def has_token(authorization: str | None, token: str) -> bool:
    """Whether a header has the token; how long that takes tells nothing of it."""
    if authorization is None or authorization[: len(_BEARER)].lower() != _BEARER:
        return False
    given = authorization[len(_BEARER) :].strip().encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, token.encode())


def _name_of(host: str) -> str:
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.rpartition(":")[0] if name.count(":") == 1 else name


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False
