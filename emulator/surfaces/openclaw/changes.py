"""What a commit changed, as subscribers hear of it: a topic, and a row of its list (contract openclaw §1.13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emulator.engine.gateway import channels, jobs, nodes, sessions
from emulator.engine.gateway.settings import CONFIG
from emulator.engine.store import Write
from emulator.model.gateway import Json
from emulator.surfaces.openclaw.codec import channel_row, node_row, session_row
from emulator.values.convex import Int64
from emulator.values.instants import format_instant


def changes_of(writes: Iterable[Write]) -> Iterator[tuple[str, Json]]:
    """Yield topics and rows; of what is gone only its name is left."""
    for collection, key, document in writes:
        match collection:
            case sessions.SESSIONS:
                row = {"key": key, "deleted": True} if document is None else session_row(sessions.row_of(document))
                yield "session", row
            case channels.CHANNELS:
                yield "channel", _gone(key) if document is None else channel_row(channels.row_of(document))
            case nodes.NODES:
                yield "node", _gone(key) if document is None else node_row(nodes.node_of(document))
            case jobs.JOBS:
                yield "cron", _gone(key) if document is None else _job(key, document["at"], document["status"])
            case collection if collection == CONFIG:
                yield "config", {"changed": True}
            case _:
                pass


def _gone(key: str) -> Json:
    return {"id": key, "deleted": True}


def _job(key: str, at: object, status: object) -> Json:
    row: dict[str, Json] = {"id": key}
    if isinstance(at, Int64):
        row |= {"lastRun": format_instant(int(at)), "lastStatus": status}
    return row
