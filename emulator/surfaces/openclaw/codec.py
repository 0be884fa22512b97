"""Requests to turns and parameters, what is there to JSON; pure (contract openclaw §1.4-§1.11)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from emulator.engine.explain import explain
from emulator.engine.gateway import channels, sessions
from emulator.engine.meters import Reading
from emulator.engine.plan import Ending, Limited, Uncomputable, Unmatched, Unscripted, WrongType
from emulator.model.gateway import DEFAULT_AGENT, Json, Node
from emulator.model.rule import Failure
from emulator.surfaces.openclaw.failures import (
    GatewayError,
    Issue,
    auth_required,
    internal,
    invalid,
    invalid_request,
    rate_limited,
)
from emulator.values.durations import SECOND
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
_USUAL = {
    401: auth_required(),
    403: GatewayError(403, "FORBIDDEN", "forbidden"),
    404: GatewayError(404, "NOT_FOUND", "not found"),
    405: GatewayError(405, "METHOD_NOT_ALLOWED", "method not allowed"),
    413: GatewayError(413, "PAYLOAD_TOO_LARGE", "payload too large"),
    429: rate_limited(1),
}
"""What failures are without a code and a message of their own."""


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
    key = read_key(fields, issues)
    return Message(key, key.agent, str(text))


def read_key(fields: Mapping[str, Json], issues: Iterable[Issue] = ()) -> SessionKey:
    """Return the conversation that a request names; raise GatewayError with these issues and its own."""
    issues = list(issues)
    session = fields.get("session")
    agent = fields.get("agent")
    if session is not None and not _is_session(session):
        issues.append(Issue("session", f"expected 1 to {MAX_LENGTH} characters without control characters"))
    if agent is not None and not isinstance(agent, str):
        issues.append(Issue("agent", "expected a string"))
    if issues:
        raise invalid(issues)
    return read_session(session, agent)


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
    """Write the newest messages before another one, or at all; raise GatewayError when that one is not there."""
    end = len(messages)
    if before is not None:
        found = [place for place, each in enumerate(messages) if each.id == before]
        if not found:
            raise invalid_request("expected the id of a message of this session", "before")
        end = found[0]
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
        case Limited(reading):
            return rate_limited(_seconds(reading.retry_after), f"too many requests: {reading.limit.allow} are allowed")
        case Failure(status, code, message):
            return _failure(status, code, message)
        case Unscripted():
            return internal("chat is not scripted; write gateway: chat: reply: … in the scenario")
        case Unmatched() | Uncomputable() | WrongType():
            return internal(explain(ending))
        case _:
            return internal("the agent run failed")


def _failure(status: int, code: str | None, message: str | None) -> GatewayError:
    """Return what the scenario has the gateway fail with; what it leaves out follows from the status."""
    usual = _USUAL.get(status)
    if usual is None:
        is_ours = status >= 500  # noqa: PLR2004 - from here on the fault is the gateway's
        usual = GatewayError(status, "INTERNAL" if is_ours else "INVALID_REQUEST", "the agent run failed")
    return replace(usual, code=code or usual.code, message=message or usual.message)


def limit_headers(readings: Sequence[Reading], now: int) -> dict[str, str]:
    """Say where a caller stands with its limits, or with the nearest of them (contract openclaw §1.14)."""
    if not readings:
        return {}
    nearest = min(readings, key=lambda each: (each.left, -each.more_at))
    policies = [f'"{each.limit.name}";q={each.limit.allow};w={_seconds(each.limit.per)}' for each in readings]
    standings = [f'"{each.limit.name}";r={each.left};t={max(0, _seconds(each.more_at - now))}' for each in readings]
    return {
        "X-RateLimit-Limit": str(nearest.limit.allow),
        "X-RateLimit-Remaining": str(nearest.left),
        "X-RateLimit-Reset": str(_seconds(nearest.full_at)),
        "RateLimit-Policy": ", ".join(policies),
        "RateLimit": ", ".join(standings),
    }


def _seconds(duration: int) -> int:
    """Return whole seconds, rounded up."""
    return -(-duration // SECOND)


def _is_session(session: Json) -> bool:
    return (
        isinstance(session, str)
        and 0 < len(session) <= MAX_LENGTH
        and not any(unicodedata.category(character) == "Cc" for character in session)
    )


def _writable(tree: Json) -> Json:
    if isinstance(tree, str):
        return tree.encode("utf-8", "replace").decode()
    if isinstance(tree, dict):
        return {_writable(key): _writable(each) for key, each in tree.items()}
    return [_writable(each) for each in tree] if isinstance(tree, list) else tree
