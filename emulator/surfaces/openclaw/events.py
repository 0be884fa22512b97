"""What runs tell, as streams and sockets send it; pure (contract openclaw §1.12, §1.13)."""

from __future__ import annotations

from typing import assert_never

from emulator.model.gateway import Json
from emulator.runtime.feed import Chunk, Died, Done, Failed, Item
from emulator.surfaces.openclaw.codec import json_bytes, run_error

RETRY = b"retry: 3000\n\n"
KEEP_ALIVE = b": keep-alive\n\n"


def stream_event(item: Item, session: str) -> bytes | None:
    """Write an event of a stream; None for one over which the connection dies."""
    event = item.event
    match event:
        case Chunk(text, position):
            data = {"chunk": text, "sessionKey": session, "runId": item.run_id, "index": position}
            return _written(item.id, None, data)
        case Done(text, tokens, reason):
            return _written(item.id, "done", {"chunk": "", **_done(item, session, text, tokens, reason)})
        case Failed(ending):
            data = {"chunk": "", "error": run_error(ending).payload, "runId": item.run_id}
            return _written(item.id, "error", data)
        case Died():
            return None
        case _:
            assert_never(event)


def frame(item: Item, session: str, turn_id: Json) -> dict[str, Json] | None:
    """Write a frame of a socket; None for an event over which the connection dies."""
    event = item.event
    echoed = {} if turn_id is None else {"id": turn_id}
    match event:
        case Chunk(text, position):
            return {
                "type": "chunk",
                "chunk": text,
                "sessionKey": session,
                "runId": item.run_id,
                "index": position,
                **echoed,
            }
        case Done(text, tokens, reason):
            return {"type": "done", **_done(item, session, text, tokens, reason), **echoed}
        case Failed(ending):
            return {"type": "error", "error": run_error(ending).payload, "runId": item.run_id, **echoed}
        case Died():
            return None
        case _:
            assert_never(event)


def _done(item: Item, session: str, text: str, tokens: int, reason: str) -> dict[str, Json]:
    return {
        "response": text,
        "sessionKey": session,
        "tokensUsed": tokens,
        "runId": item.run_id,
        "reason": reason,
    }


def _written(event_id: str, name: str | None, data: Json) -> bytes:
    named = b"" if name is None else b"event: %b\n" % name.encode()
    return b"%bid: %b\ndata: %b\n\n" % (named, event_id.encode(), json_bytes(data))
