"""Frames that clients send, read and checked (contract convex §7.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from emulator.surfaces.convex.codec import read_ts

MAX_ID = 2**63
_LONGEST_SESSION = 128


class BadMessageError(Exception):
    """A frame that the service ends the connection over, in its own words."""


@dataclass(frozen=True, slots=True)
class Connect:
    """The first frame of a socket; the session is one client object, over reconnects."""

    session_id: str
    max_observed: int | None
    client_ts: float


@dataclass(frozen=True, slots=True)
class Add:
    """Watch a query."""

    query_id: int
    path: str
    args: Any
    journal: str | None
    component: str
    size: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Watch a query no more."""

    query_id: int


@dataclass(frozen=True, slots=True)
class ModifyQuerySet:
    """Several of these at once."""

    base_version: int
    new_version: int
    modifications: tuple[Add | Remove, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Run a mutation or an action."""

    kind: str
    request_id: int
    path: str
    args: Any
    component: str
    size: int


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Be somebody from now on: nobody, a user by a token, or an admin by a key, perhaps acting as a user."""

    base_version: int
    kind: str
    value: str | None
    acting_as: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Other:
    """Something that needs no answer: an Event, or what clients may say one day (contract convex §17)."""


Message: TypeAlias = Connect | ModifyQuerySet | Run | Authenticate | Other


def read_message(text: str) -> Message:
    """Return a frame as a message; raise BadMessageError for one that is none."""
    try:
        tree = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadMessageError(f"Received Invalid JSON on websocket: {error}") from error
    if not isinstance(tree, dict):
        raise BadMessageError("Received Invalid JSON on websocket: expected an object")
    try:
        return _read(tree, len(text))
    except (KeyError, TypeError, ValueError) as error:
        detail = f"missing field `{error.args[0]}`" if isinstance(error, KeyError) else str(error)
        raise BadMessageError(f"Received Invalid JSON on websocket: {detail}") from error


def _read(tree: dict[str, Any], size: int) -> Message:
    match tree.get("type"):
        case "Connect":
            return _connect(tree)
        case "ModifyQuerySet":
            modifications = tuple(map(_modification, _list(tree, "modifications")))
            return ModifyQuerySet(_number(tree, "baseVersion"), _number(tree, "newVersion"), modifications)
        case "Mutation" | "Action" as kind:
            return Run(kind, _number(tree, "requestId"), _text(tree, "udfPath"), tree["args"], _component(tree), size)
        case "Authenticate":
            value = tree.get("value")
            kind = _text(tree, "tokenType")
            if kind not in ("None", "User", "Admin") or (kind != "None" and not isinstance(value, str)):
                raise ValueError(f"unknown token type {kind!r}")
            acting_as = tree.get("impersonating", tree.get("actingAs"))
            if acting_as is not None and not isinstance(acting_as, dict):
                raise TypeError("impersonating must be an object")
            return Authenticate(_number(tree, "baseVersion"), kind, value, acting_as)
        case str():
            return Other()
        case _:
            raise TypeError("type must be a string")


def _connect(tree: dict[str, Any]) -> Connect:
    observed = tree.get("maxObservedTimestamp")
    client_ts = tree.get("clientTs", 0)
    if isinstance(client_ts, bool) or not isinstance(client_ts, int | float) or not math.isfinite(client_ts):
        raise TypeError("clientTs must be a number")
    session = _text(tree, "sessionId")
    if len(session) > _LONGEST_SESSION:
        raise ValueError("sessionId is too long")
    max_observed = None if observed is None else read_ts(_text(tree, "maxObservedTimestamp"))
    if max_observed is not None and max_observed >= MAX_ID:
        raise ValueError("maxObservedTimestamp is too large")
    return Connect(session, max_observed, float(client_ts))


def _modification(tree: Any) -> Add | Remove:  # noqa: ANN401 - JSON
    if not isinstance(tree, dict):
        raise TypeError("modifications must be objects")
    match tree.get("type"):
        case "Add":
            journal = tree.get("journal")
            if journal is not None and not isinstance(journal, str):
                raise TypeError("journal must be a string")
            args = tree["args"]
            size = len(orjson.dumps(args))
            return Add(_number(tree, "queryId"), _text(tree, "udfPath"), args, journal, _component(tree), size)
        case "Remove":
            return Remove(_number(tree, "queryId"))
        case kind:
            raise ValueError(f"unknown variant `{kind}`")


def _number(tree: dict[str, Any], name: str) -> int:
    value = tree[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MAX_ID:
        raise TypeError(f"{name} must be a whole number")
    return value


def _text(tree: dict[str, Any], name: str) -> str:
    value = tree[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string")
    return value


def _list(tree: dict[str, Any], name: str) -> list[Any]:
    value = tree[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} must be an array")
    return value


def _component(tree: dict[str, Any]) -> str:
    value = tree.get("componentPath")
    return value if isinstance(value, str) else ""
