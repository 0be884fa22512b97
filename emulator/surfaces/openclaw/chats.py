"""POST /api/chat and GET /api/chat/stream: turns whole, and piece by piece (contract openclaw §1.5, §1.12)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from aiohttp import web

from emulator.engine.call import Call
from emulator.engine.meters import Reading
from emulator.engine.plan import Limited
from emulator.model.gateway import CHAT, Scope
from emulator.model.rule import Death, End
from emulator.runtime.chat import Chats, Run, TooManyRunsError, Turn, arguments_of
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Chunk, Died, Done, Failed, Item, Watcher
from emulator.surfaces.death import DyingError
from emulator.surfaces.http import text_headers
from emulator.surfaces.openclaw.asked import Answer, Asked, error_answer, json_answer
from emulator.surfaces.openclaw.authorization import credential_of, require
from emulator.surfaces.openclaw.codec import Message, limit_headers, read_key, read_message, read_object, run_error
from emulator.surfaces.openclaw.events import stream_event
from emulator.surfaces.openclaw.failures import invalid_request, not_found, rate_limited
from emulator.surfaces.openclaw.stream import STREAM_HEADERS, EventStream
from emulator.surfaces.uses import uses_of
from emulator.surfaces.voice import voice_headers
from emulator.values.session_keys import SessionKey

STREAM = "GET /api/chat/stream"


_CUT = Death(End.DISCONNECT)


class ChatEndpoints:
    """Turns with agents."""

    def __init__(self, emulator: Emulator, chats: Chats) -> None:
        """Answer by the runs of `chats`."""
        self._emulator = emulator
        self._chats = chats
        self._streams: dict[EventStream, None] = {}

    async def chat(self, asked: Asked) -> Answer:
        """Answer POST /api/chat: the whole reply, once it is there."""
        message = read_message(read_object(await asked.body()))
        readings = self.admit(message, asked)
        run = self.start(message, asked.request)
        if run.end is None:
            over = asyncio.get_running_loop().create_future()
            unwatch = run.watch(partial(_note_end, over))
            try:
                await over
            finally:
                unwatch()
        return self._answer(run, limit_headers(readings, self._emulator.clock.now()))

    async def stream(self, asked: Asked) -> Answer:
        """Answer GET /api/chat/stream: with a message, by the run that it starts, or once started before it was cut."""
        query = asked.query
        if not query.get("session"):
            raise invalid_request("expected an id or a session key", "session")
        last_id = asked.request.headers.get("Last-Event-ID") or query.get("lastEventId")
        if "message" not in query:
            key = read_key(query)
            self._check_agent(key.agent)
            return await self._pump(asked, _View(key, ends=query.get("close") == "1"), last_id)
        message = read_message(query)
        assert asked.identity is not None
        require(asked.identity, Scope.WRITE)
        view = _View(message.key, ends=True)
        run_id = (last_id or "").rpartition(":")[0]
        marks = self._chats.feed(message.key.text).knows(run_id) if run_id else None
        if marks is None:
            readings = (*asked.readings, *self.admit(message, asked, part_of=STREAM))
            asked = asked._replace(headers={**asked.headers, **limit_headers(readings, self._emulator.clock.now())})
            return await self._pump(asked, view, last_id, message)
        if marks.is_over:
            return web.Response(status=204, headers=asked.headers)
        view.run_id = run_id
        return await self._pump(asked, view, last_id)

    async def close(self) -> None:
        """End all streams well: the server goes down."""
        for stream in tuple(self._streams):
            stream.close()

    def admit(self, message: Message, asked: Asked, *, part_of: str | None = None) -> tuple[Reading, ...]:
        """Count a turn against its limits; raise GatewayError for an agent that is not there, or a turn too many."""
        self._check_agent(message.agent)
        call = Call(
            CHAT,
            None,
            arguments_of(message.key, message.agent, message.text),
            size=len(message.text),
            address=asked.request.remote,
            session=message.key.text,
            credential=credential_of(asked.identity),
            part_of=part_of,
        )
        admission = self._emulator.count(call)
        if admission.over is not None:
            error = run_error(Limited(admission.over))
            raise error.with_headers(limit_headers(admission.readings, self._emulator.clock.now()))
        return admission.readings

    def start(
        self,
        message: Message,
        request: web.BaseRequest,
        *,
        is_streamed: bool = False,
        watcher: Watcher | None = None,
        part_of: str | None = None,
    ) -> Run:
        """Start a turn that was admitted; raise GatewayError for an agent that has too much to do."""
        shown = text_headers(request) if self._emulator.revision.index.asks_headers else None
        turn = Turn(message.key, message.agent, message.text, headers=shown, is_streamed=is_streamed, part_of=part_of)
        turn = turn._replace(uses=uses_of(request))
        try:
            return self._chats.start(turn, watcher)
        except TooManyRunsError as error:
            raise rate_limited(1, str(error)) from error

    def _check_agent(self, agent: str) -> None:
        if agent not in self._emulator.revision.scenario.gateway.agents:
            raise not_found(f"no agent with id {agent}")

    def _answer(self, run: Run, headers: Mapping[str, str]) -> Answer:
        event = run.end
        headers = {"X-Run-Id": run.id, **headers, **_rule_headers(run)}
        match event:
            case Done(text, tokens):
                tree = {"response": text, "sessionKey": run.session, "tokensUsed": tokens}
                return json_answer(tree, headers)
            case Failed(ending):
                return error_answer(run_error(ending).with_headers(headers))
            case Died(death, text):
                tree = {"response": text, "sessionKey": run.session, "tokensUsed": 0}
                raise DyingError(death, json_answer(tree, headers))
            case _:
                raise AssertionError(f"run {run.id} has not ended")

    async def _pump(
        self, asked: Asked, view: _View, last_id: str | None, message: Message | None = None
    ) -> web.StreamResponse:
        """Send the events of a conversation, or with a message those of its run, until it is over for either side."""
        if asked.request.method == "HEAD":
            return _HeadResponse(asked.headers)
        feed = self._chats.feed(view.key.text)
        stream = EventStream(asked.request, self._emulator.clock, asked.headers)
        unwatch = feed.watch(view.show)
        self._streams[stream] = None
        try:
            backlog: list[Item] = []
            if message is not None:
                view.run_id = self.start(message, asked.request, is_streamed=True, part_of=STREAM).id
            else:
                backlog = feed.backlog(self._emulator.clock.now(), last_id, asked.query.get("replay"))
            view.open(stream, backlog)
            now, cut = self._emulator.clock.now(), partial(stream.die, _CUT)
            with self._emulator.connections.opened("stream", view.key.text, now, asked.request.remote, cut):
                return await stream.over()
        finally:
            unwatch()
            stream.release()
            del self._streams[stream]


class _View:
    """What one stream shows of a conversation: everything, or one run; nothing before it is open."""

    __slots__ = ("_early", "_ends", "_session", "_stream", "key", "run_id")

    def __init__(self, key: SessionKey, *, ends: bool) -> None:
        self.key = key
        self._session = key.text
        self.run_id: str | None = None
        self._ends = ends
        self._stream: EventStream | None = None
        self._early: list[Item] = []

    def open(self, stream: EventStream, backlog: list[Item]) -> None:
        stream.open()
        self._stream = stream
        for item in [*backlog, *self._early]:
            self.show(item)

    def show(self, item: Item) -> None:
        stream, event = self._stream, item.event
        if stream is None:
            self._early.append(item)
            return
        if stream.is_over or self.run_id not in (None, item.run_id):
            return
        item.marks.was_streamed = True
        if isinstance(event, Died):
            stream.die(event.death)
            return
        written = stream_event(item, self._session)
        assert written is not None
        stream.send(written)
        if self._ends and not isinstance(event, Chunk):
            stream.close()


class _HeadResponse(web.Response):
    """The head of a stream: its length is not known."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers={**STREAM_HEADERS, **headers})

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Content-Length", None)


def _note_end(over: asyncio.Future[None], item: Item) -> None:
    if not isinstance(item.event, Chunk) and not over.done():
        over.set_result(None)


def _rule_headers(run: Run) -> dict[str, str]:
    return {} if run.entry is None else voice_headers(run.entry)
