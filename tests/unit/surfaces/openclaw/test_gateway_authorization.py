"""Who a caller is, and what it may do (contract openclaw §1.2)."""

from __future__ import annotations

import pytest

from emulator.model.gateway import Access, Scope
from emulator.surfaces.openclaw.authorization import (
    Bearer,
    Cookie,
    Everyone,
    Identity,
    check_origin,
    identify,
    require,
    scopes_of,
)
from emulator.surfaces.openclaw.failures import GatewayError, WrongSecretError
from emulator.surfaces.openclaw.logins import ALL_SCOPES, LoginSession

READ = frozenset({Scope.READ})
ACCESS = Access(
    "비밀번호 1",
    {"viewer": READ, "writer": frozenset({Scope.WRITE}), "root": frozenset({Scope.ADMIN}), "nothing": frozenset()},
)
SESSION = LoginSession("value", 0, READ)


@pytest.mark.parametrize(
    ("secret", "scopes"),
    [
        ("비밀번호 1", ALL_SCOPES),
        ("viewer", READ),
        ("writer", {Scope.WRITE}),
        ("root", ALL_SCOPES),
        ("nothing", set()),
        ("Viewer", None),
        ("", None),
        ("\ud800", None),
    ],
)
def test_a_secret_may_do_what_is_listed_and_admin_everything(secret: str, scopes: frozenset[Scope] | None) -> None:
    assert scopes_of(ACCESS, secret) == scopes


def test_a_token_that_is_the_password_too_may_do_everything() -> None:
    assert scopes_of(Access("same", {"same": READ}), "same") == ALL_SCOPES


@pytest.mark.parametrize("header", ["Bearer viewer", "bearer viewer", "BEARER   viewer "])
def test_the_scheme_may_be_written_in_any_case(header: str) -> None:
    assert identify(ACCESS, header, None, None) == Bearer("viewer", READ)


def test_a_password_may_have_spaces() -> None:
    assert identify(ACCESS, "Bearer 비밀번호 1", None, None).scopes == ALL_SCOPES


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic dXNlcg==", ""])
def test_an_open_gateway_wants_nothing(header: str | None) -> None:
    identity = identify(Access(), header, "wrong", SESSION)

    assert identity == Everyone()
    assert identity.scopes == ALL_SCOPES


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic viewer", "viewer", "Bearerviewer"])
def test_a_header_without_a_bearer_secret_is_no_guess(header: str) -> None:
    with pytest.raises(GatewayError) as caught:
        identify(ACCESS, header, None, None)

    assert caught.value.code == "AUTH_REQUIRED"
    assert not isinstance(caught.value, WrongSecretError)


def test_a_header_decides_alone() -> None:
    with pytest.raises(WrongSecretError):
        identify(ACCESS, "Bearer wrong", "viewer", SESSION)


def test_then_a_token_in_the_url_does() -> None:
    assert identify(ACCESS, None, "viewer", SESSION) == Bearer("viewer", READ)
    with pytest.raises(WrongSecretError):
        identify(ACCESS, None, "wrong", SESSION)


def test_then_a_cookie_does() -> None:
    identity = identify(ACCESS, None, None, SESSION)

    assert identity == Cookie(SESSION)
    assert identity.scopes == READ


def test_without_any_a_caller_is_asked_for_a_credential() -> None:
    with pytest.raises(GatewayError) as caught:
        identify(ACCESS, None, None, None)

    assert (caught.value.status, caught.value.code) == (401, "AUTH_REQUIRED")
    assert not isinstance(caught.value, WrongSecretError)


def test_the_password_alone_closes_the_gateway_and_so_does_a_token() -> None:
    for access in (Access("secret"), Access(None, {"secret": READ})):
        assert identify(access, "Bearer secret", None, None).method == "bearer"
        with pytest.raises(GatewayError):
            identify(access, None, None, None)


@pytest.mark.parametrize("identity", [Bearer("viewer", READ), Cookie(SESSION)])
def test_a_missing_scope_is_named(identity: Identity) -> None:
    require(identity, Scope.READ)

    with pytest.raises(GatewayError) as caught:
        require(identity, Scope.WRITE)

    assert (caught.value.status, caught.value.message) == (403, "missing scope: write")
    assert caught.value.details == {"requiredScopes": ["write"]}


def test_callers_can_be_told_apart_by_their_credentials() -> None:
    renewed = LoginSession("value", 99, READ)
    known: set[Identity] = {Bearer("viewer", READ), Cookie(SESSION), Everyone()}

    assert {Bearer("viewer", READ), Cookie(renewed), Everyone()} == known
    assert Bearer("other", READ) not in known


def test_secrets_are_not_in_what_is_printed_of_callers() -> None:
    assert "s3cret" not in repr(Bearer("s3cret", READ)) + repr(Cookie(LoginSession("s3cret", 0)))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "localhost:18789"),
        ("http://localhost:18789", "localhost:18789"),
        ("HTTP://LocalHost:18789", "localhost:18789"),
        ("http://localhost", "localhost:80"),
        ("http://localhost:80", "localhost"),
        ("https://gateway.test", "gateway.test:443"),
        ("http://[::1]:18789", "[::1]:18789"),
        ("https://app.test", "localhost:18789"),
        ("https://APP.test:443", "localhost:18789"),
    ],
)
def test_pages_of_the_same_host_and_of_allowed_origins_may_use_the_cookie(origin: str | None, host: str) -> None:
    check_origin(origin, host, ["https://app.test/"])


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.test", "localhost:18789"),
        ("http://localhost:3000", "localhost:18789"),
        ("http://localhost", "localhost:18789"),
        ("http://localhost:80", "localhost:443"),
        ("http://app.test", "localhost:18789"),
        ("null", "localhost:18789"),
        ("", ""),
        ("http://", "localhost"),
        ("file://", ""),
        ("localhost:18789", "localhost:18789"),
        ("http://localhost:18789", None),
        ("http://[", "localhost"),
        ("http://\ud800", "x"),
    ],
)
def test_no_other_pages_may(origin: str, host: str | None) -> None:
    with pytest.raises(GatewayError) as caught:
        check_origin(origin, host, ["https://app.test"])

    assert (caught.value.status, caught.value.code) == (403, "FORBIDDEN")
    assert caught.value.body
