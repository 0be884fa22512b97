"""What a commit changed, as subscribers hear of it: a topic, and a row of its list (contract openclaw §1.13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emulator.engine.gateway import channels, jobs, nodes, sessions
from emulator.engine.gateway.settings import CONFIG
from emulator.engine.store import Document, Write
from emulator.model.gateway import Json
from emulator.surfaces.openclaw.codec import channel_row, node_row, session_row


def changes_of(writes: Iterable[Write], job_row: Callable[[str], Json]) -> list[tuple[str, Json]]:
    """Return topics and rows, one for each thing that changed; of what is gone only its name is left.

    `job_row` gives the row of a job, None where the scenario has none of that name any more.
    """
    newest = {(write.collection, write.key): write.document for write in writes}
    changes = [_change(table, name, document, job_row) for (table, name), document in newest.items()]
    return [each for each in changes if each is not None]


def _change(
    table: str, name: str, document: Document | None, job_row: Callable[[str], Json]
) -> tuple[str, Json] | None:
    match table:
        case sessions.SESSIONS:
            row = {"key": name, "deleted": True} if document is None else session_row(sessions.row_of(document))
            return "session", row
        case channels.CHANNELS:
            return "channel", _gone(name) if document is None else channel_row(channels.row_of(document))
        case nodes.NODES:
            return "node", _gone(name) if document is None else node_row(nodes.node_of(document))
        case jobs.JOBS:
            return "cron", (None if document is None else job_row(name)) or _gone(name)
        case _:
            return ("config", {"changed": True}) if table == CONFIG else None


def _gone(name: str) -> Json:
    return {"id": name, "deleted": True}
