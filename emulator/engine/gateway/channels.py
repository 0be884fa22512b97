"""Channels: what they are doing, and how they come back (contract openclaw §1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from emulator.engine.call import Call
from emulator.engine.store import Document
from emulator.engine.transaction import Delayed, Transaction
from emulator.model.constant import Constant
from emulator.model.effect import SetChannel
from emulator.model.gateway import Channel, ChannelStatus
from emulator.model.place import Place
from emulator.values.convex import Int64, Value

CHANNELS = "$channels"
_NOWHERE = Place("", 0, 0)


class Row(NamedTuple):
    """A channel as lists show it; `last_activity` in nanoseconds since the epoch."""

    id: str
    status: ChannelStatus
    last_activity: int | None
    error: str | None


def channel_document(channel: Channel) -> Document:
    """Return what is kept of a channel that the scenario describes."""
    return _document(Row(channel.id, channel.status, channel.last_activity, channel.error))


def row_of(document: Document) -> Row:
    """Return a channel as lists show it."""
    activity, error = document["activity"], document["error"]
    return Row(
        str(document["_id"]),
        ChannelStatus(document["status"]),
        int(activity) if isinstance(activity, Int64) else None,
        error if isinstance(error, str) else None,
    )


def channels(transaction: Transaction) -> list[Row]:
    """Return all channels in the order of the scenario."""
    return [row_of(each) for each in transaction.documents(CHANNELS)]


def channel(transaction: Transaction, name: str) -> Row | None:
    """Return one channel, None when there is none."""
    document = transaction.read(CHANNELS, name)
    return None if document is None else row_of(document)


def change_channel(
    transaction: Transaction,
    name: str,
    status: ChannelStatus,
    error: str | None,
    only_from: str | None = None,
) -> None:
    """Give a channel another status; one that comes up was active just now, and has no error.

    With `only_from` nothing happens to a channel that is gone, or has yet another status by now.
    """
    known = transaction.read(CHANNELS, name)
    before = None if known is None else row_of(known)
    if only_from is not None and (before is None or before.status.value != only_from):
        return
    is_up = status is ChannelStatus.CONNECTED
    activity = transaction.now if is_up else (before.last_activity if before else None)
    after = Row(name, status, activity, None if is_up or status is ChannelStatus.CONNECTING else error)
    document = _document(after)
    if known is None:
        transaction.insert(CHANNELS, document)
    else:
        transaction.write(CHANNELS, name, {**document, "_creationTime": known["_creationTime"]})


def reconnect(transaction: Transaction, defined: Channel) -> Row | None:
    """Begin to reconnect a channel, and delay what becomes of it; return what it was before.

    Nothing happens to one that is connecting already, or switched off.
    """
    before = channel(transaction, defined.id)
    if before is None or before.status in (ChannelStatus.CONNECTING, ChannelStatus.DISABLED):
        return before
    change_channel(transaction, defined.id, ChannelStatus.CONNECTING, None)
    way = defined.reconnect
    becomes = ChannelStatus.DISCONNECTED if way.error is not None else way.becomes
    name, status, error = Constant(defined.id), Constant(becomes.value), Constant(way.error)
    effect = SetChannel(name, status, error, _NOWHERE, ChannelStatus.CONNECTING.value)
    due = transaction.now + way.takes
    transaction.delayed.append(Delayed(due, (effect,), {}, f"reconnect\0{defined.id}", Call("reconnect", None, {})))
    return before


def end_reconnects(transaction: Transaction, defined: Mapping[str, Channel]) -> None:
    """Have reconnecting channels be what becomes of them: whoever waited for that does so no more."""
    for row in channels(transaction):
        begins = defined.get(row.id)
        if row.status is ChannelStatus.CONNECTING and begins is not None and begins.status is not row.status:
            way = begins.reconnect
            becomes = ChannelStatus.DISCONNECTED if way.error is not None else way.becomes
            change_channel(transaction, row.id, becomes, way.error)


def _document(row: Row) -> Document:
    activity: Value = None if row.last_activity is None else Int64(row.last_activity)
    return {"_id": row.id, "status": row.status.value, "activity": activity, "error": row.error}
