"""How a gateway begins, and what of it begins anew when a scenario says it otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from emulator.engine.gateway.channels import CHANNELS, channel_document
from emulator.engine.gateway.config import ConfigError, ForbiddenKeyError, initial
from emulator.engine.gateway.jobs import JOBS, job_document
from emulator.engine.gateway.nodes import NODES, node_document
from emulator.engine.gateway.sessions import append_message, delete_session, open_session
from emulator.engine.gateway.settings import keep_config
from emulator.engine.store import Document
from emulator.engine.surroundings import UncomputableError
from emulator.engine.transaction import Transaction
from emulator.model.gateway import DEFAULT_MODEL, Gateway, Json, Session
from emulator.model.place import Place
from emulator.values.durations import SECOND

GATEWAY_PORT = 18789
_NOWHERE = Place("", 0, 0)
Part = TypeVar("Part")


def seed_gateway(gateway: Gateway, before: Gateway | None, transaction: Transaction) -> None:
    """Write the beginning of a gateway; with `before` only of those parts that are others than they were.

    Raises UncomputableError where its config cannot be.
    """
    old = before or Gateway(agents={})
    _seed(CHANNELS, gateway.channels, old.channels, channel_document, transaction)
    _seed(NODES, gateway.nodes, old.nodes, node_document, transaction)
    _seed(JOBS, gateway.cron, old.cron, lambda job: job_document(job.id), transaction)
    for key in old.sessions:
        if key not in gateway.sessions:
            delete_session(transaction, key)
    for key, session in gateway.sessions.items():
        if old.sessions.get(key) != session:
            delete_session(transaction, key)
            _seed_session(session, transaction)
    if before is None or (before.config, before.access) != (gateway.config, gateway.access):
        keep_config(transaction, _initial(gateway))


def _initial(gateway: Gateway) -> Json:
    access = gateway.access
    try:
        return initial(
            gateway.config,
            has_password=access.password is not None,
            has_tokens=bool(access.tokens),
            port=GATEWAY_PORT,
            model=DEFAULT_MODEL,
        )
    except ConfigError as error:
        raise UncomputableError(gateway.config_place or _NOWHERE, f"config: {error}") from error
    except ForbiddenKeyError as error:
        reason = f"config: {error.path} follows from gateway: auth, and cannot be written here"
        raise UncomputableError(gateway.config_place or _NOWHERE, reason) from error


def _seed(
    collection: str,
    parts: Mapping[str, Part],
    old: Mapping[str, Part],
    document_of: Callable[[Part], Document],
    transaction: Transaction,
) -> None:
    for name in old:
        if name not in parts:
            transaction.write(collection, name, None)
    for name, part in parts.items():
        if old.get(name) == part:
            continue
        known = transaction.read(collection, name)
        document = document_of(part)
        if known is None:
            transaction.insert(collection, document)
        else:
            transaction.write(collection, name, {**document, "_creationTime": known["_creationTime"]})


def _seed_session(session: Session, transaction: Transaction) -> None:
    """Write a conversation; messages without a moment come a second after one another, the last one at the end."""
    end = transaction.now if session.last_active is None else session.last_active
    open_session(transaction, session.key, end)
    count = len(session.messages)
    for number, message in enumerate(session.messages, 1):
        at = end - (count - number) * SECOND if message.at is None else message.at
        append_message(transaction, session.key, message.role, message.content, at)
