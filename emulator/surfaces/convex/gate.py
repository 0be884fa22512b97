"""The way into everything that is no function: who asks, what limits and faults say, and how the answer ends.

An operation is named by method and path, such as ``GET /api/list_snapshot``, which is what the journal shows and what
`faults` and `limits` are laid over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

from aiohttp import web

from emulator.engine.call import ANONYMOUS, Call, Caller
from emulator.engine.plan import Ending, Limited, Passed
from emulator.model.rule import Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.perform import perform
from emulator.surfaces.convex.authorization import require_admin
from emulator.surfaces.convex.clients import UNKNOWN, Client
from emulator.surfaces.convex.failures import ApiError, failure_error
from emulator.surfaces.convex.head import read_head, read_json_body
from emulator.surfaces.convex.reply import error_reply
from emulator.surfaces.http import Reply, path_of
from emulator.surfaces.trickle import ended
from emulator.surfaces.voice import voice_headers

MAX_BODY = 2 * 1024 * 1024
"""How long the body of a route may be that is no function's (contract convex §16)."""

Endpoint: TypeAlias = Callable[[web.BaseRequest], Awaitable[Reply | web.StreamResponse]]


class Asked(NamedTuple):
    """One request that was let in; `now` is when, in nanoseconds."""

    request: web.BaseRequest
    now: int
    client: Client = UNKNOWN
    caller: Caller = ANONYMOUS

    async def json_body(self, limit: int = MAX_BODY) -> bytes:
        """Return the body, which must call itself JSON; raise ApiError for any other."""
        return await read_json_body(self.request, limit)


GatedEndpoint: TypeAlias = Callable[[Asked], Awaitable[Reply]]


class Gate:
    """Makes endpoints of those that only see requests which were let in."""

    def __init__(self, emulator: Emulator) -> None:
        """Let in by what `emulator` has in force, and write down in its journal."""
        self._emulator = emulator

    def for_admins(self, endpoint: GatedEndpoint) -> Endpoint:
        """Return an endpoint for the holders of an admin key (contract convex §3.2)."""

        async def answer(request: web.BaseRequest) -> Reply:
            key = request.query.get("adminKey") if request.method in {"GET", "HEAD"} else None
            head = read_head(request, self._emulator.revision.scenario, key)
            require_admin(head.caller)
            return await self._let_in(Asked(request, 0, head.client, head.caller), endpoint)

        return answer

    def for_everybody(self, endpoint: GatedEndpoint) -> Endpoint:
        """Return an endpoint that asks nobody who they are."""

        async def answer(request: web.BaseRequest) -> Reply:
            return await self._let_in(Asked(request, 0), endpoint)

        return answer

    async def _let_in(self, asked: Asked, endpoint: GatedEndpoint) -> Reply:
        request, emulator = asked.request, self._emulator
        operation = f"{request.method} {path_of(request)}"
        entry = emulator.admit(Call(operation, None, {}, asked.caller, address=request.remote))
        finish = await perform(entry.decision.plan, emulator.clock, entry.at)
        try:
            refuse(finish.ending)
            reply = await endpoint(asked._replace(now=emulator.clock.now()))
        except ApiError as error:
            reply = error_reply(error)
        reply.headers.update(voice_headers(entry))
        return ended(reply, finish.death, finish.bandwidth)


def refuse(ending: Ending) -> None:
    """Raise ApiError where limits or faults want an operation refused that has no rules."""
    match ending:
        case Passed():
            return
        case Failure():
            raise failure_error(ending)
        case Limited():
            raise failure_error(Failure(429))
        case _:
            raise AssertionError(f"nothing but a function ends so: {ending}")
