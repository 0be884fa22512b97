"""Who may use the control API: this machine may read, whoever has the token may change, and no web page anything."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from ipaddress import ip_address

from emulator.surfaces.control.failures import DEMO, FOREIGN, NEEDS_TOKEN

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OWN_SITES = frozenset({"none", "same-origin"})
_BEARER = "bearer "


def check_caller(
    headers: Mapping[str, str], address: str | None, token: str | None, own: Collection[str], *, changes: bool
) -> None:
    """Raise ControlError unless a caller may read, or with `changes` write.

    A page of another site says so in its headers, or has had a name of its own point here (DNS rebinding); `own` are
    the names by which the emulator may be called. Pages do not have the token: who does may come by any name. Where
    there is no token, as in a demo, nobody has it.
    """
    if "Origin" in headers or headers.get("Sec-Fetch-Site", "none").lower() not in _OWN_SITES:
        raise FOREIGN.fresh()
    if token is not None and has_token(headers.get("Authorization"), token):
        return
    if _name_of(headers.get("Host", "")) not in _LOCAL | set(own):
        raise FOREIGN.fresh()
    if changes or address is None or not _is_loopback(address):
        raise (DEMO if token is None else NEEDS_TOKEN).fresh()


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
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)  # what an IPv4 client looks like to a listener of both
    return (mapped or found).is_loopback
