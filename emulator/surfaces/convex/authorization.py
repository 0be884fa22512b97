"""The `Authorization` header: its forms, and whom it makes the caller (contract convex §3)."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from emulator.engine.call import ANONYMOUS, Admin, Caller, User
from emulator.model.scenario import Scenario
from emulator.surfaces.convex.failures import BAD_ADMIN_KEY, NOT_ADMIN, ApiError, wrong_deployment
from emulator.values.convex import InvalidValueError, Value
from emulator.values.durations import SECOND
from emulator.values.formats import Json, decode

_SHORTEST = 7
_LATEST = 1 << 33  # seconds, in the year 2242
_MALFORMED = ApiError(400, "HeaderParseFailure", "Malformed Authorization header.")
_BAD_KEY = ApiError(400, "InvalidAdminKey", "Invalid admin key")
_BAD_JWT = ApiError(
    401,
    "InvalidAuthHeader",
    "Could not parse JWT payload. Check that the token is a valid JWT format with three base64-encoded parts "
    "separated by dots.",
)
_NO_ISSUER = ApiError(
    401,
    "InvalidAuthHeader",
    "Missing issuer claim ('iss') in JWT payload. Check that the token was issued for this deployment.",
)
_UNKNOWN_TOKEN = ApiError(
    401,
    "Unauthenticated",
    "Could not verify OIDC token claim. Check that the token signature is valid and the token hasn't expired.",
)
_CLAIMS = {
    "sub": "subject",
    "iss": "issuer",
    "given_name": "givenName",
    "family_name": "familyName",
    "preferred_username": "preferredUsername",
    "profile": "profileUrl",
    "picture": "pictureUrl",
    "website": "websiteUrl",
    "email_verified": "emailVerified",
    "birthdate": "birthday",
    "zoneinfo": "timezone",
    "locale": "language",
    "phone_number": "phoneNumber",
    "phone_number_verified": "phoneNumberVerified",
    "updated_at": "updatedAt",
}
_TECHNICAL = frozenset({"aud", "exp", "iat", "nbf", "jti"})


@dataclass(frozen=True, slots=True)
class Token:
    """An end user's token."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """An admin key, perhaps with the attributes of the user to act as."""

    key: str = field(repr=False)
    acting_as: dict[str, Value] | None = None


Credential: TypeAlias = Token | Key | None


def read_authorization(header: str | None) -> Credential:
    """Return what the header holds, None without one; raise ApiError when it is malformed."""
    if header is None:
        return None
    if not header.isascii():
        raise ApiError(400, "HeaderParseFailure", "The Authorization header is not ASCII.")
    if len(header) < _SHORTEST:
        raise ApiError(400, "InvalidHeaderFailure", "Invalid authentication header")
    scheme, _, rest = header.partition(" ")
    rest = rest.strip()
    match scheme.lower():
        case "bearer" if rest:
            return Token(rest)
        case "convex" if rest:
            return _read_key(rest)
        case _:
            raise _BAD_KEY.fresh()


def identify(credential: Credential, scenario: Scenario) -> Caller:
    """Return whom a credential stands for in a scenario; raise ApiError when it stands for nobody."""
    match credential:
        case None:
            return ANONYMOUS
        case Token(token):
            return _user_of(token, scenario)
        case Key(key, acting_as):
            _check_key(key, scenario)
            return Admin(User(acting_as) if acting_as is not None else None)


def acting_as(credential: Credential, user: Json) -> Credential:
    """Return an admin key with the user to act as, given as identity attributes; raise ApiError for anything else."""
    if not isinstance(credential, Key):
        raise _MALFORMED.fresh()
    try:
        return Key(credential.key, _attributes_of(decode(user)))
    except InvalidValueError as error:
        raise _MALFORMED.fresh() from error


def expiry_of(credential: Credential) -> int | None:
    """Return when a token expires, in nanoseconds since the epoch; None for what does not say so."""
    if not isinstance(credential, Token):
        return None
    try:
        claims = orjson.loads(_base64url(credential.token.split(".")[1]))
    except (IndexError, ValueError):  # a token need not be a JWT
        return None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(expiry, bool) or not isinstance(expiry, int | float) or not 0 < expiry < _LATEST:
        return None
    return int(expiry * SECOND)


def require_admin(caller: Caller) -> None:
    """Raise ApiError unless the caller holds an admin key."""
    if not isinstance(caller, Admin):
        raise NOT_ADMIN.fresh()


def _read_key(text: str) -> Key:
    """Split `key:base64`; a deployment prefix such as `prod:` has a colon of its own, before the bar."""
    before, bar, after = text.partition("|")
    secret, colon, acting = (after if bar else before).partition(":")
    if not colon:
        return Key(text)
    key = f"{before}|{secret}" if bar else secret
    try:
        attributes = decode(orjson.loads(b64decode(acting, validate=True)))
    except (binascii.Error, ValueError) as error:
        raise _MALFORMED.fresh() from error
    return Key(key, _attributes_of(attributes))


def _attributes_of(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict) or "tokenIdentifier" not in _with_identifier(value):
        raise _MALFORMED.fresh()
    return value


def _check_key(key: str, scenario: Scenario) -> None:
    deployment = scenario.deployment
    given = _without_prefix(key).encode()
    if any(hmac.compare_digest(given, _without_prefix(each).encode()) for each in deployment.admin_keys):
        return
    name, bar, _ = _without_prefix(key).partition("|")
    known = {_without_prefix(each).partition("|")[0] for each in deployment.admin_keys} | {deployment.name}
    raise wrong_deployment(deployment.name) if bar and name and name not in known else BAD_ADMIN_KEY.fresh()


def _without_prefix(key: str) -> str:
    kind, colon, rest = key.partition(":")
    if not colon or kind not in {"prod", "dev", "preview", "project"}:
        return key
    return rest if kind in {"prod", "dev"} else rest.rpartition(":")[2]


def _user_of(token: str, scenario: Scenario) -> User:
    if scenario.identities is None:
        return User(_claims_of(token))
    given = token.encode()
    for known in scenario.identities:
        if hmac.compare_digest(given, known.token.encode()):
            return User(known.attributes, known.name)
    _claims_of(token)
    raise _UNKNOWN_TOKEN.fresh()


def _claims_of(token: str) -> dict[str, Value]:
    """Return the attributes a JWT's claims give; its signature is not looked at."""
    parts = token.split(".")
    try:
        head, payload, _ = parts
        orjson.loads(_base64url(head))
        claims = decode(orjson.loads(_base64url(payload)))
    except (binascii.Error, ValueError) as error:
        raise _BAD_JWT.fresh() from error
    if not isinstance(claims, dict):
        raise _BAD_JWT.fresh()
    if not isinstance(claims.get("iss"), str):
        raise _NO_ISSUER.fresh()
    kept = {key: value for key, value in claims.items() if key not in _TECHNICAL}
    return _with_identifier({_CLAIMS.get(key, key): value for key, value in kept.items()})


def _with_identifier(attributes: dict[str, Value]) -> dict[str, Value]:
    issuer, subject = attributes.get("issuer"), attributes.get("subject")
    if isinstance(issuer, str) and isinstance(subject, str):
        attributes.setdefault("tokenIdentifier", f"{issuer}|{subject}")
    return attributes


def _base64url(part: str) -> bytes:
    if not part.isascii():
        raise InvalidValueError("not ASCII")
    return b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
