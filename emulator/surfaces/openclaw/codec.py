"""Requests to turns and parameters, what is there to JSON; pure (contract openclaw §1.4-§1.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from emulator.engine.explain import explain
from emulator.engine.gateway import channels, sessions
from emulator.engine.plan import Ending, Uncomputable, Unmatched, Unscripted, WrongType
from emulator.model.gateway import DEFAULT_AGENT, Json, Node
from emulator.model.rule import Failure
from emulator.surfaces.openclaw.failures import GatewayError, Issue, internal, invalid, invalid_request, rate_limited
from emulator.values.instants import format_instant
from emulator.values.session_keys import (
    MAX_LENGTH,
    InvalidSessionKeyError,
    SessionKey,
    api_key,
    is_id,
    parse_session_key,
)

MAX_MESSAGE = 100_000
MAX_LIMIT = 1_000
DEFAULT_LIMIT = 200
DEFAULT_SESSION = "default"
_CODES = {400: "INVALID_REQUEST", 401: "AUTH_REQUIRED", 403: "FORBIDDEN", 404: "NOT_FOUND", 429: "RATE_LIMIT"}


class Message(NamedTuple):
    """What somebody says to whom."""

    key: SessionKey
    agent: str
    text: str


def read_object(body: bytes) -> dict[str, Json]:
    """Return a body that is a JSON object; raise GatewayError for any other."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid_request(f"the body is not JSON: {error}") from error
    if not isinstance(tree, dict):
        raise invalid_request("the body must be a JSON object")
    return tree


def read_optional_object(body: bytes) -> dict[str, Json]:
    """Return a body that may be left out."""
    return read_object(body) if body.strip() else {}


def read_message(fields: Mapping[str, Json]) -> Message:
    """Return the message of a chat request; raise GatewayError with everything that is wrong with it."""
    issues: list[Issue] = []
    text = fields.get("message")
    if not isinstance(text, str) or not text.strip():
        issues.append(Issue("message", "expected a non-empty string"))
    elif len(text) > MAX_MESSAGE:
        issues.append(Issue("message", f"expected at most {MAX_MESSAGE} characters, got {len(text)}"))
    session = fields.get("session")
    agent = fields.get("agent")
    if session is not None and not _is_session(session):
        issues.append(Issue("session", f"expected 1 to {MAX_LENGTH} characters without control characters"))
    if agent is not None and not isinstance(agent, str):
        issues.append(Issue("agent", "expected a string"))
    if issues:
        raise invalid(issues)
    key = read_session(session, agent)
    return Message(key, key.agent, str(text))


def read_session(session: str | None, agent: str | None) -> SessionKey:
    """Return the conversation that a caller's id, or a whole key, means for an agent."""
    if session is None or not session.startswith("agent:"):
        name = agent or DEFAULT_AGENT
        if not is_id(name):
            raise GatewayError(404, "NOT_FOUND", f"no agent with id {name[:MAX_LENGTH]}")
        return api_key(name, session or DEFAULT_SESSION)
    try:
        key = parse_session_key(session)
    except InvalidSessionKeyError as error:
        raise invalid_request(str(error), "session") from error
    if agent is not None and agent != key.agent:
        raise invalid_request(f"the session belongs to agent {key.agent}, not to {agent[:MAX_LENGTH]}", "agent")
    return key


def read_count(query: Mapping[str, str], name: str, default: int | None, lowest: int = 1) -> int | None:
    """Return a number of the query; raise GatewayError when it is none from `lowest` to 1,000."""
    text = query.get(name)
    if text is None:
        return default
    highest = MAX_LIMIT if lowest else 10**9
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and lowest <= int(text) <= highest):  # noqa: PLR2004 - ten digits are a number
        raise invalid_request(f"expected a whole number from {lowest} to {highest}", name)
    return int(text)


def json_bytes(tree: Json) -> bytes:
    """Return JSON; what is no text in UTF-8 is written with replacements."""
    try:
        return orjson.dumps(tree)
    except orjson.JSONEncodeError:
        return orjson.dumps(_writable(tree))


def session_row(row: sessions.Row) -> Json:
    """Write a session as lists show it."""
    return {"key": row.key, "lastActive": format_instant(row.last_active), "messageCount": row.message_count}


def history_page(key: str, messages: list[sessions.Message], limit: int, before: str | None) -> Json:
    """Write the newest messages before another one, or at all."""
    end = next((place for place, each in enumerate(messages) if each.id == before), len(messages))
    start = max(0, end - limit)
    rows = [
        {"id": each.id, "role": each.role, "content": each.content, "timestamp": format_instant(each.at)}
        for each in messages[start:end]
    ]
    return {"sessionKey": key, "messages": rows, "hasMore": start > 0}


def channel_row(row: channels.Row) -> Json:
    """Write a channel; what is not there is left out."""
    written: dict[str, Json] = {"id": row.id, "status": row.status.value}
    if row.last_activity is not None:
        written["lastActivity"] = format_instant(row.last_activity)
    if row.error is not None:
        written["error"] = row.error
    return written


def node_row(node: Node) -> Json:
    """Write a device."""
    written: dict[str, Json] = {
        "id": node.id,
        "name": node.name,
        "platform": node.platform,
        "status": node.status,
        "capabilities": list(node.capabilities),
    }
    if node.last_seen is not None:
        written["lastSeen"] = format_instant(node.last_seen)
    return written


def run_error(ending: Ending) -> GatewayError:
    """Return the error of a run that gave no reply: what the scenario says, or why it says nothing."""
    match ending:
        case Failure(status, code, message):
            if status == 429:  # noqa: PLR2004 - the status that says when to come back
                return rate_limited(1, message or "too many requests")
            return GatewayError(status, code or _CODES.get(status, "INTERNAL"), message or "the agent run failed")
        case Unscripted():
            return internal("chat is not scripted; write gateway: chat: reply: … in the scenario")
        case Unmatched() | Uncomputable() | WrongType():
            return internal(explain(ending))
        case _:
            return internal("the agent run failed")


def _is_session(session: Json) -> bool:
    return isinstance(session, str) and 0 < len(session) <= MAX_LENGTH and session.isprintable()


def _writable(tree: Json) -> Json:
    if isinstance(tree, str):
        return tree.encode("utf-8", "replace").decode()
    if isinstance(tree, dict):
        return {_writable(key): _writable(each) for key, each in tree.items()}
    return [_writable(each) for each in tree] if isinstance(tree, list) else tree
