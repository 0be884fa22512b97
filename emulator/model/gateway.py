"""What a scenario says of an OpenClaw Gateway: who may come in, and what it begins with (contract openclaw §1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from emulator.model.function import Function
from emulator.model.place import Place
from emulator.values.durations import MILLISECOND, SECOND

DEFAULT_VERSION = "2024.2.0"
DEFAULT_AGENT = "main"
DEFAULT_MODEL = "anthropic/claude-sonnet-4-20250514"
CHAT = "POST /api/chat"
"""The operation that chat rules answer."""

ROLES = ("user", "assistant", "system", "tool")

Json: TypeAlias = Any


class Scope(Enum):
    """What a credential may do."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class ChannelStatus(Enum):
    """What a channel is doing."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Access:
    """The password, which may do everything, and further tokens with their scopes; nobody needs any without either."""

    password: str | None = field(default=None, repr=False)
    tokens: Mapping[str, frozenset[Scope]] = field(default_factory=dict, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether everybody may do everything."""
        return self.password is None and not self.tokens

    @property
    def bearer(self) -> str | None:
        """The secret that may do the most as a bearer token, a token before the password; None where none is needed."""
        able = {token: (Scope.ADMIN in scopes, len(scopes)) for token, scopes in self.tokens.items()}
        best = max(able, key=able.__getitem__, default=None)
        return best if best is not None and (able[best][0] or self.password is None) else self.password


class Agent(NamedTuple):
    """An agent; without a model it has the one of the config, `agents.defaults.model`."""

    id: str
    name: str
    model: str | None = None
    status: str = "idle"
    workspace: str = "~/.openclaw/workspace"
    error: str | None = None


class Message(NamedTuple):
    """A message of a session's beginning; without a moment it gets one shortly before the session's last activity."""

    role: str
    content: str
    at: int | None = None


class Session(NamedTuple):
    """A conversation that is there from the beginning."""

    key: str
    messages: tuple[Message, ...] = ()
    last_active: int | None = None


class Reconnect(NamedTuple):
    """What becomes of a channel that is told to reconnect, after so many nanoseconds."""

    takes: int = 500 * MILLISECOND
    becomes: ChannelStatus = ChannelStatus.CONNECTED
    error: str | None = None


class Channel(NamedTuple):
    """A channel as it is in the beginning."""

    id: str
    status: ChannelStatus = ChannelStatus.CONNECTED
    last_activity: int | None = None
    error: str | None = None
    reconnect: Reconnect = Reconnect()


class Node(NamedTuple):
    """A paired device as it is in the beginning."""

    id: str
    name: str
    platform: str = "ios"
    status: str = "online"
    capabilities: tuple[str, ...] = ()
    last_seen: int | None = None


class Pairing(NamedTuple):
    """Pairing codes: a fixed one, or drawn ones, and how long they are good."""

    code: str | None = None
    ttl: int = 300 * SECOND


@dataclass(frozen=True, slots=True)
class CronJob:
    """A job: when it is due, what it asks which agent, and how its runs go.

    A run takes `takes`; with `error` it fails. Without `reply` the prompt is a chat turn as any other. It comes by
    itself, by the clock, only with `fires`.
    """

    id: str
    schedule: str
    place: Place = field(compare=False)
    enabled: bool = True
    prompt: str = ""
    agent: str = DEFAULT_AGENT
    target: Json = None
    timezone: str = "UTC"
    single_instance: bool = False
    takes: int = 0
    reply: str | None = None
    error: str | None = None
    fires: bool = False


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway as it is in the beginning; `chat` has the rules that answer messages."""

    version: str = DEFAULT_VERSION
    health: str = "ok"
    access: Access = field(default_factory=Access)
    origins: tuple[str, ...] = ()
    agents: Mapping[str, Agent] = field(default_factory=lambda: {DEFAULT_AGENT: Agent(DEFAULT_AGENT, "Main")})
    sessions: Mapping[str, Session] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    chat: Function | None = None
    nodes: Mapping[str, Node] = field(default_factory=dict)
    pairing: Pairing = field(default_factory=Pairing)
    config: Json = field(default_factory=dict)
    config_place: Place | None = field(default=None, compare=False)
    cron: Mapping[str, CronJob] = field(default_factory=dict)
