"""Session keys: who talks to which agent, and where (contract openclaw §1.6)."""

from __future__ import annotations

import re
from typing import NamedTuple

API_CHANNEL = "api"
MAX_LENGTH = 256
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TYPES = ("dm", "group")
_PARTS = 5
_MAIN_PARTS = 3
_MAIN = "main"


class SessionKey(NamedTuple):
    """A key taken apart; the agent's main session has neither channel nor identifier."""

    agent: str
    channel: str
    type: str
    identifier: str

    @property
    def is_main(self) -> bool:
        """Whether it is the agent's main session, which cannot be deleted."""
        return not self.channel

    @property
    def text(self) -> str:
        """The key as it is written."""
        if self.is_main:
            return f"agent:{self.agent}:{_MAIN}"
        return f"agent:{self.agent}:{self.channel}:{self.type}:{self.identifier}"


class InvalidSessionKeyError(ValueError):
    """A text that is no session key; it says why."""


def parse_session_key(text: str) -> SessionKey:
    """Take a key apart at its first four colons; raise InvalidSessionKeyError."""
    parts = text.split(":", _PARTS - 1)
    if parts[0] != "agent":
        raise InvalidSessionKeyError(f"a session key begins with agent:, not {parts[0][:20]!r}")
    if len(parts) == _MAIN_PARTS and parts[2] == _MAIN and _NAME.fullmatch(parts[1]):
        return SessionKey(parts[1], "", "", "")
    if len(parts) != _PARTS or not parts[4]:
        raise InvalidSessionKeyError("a session key has the form agent:<agent>:<channel>:<dm or group>:<identifier>")
    _, agent, channel, kind, identifier = parts
    for name, what in ((agent, "agent"), (channel, "channel")):
        if not _NAME.fullmatch(name):
            raise InvalidSessionKeyError(f"{name[:80]!r} is no {what} id")
    if kind not in _TYPES:
        raise InvalidSessionKeyError(f"{kind[:20]!r} is neither dm nor group")
    return SessionKey(agent, channel, kind, identifier)


def api_key(agent: str, name: str) -> SessionKey:
    """Return the key of a caller's own session."""
    return SessionKey(agent, API_CHANNEL, "dm", name)


def is_id(text: str) -> bool:
    """Whether a text may be the id of an agent or a channel."""
    return _NAME.fullmatch(text) is not None
