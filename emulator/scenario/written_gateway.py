"""The written form of the section `gateway`: an OpenClaw Gateway as it is in the beginning."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from emulator.scenario.forms import (
    AnyValue,
    DelayForm,
    Duration,
    Number,
    Written,
    read_whole,
)
from emulator.scenario.written import AskedCall, EffectForm, FailedForm, LogLineForm

Id = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Count = Annotated[StrictInt, Field(ge=0), BeforeValidator(read_whole)]
Instant = Annotated[StrictStr, Field(description="A moment in ISO 8601: 2024-02-08T12:00:00Z.")]
Anything = Annotated[
    Any, Field(description="A text that is asked for, or operators: {$contains: hello}, {$regex: '^hi'}.")
]


class TokenForm(Written):
    """What a token may do."""

    scopes: list[Literal["read", "write", "admin"]] = ["read"]


class AccessForm(Written):
    """Who may come in: whoever has the password, or a token; left out, everybody."""

    password: Annotated[StrictStr, Field(min_length=1)] | None = None
    tokens: dict[str, TokenForm] = {}


class CorsForm(Written):
    """Origins whose pages may call the gateway with a login."""

    origins: list[StrictStr] = []


class AgentForm(Written):
    """An agent."""

    name: StrictStr | None = None
    model: StrictStr | None = None
    status: Literal["idle", "running", "error", "disabled"] = "idle"
    workspace: StrictStr = "~/.openclaw/workspace"
    error: StrictStr | None = None


class MessageForm(Written):
    """A message of a conversation."""

    role: Literal["user", "assistant", "system", "tool"]
    content: StrictStr
    at: Instant | None = None


class SessionForm(Written):
    """A conversation that is there from the beginning."""

    last_active: Instant | None = None
    messages: list[MessageForm] = []


class ReconnectForm(Written):
    """What becomes of a channel that is told to reconnect."""

    takes: Duration = 500_000_000
    becomes: Literal["connected", "disconnected"] = "connected"
    error: StrictStr | None = None


class ChannelForm(Written):
    """A channel."""

    status: Literal["connected", "disconnected", "connecting", "disabled"] = "connected"
    last_activity: Instant | None = None
    error: StrictStr | None = None
    reconnect: ReconnectForm = ReconnectForm()


class PaceForm(Written):
    """How the pieces of a reply follow one another; `POST /api/chat` takes as long."""

    by: Literal["character", "word", "line", "whole"] = "word"
    first: Duration = 0
    every: Duration | None = None
    rate: Annotated[Number, Field(gt=0, description="Tokens a second.")] | None = None


class ChatWhenForm(Written):
    """What a message must have for the rule to answer."""

    message: Anything = None
    session: Anything = None
    agent: Anything = None
    channel: Anything = None
    state: dict[str, Any] | None = None
    headers: dict[str, Any] | None = None
    call: AskedCall | None = None
    chance: Annotated[Number, Field(ge=0, le=1)] | None = None
    if_: Annotated[StrictStr | None, Field(alias="if")] = None


class ChatOutcomeForm(Written):
    """What a message gets: a `reply`, or a `failure`; `do` changes things before."""

    do: Annotated[list[EffectForm], Field(min_length=1)] | None = None
    reply: AnyValue = None
    tokens: AnyValue = None
    stream: PaceForm | None = None
    failure: FailedForm | None = None
    logs: list[LogLineForm] = []
    delay: DelayForm | None = None


class ChatRuleForm(ChatOutcomeForm):
    """A condition and what it answers; without `when` it always answers."""

    when: ChatWhenForm | None = None


class ChatVariantForm(ChatRuleForm):
    """Other answers to messages: one rule written directly, or `rules`, or a `sequence`."""

    rules: Annotated[list[ChatRuleForm], Field(min_length=1)] | None = None
    sequence: Annotated[list[ChatOutcomeForm], Field(min_length=1)] | None = None
    repeat: StrictBool = False


class ChatForm(ChatVariantForm):
    """How messages are answered: one rule written directly, or `rules`, or a `sequence`."""

    variants: dict[str, ChatVariantForm] = {}


class NodeForm(Written):
    """A paired device."""

    name: StrictStr | None = None
    platform: Literal["ios", "android", "macos", "linux", "windows"] = "ios"
    status: Literal["online", "offline"] = "online"
    capabilities: list[StrictStr] = []
    last_seen: Instant | None = None


class PairingForm(Written):
    """Pairing codes: a fixed one, and how long codes are good."""

    code: Annotated[StrictStr, Field(pattern=r"^[A-Z0-9]{8}$")] | None = None
    ttl: Duration = 300_000_000_000


class CronRunForm(Written):
    """How a job's runs go."""

    takes: Duration = 0
    result: Literal["ok", "error"] = "ok"
    error: StrictStr | None = None
    reply: StrictStr | None = None


class CronForm(Written):
    """A job that is due by a schedule."""

    schedule: StrictStr
    enabled: StrictBool = True
    prompt: StrictStr = ""
    agent: Id = "main"
    target: AnyValue = None
    timezone: StrictStr = "UTC"
    single_instance: StrictBool = False
    fires: Annotated[StrictBool, Field(description="Whether it runs by itself when it is due.")] = False
    run: CronRunForm = CronRunForm()


class GatewayForm(Written):
    """An OpenClaw Gateway."""

    version: StrictStr = "2024.2.0"
    health: Literal["ok", "degraded", "starting"] = "ok"
    auth: AccessForm | None = None
    cors: CorsForm = CorsForm()
    agents: dict[str, AgentForm] = {}
    sessions: dict[str, SessionForm] = {}
    channels: dict[str, ChannelForm] = {}
    chat: ChatForm | None = None
    nodes: dict[str, NodeForm] = {}
    pairing: PairingForm = PairingForm()
    config: dict[str, Any] = {}
    cron: dict[str, CronForm] = {}
