"""Who a caller is, and whether that is enough (contract openclaw §1.2)."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from emulator.model.gateway import Access, Scope
from emulator.surfaces.openclaw.failures import auth_required, forbidden, wrong_secret
from emulator.surfaces.openclaw.logins import ALL_SCOPES, LoginSession

_OTHER_SITES = ("same-site", "cross-site")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Everyone:
    """Any caller of a gateway that wants no credentials."""

    method: ClassVar[str] = "none"
    scopes: ClassVar[frozenset[Scope]] = ALL_SCOPES


@dataclass(frozen=True, slots=True)
class Bearer:
    """A caller that showed the password or a token."""

    secret: str = field(repr=False)
    scopes: frozenset[Scope]
    method: ClassVar[str] = "bearer"


@dataclass(frozen=True, slots=True)
class Cookie:
    """A browser that logged in."""

    session: LoginSession
    method: ClassVar[str] = "cookie"

    @property
    def scopes(self) -> frozenset[Scope]:
        """What the secret that it logged in with may do."""
        return self.session.scopes


Identity: TypeAlias = Everyone | Bearer | Cookie
"""A caller; equal for the same credential, so that what is counted for each can be kept by it."""


def credential_of(identity: Identity | None) -> str | None:
    """Return what stands for a caller's credential and tells nothing of it; None where there is none."""
    return None if identity is None or isinstance(identity, Everyone) else f"{hash(identity):x}"


def identify(
    access: Access, header: str | None, query_token: str | None, cookie_session: LoginSession | None
) -> Identity:
    """Return who a caller is: by its `Authorization` header, else by ``?token=``, else by its cookie.

    The first of these that is there decides alone. Raises GatewayError, a WrongSecretError where that was a secret.
    """
    if access.is_open:
        return Everyone()
    if header is not None:
        return _bearer(access, _secret_of(header))
    if query_token is not None:
        return _bearer(access, query_token)
    if cookie_session is not None:
        return Cookie(cookie_session)
    raise auth_required()


def scopes_of(access: Access, secret: str) -> frozenset[Scope] | None:
    """Return what a secret may do, None when nobody has it; how long that takes tells nothing of the right ones."""
    given = _bytes(secret)
    found: frozenset[Scope] | None = None
    for token, scopes in access.tokens.items():
        if hmac.compare_digest(given, _bytes(token)):
            found = ALL_SCOPES if Scope.ADMIN in scopes else scopes
    if access.password is not None and hmac.compare_digest(given, _bytes(access.password)):
        found = ALL_SCOPES
    return found


def require(identity: Identity, scope: Scope) -> None:
    """Raise GatewayError unless the caller may do what needs `scope`."""
    if scope not in identity.scopes:
        raise forbidden(f"missing scope: {scope.value}", {"requiredScopes": [scope.value]})


def check_origin(origin: str | None, host: str | None, allowed_origins: Collection[str]) -> None:
    """Raise GatewayError for a page that is neither this host's nor of an allowed origin.

    For what relies on a cookie and either changes something or opens a WebSocket: a browser sends the cookie whatever
    page asks, and says in `Origin` which one it was. Who sends no `Origin` is no browser.
    """
    if origin is None or _normal(origin) in map(_normal, allowed_origins):
        return
    scheme, separator, authority = _normal(origin).partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    if not separator or port is None or host is None or authority != host.strip().lower().removesuffix(port):
        raise forbidden(f"origin {origin} is not allowed", {"origin": origin})


def check_site(site: str | None, origin: str | None) -> None:
    """Raise GatewayError for a request that another site's page makes without saying which: an image, a link.

    With an `Origin` that one is looked at instead.
    """
    if origin is None and site in _OTHER_SITES:
        raise forbidden("another site cannot do this with a login", {"site": site})


def _bearer(access: Access, secret: str) -> Bearer:
    scopes = scopes_of(access, secret)
    if scopes is None:
        raise wrong_secret()
    return Bearer(secret, scopes)


def _secret_of(header: str) -> str:
    scheme, _, secret = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise auth_required("expected Authorization: Bearer <password>")
    return secret.strip()


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogatepass")


def _normal(origin: str) -> str:
    """Return an origin in lower case, without a slash at its end and without the port that goes without saying."""
    plain = origin.strip().lower().rstrip("/")
    return plain.removesuffix(_DEFAULT_PORTS.get(plain.partition("://")[0], "/"))
