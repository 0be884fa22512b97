"""What a socket's client says, and what is to be done about it: sans-I/O (contract openclaw §1.13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from emulator.model.gateway import Json
from emulator.surfaces.close import Close
from emulator.surfaces.openclaw.codec import Message, read_key, read_message
from emulator.surfaces.openclaw.failures import GatewayError, invalid_request
from emulator.values.instants import format_instant
from emulator.values.session_keys import SessionKey

TOPICS = ("session", "channel", "node", "cron", "config")
MAX_BAD_FRAMES = 20
POLICY_VIOLATION = 1008
_MAX_ID = 256


@dataclass(frozen=True, slots=True)
class Send:
    """Send this frame."""

    frame: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Start:
    """Start a turn; `id` is echoed in all of its frames."""

    message: Message
    id: Json


@dataclass(frozen=True, slots=True)
class Abort:
    """Stop a run: the one of a conversation, or the one with an id."""

    key: SessionKey | None
    run_id: str | None
    id: Json


Action: TypeAlias = Send | Start | Abort | Close


class Conversation:
    """One socket's side of things: what it subscribed to, and how many bad frames came in a row."""

    __slots__ = ("_bad", "topics")

    def __init__(self) -> None:
        """Say nothing until spoken to."""
        self.topics: frozenset[str] = frozenset()
        self._bad = 0

    def receive(self, text: str, now: int) -> list[Action]:
        """Return what a frame asks for; `now` is in nanoseconds since the epoch."""
        fields: Any = None
        try:
            fields = _object(text)
            actions = self._actions(fields, now)
        except GatewayError as error:
            return self._refuse(error, fields)
        self._bad = 0
        return actions

    def _actions(self, fields: dict[str, Json], now: int) -> list[Action]:
        turn_id = _id_of(fields)
        match fields.get("type"):
            case "chat":
                return [Start(read_message(fields), turn_id)]
            case "abort":
                return [_abort(fields, turn_id)]
            case "ping":
                return [Send({"type": "pong", **_echo(turn_id), "ts": format_instant(now)})]
            case "subscribe":
                return [self._subscribe(fields.get("events"), turn_id)]
            case kind:
                known = "chat, abort, ping or subscribe"
                raise invalid_request(f"expected {known}, got {_shown(kind)}", "type")

    def _subscribe(self, events: Json, turn_id: Json) -> Action:
        if not isinstance(events, list) or not all(each in TOPICS for each in events if isinstance(each, str)):
            raise invalid_request(f"expected a list of {', '.join(TOPICS)}", "events")
        if not all(isinstance(each, str) for each in events):
            raise invalid_request("expected texts", "events")
        self.topics = frozenset(events)
        return Send(
            {"type": "subscribed", "events": [each for each in TOPICS if each in self.topics], **_echo(turn_id)}
        )

    def _refuse(self, error: GatewayError, fields: Any) -> list[Action]:  # noqa: ANN401 - whatever the frame held
        self._bad += 1
        turn_id = fields.get("id") if isinstance(fields, dict) else None
        frame = refusal(error, turn_id if _is_id(turn_id) else None)
        if self._bad >= MAX_BAD_FRAMES:
            return [Send(frame), Close(POLICY_VIOLATION, "too many bad frames")]
        return [Send(frame)]


def refusal(error: GatewayError, turn_id: Json) -> dict[str, Json]:
    """Write the frame of a turn that could not begin."""
    return {"type": "error", "error": error.payload, **_echo(turn_id)}


def _object(text: str) -> dict[str, Json]:
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise invalid_request(f"the frame is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise invalid_request("the frame must be a JSON object")
    return fields


def _id_of(fields: dict[str, Json]) -> Json:
    turn_id = fields.get("id")
    if not _is_id(turn_id):
        raise invalid_request(f"expected a text of at most {_MAX_ID} characters, or a number", "id")
    return turn_id


def _is_id(turn_id: Json) -> bool:
    """Whether it may be repeated in every frame of a turn."""
    if isinstance(turn_id, str):
        return len(turn_id) <= _MAX_ID
    return turn_id is None or (isinstance(turn_id, int | float) and not isinstance(turn_id, bool))


def _abort(fields: dict[str, Json], turn_id: Json) -> Action:
    run_id = fields.get("runId")
    if run_id is not None:
        if not isinstance(run_id, str):
            raise invalid_request("expected a string", "runId")
        return Abort(None, run_id, turn_id)
    if fields.get("session") is None:
        raise invalid_request("expected session or runId", "session")
    return Abort(read_key(fields), None, turn_id)


def _echo(turn_id: Json) -> dict[str, Json]:
    return {} if turn_id is None else {"id": turn_id}


def _shown(value: Json) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 40 else f"{text[:40]}…"  # noqa: PLR2004 - enough to recognise it
