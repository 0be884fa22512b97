"""The endpoint of HTTP actions: a request is handled by its route, and answered whole or in pieces."""

from __future__ import annotations

import asyncio
import logging
from itertools import takewhile

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION, CONTENT_TYPE
from multidict import CIMultiDict

from emulator.engine.call import ANONYMOUS, Caller
from emulator.engine.plan import (
    Ending,
    Finish,
    Limited,
    Passed,
    Replied,
    Responded,
    Returned,
    Unscripted,
    Wait,
    Withheld,
)
from emulator.engine.respond import MAX_BODY
from emulator.model.http import PREFIX
from emulator.model.rule import Death, End, Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.runtime.perform import perform
from emulator.runtime.withheld import released
from emulator.surfaces.chunked import ChunkedAnswer
from emulator.surfaces.convex.authorization import identify, read_authorization
from emulator.surfaces.convex.codec import Answer, write_thrown
from emulator.surfaces.convex.failures import ApiError, failure_error
from emulator.surfaces.convex.head import read_request_id, read_whole_body
from emulator.surfaces.convex.http_codec import read_request
from emulator.surfaces.convex.reply import error_reply, json_reply, text_reply
from emulator.surfaces.http import Reply, target_of, text_headers
from emulator.surfaces.trickle import ended
from emulator.surfaces.uses import uses_of
from emulator.surfaces.voice import voice_headers
from emulator.values.formats import Format

_NONE = "This Convex deployment does not have HTTP actions enabled."
_NO_ROUTE = "No matching routes found"
_NONSENSE = b"\xff\xfe"

logger = logging.getLogger(__name__)


class HttpActionEndpoints:
    """HTTP actions, at the API's own port and at the site's."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer by what `emulator` decides."""
        self._emulator = emulator

    async def action(self, request: web.BaseRequest) -> Reply | web.StreamResponse:
        """Answer a request for ``/http/…``."""
        return await self._answer(request, target_of(request).removeprefix(PREFIX))

    async def site_action(self, request: web.BaseRequest) -> Reply | web.StreamResponse:
        """Answer a request at the site's port."""
        return await self._answer(request, target_of(request))

    async def _answer(self, request: web.BaseRequest, target: str) -> Reply | web.StreamResponse:
        handled = self._handle(request, target, await read_whole_body(request, MAX_BODY))
        handled = await released(self._emulator, handled)
        plan = handled.decision.plan
        if request.method == "HEAD":  # which waits for no pieces
            plan = tuple(step for step in plan if isinstance(step, Finish))
        clock, streamed = self._emulator.clock, _Streamed(request, handled)
        if request.method != "HEAD" and streamed.due is not None:
            await clock.sleep_until(handled.at + streamed.due)
            streamed.open()
        finish = await perform(plan, clock, handled.at, streamed.emit)
        for line in finish.logs:
            logger.info("%s", line)
        if streamed.is_open:
            return await streamed.end(finish.death)
        reply = self._reply(request, handled, finish)
        for name, value in voice_headers(handled).items():
            reply.headers[name] = value
        return ended(reply, finish.death, finish.bandwidth)

    def _handle(self, request: web.BaseRequest, target: str, body: bytes) -> Entry:
        revision = self._emulator.revision
        routes = revision.scenario.http or {}
        kind = request.headers.get(CONTENT_TYPE)
        call = read_request(request.method, target, kind, body, routes, self._caller(request))
        if revision.index.asks_headers:
            call = call._replace(headers=text_headers(request))
        return self._emulator.handle(call._replace(address=request.remote, uses=uses_of(request)))

    def _caller(self, request: web.BaseRequest) -> Caller:
        """Return whom the header stands for; one that is none of Convex's is the app's own business."""
        try:
            return identify(read_authorization(request.headers.get(AUTHORIZATION)), self._emulator.revision.scenario)
        except ApiError:
            return ANONYMOUS

    def _reply(self, request: web.BaseRequest, handled: Entry, finish: Finish) -> Reply:
        ending, scenario = finish.ending, handled.revision.scenario
        match ending:
            case Responded(status, headers, body):
                return Reply(status, body, CIMultiDict(headers))
            case Unscripted():
                return text_reply(_NONE if scenario.http is None else _NO_ROUTE, 404)
            case Failure():
                return error_reply(failure_error(ending))
            case Limited():
                return error_reply(failure_error(Failure(429)))
            case Returned() | Replied() | Passed() | Withheld():
                raise AssertionError(f"no HTTP action ends so: {ending}")
            case _:
                rule = handled.decision.rule
                request_id = read_request_id(request) or self._emulator.request_id(handled)
                redacts = scenario.deployment.redacts
                answer = Answer(Format.ENCODED, request_id, redacts, rule.place if rule else None)
                return json_reply(write_thrown(ending, answer), status=500)


class _Streamed:
    """An answer in pieces."""

    def __init__(self, request: web.BaseRequest, handled: Entry) -> None:
        self._answer = ChunkedAnswer(request)
        self._handled = handled
        self.is_open = False

    @property
    def due(self) -> int | None:
        """How long after the call the head comes, ahead of the first piece by the pace; None without pieces."""
        ending = self._ending
        if not isinstance(ending, Responded) or ending.pace is None:
            return None
        before = takewhile(lambda step: isinstance(step, Wait), self._handled.decision.plan)
        return max(sum(step.duration for step in before if isinstance(step, Wait)) - ending.pace.first, 0)

    def open(self) -> None:
        """Send the head."""
        ending = self._ending
        assert isinstance(ending, Responded)
        headers = CIMultiDict(ending.headers)
        headers.update(voice_headers(self._handled))
        self._answer.open(headers, ending.status)
        self.is_open = True

    def emit(self, piece: str) -> None:
        """Send a piece, if anybody wants pieces."""
        if self.is_open:
            self._answer.write(piece.encode("utf-8", "replace"))

    async def end(self, death: Death | None) -> web.StreamResponse:
        """End the answer, well or badly."""
        if death is None:
            self._answer.close()
        elif death.end is End.TIMEOUT:
            await asyncio.Event().wait()
        elif death.end is End.MALFORMED:
            self._answer.write(_NONSENSE)
            self._answer.close()
        else:
            self._answer.cut(death.end)
        return self._answer.response

    @property
    def _ending(self) -> Ending:
        last = self._handled.decision.plan[-1]
        assert isinstance(last, Finish)
        return last.ending
