"""Who logged in with a browser, and who failed to too often; both forgotten at the end (contract openclaw §1.2).

Every `now` is a moment in nanoseconds since the epoch.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, ip_address
from secrets import token_urlsafe

from emulator.model.gateway import Scope
from emulator.surfaces.openclaw.failures import rate_limited
from emulator.values.durations import SECOND

COOKIE = "openclaw_session"
ALL_SCOPES = frozenset(Scope)
SESSION_SECONDS = 7 * 24 * 60 * 60

_MAX_SESSIONS = 1_000
_MAX_ADDRESSES = 1_000
_RANDOM_BYTES = 24
_MAX_FAILURES = 10
_FAILURE_WINDOW = 60 * SECOND
_BLOCKED_FOR = 300 * SECOND


def cookie_header(value: str, max_age: int = SESSION_SECONDS) -> str:
    """Return the `Set-Cookie` that gives a browser its login session."""
    return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}"


CLEARING_COOKIE = cookie_header("", 0)
"""The `Set-Cookie` that takes it away again."""


def session_cookie(header: str | None) -> str | None:
    """Return the login session's value in a `Cookie` header, whatever else other programs on this host put there."""
    for part in (header or "").split(";"):
        name, _, value = part.partition("=")
        value = value.strip().strip('"')
        if value and name.strip() == COOKIE:
            return value
    return None


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A browser that logged in; two are the same if their values are."""

    value: str = field(repr=False)
    expires: int = field(compare=False)
    scopes: frozenset[Scope] = field(default=ALL_SCOPES, compare=False)


class Logins:
    """The login sessions, the one used last at the end; the thousand-and-first pushes out the first."""

    def __init__(self) -> None:
        """Begin with nobody logged in."""
        self._sessions: dict[str, LoginSession] = {}

    def begin(self, now: int, scopes: frozenset[Scope] = ALL_SCOPES) -> LoginSession:
        """Return a new session with what the secret that was shown may do."""
        if len(self._sessions) >= _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        value = token_urlsafe(_RANDOM_BYTES)
        session = self._sessions[value] = LoginSession(value, now + SESSION_SECONDS * SECOND, scopes)
        return session

    def find(self, value: str | None, now: int) -> LoginSession | None:
        """Return a session, which lives a week from now on; None when there is none of this value any more."""
        session = self._sessions.pop(value, None) if value is not None else None
        if session is None or session.expires <= now:
            return None
        session = self._sessions[session.value] = replace(session, expires=now + SESSION_SECONDS * SECOND)
        return session

    def holds(self, session: LoginSession) -> bool:
        """Whether a session has not ended."""
        return session.value in self._sessions

    def end(self, value: str | None) -> None:
        """Forget a session, if it is there."""
        if value is not None:
            self._sessions.pop(value, None)

    def clear(self) -> None:
        """Forget all sessions: the secrets they were begun with are no longer good."""
        self._sessions.clear()


@dataclass(slots=True)
class _Record:
    """The last wrong secrets of one address, and until when none is looked at."""

    failures: deque[int] = field(default_factory=lambda: deque(maxlen=_MAX_FAILURES))
    blocked_until: int = 0


class FailedLogins:
    """Addresses that showed wrong secrets: after ten in a minute, none of theirs is looked at for five minutes.

    Loopback addresses, and callers without any, may try as often as they like.
    """

    def __init__(self) -> None:
        """Begin without suspicion."""
        self._records: dict[str, _Record] = {}

    def check(self, address: str | None, now: int) -> None:
        """Raise GatewayError while secrets from `address` are not looked at."""
        record = self._records.get(address) if address is not None else None
        if record is not None and now < record.blocked_until:
            seconds = -((now - record.blocked_until) // SECOND)
            raise rate_limited(seconds, "too many wrong secrets; try again later")

    def count(self, address: str | None, now: int) -> None:
        """Take note of a wrong secret from `address`."""
        if address is None or _is_loopback(address):
            return
        record = self._records.pop(address, None) or _Record()
        self._records[address] = record
        if len(self._records) > _MAX_ADDRESSES:
            del self._records[next(iter(self._records))]
        record.failures.append(now)
        if len(record.failures) == _MAX_FAILURES and now - record.failures[0] < _FAILURE_WINDOW:
            record.failures.clear()
            record.blocked_until = now + _BLOCKED_FOR


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback
