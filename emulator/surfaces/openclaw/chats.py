"""POST /api/chat and GET /api/chat/stream: turns whole, and piece by piece (contract openclaw §1.5, §1.12)."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import web

from emulator.runtime.chat import Chats, Run, TooManyRunsError, Turn
from emulator.runtime.emulator import Emulator
from emulator.runtime.feed import Chunk, Died, Done, Failed, Item, Watcher
from emulator.surfaces.death import die
from emulator.surfaces.http import text_headers
from emulator.surfaces.openclaw.asked import Answer, Asked, json_answer
from emulator.surfaces.openclaw.codec import Message, read_message, read_object, read_session, run_error
from emulator.surfaces.openclaw.events import stream_event
from emulator.surfaces.openclaw.failures import invalid_request, not_found, rate_limited
from emulator.surfaces.openclaw.stream import STREAM_HEADERS, EventStream
from emulator.surfaces.voice import voice_headers


class ChatEndpoints:
    """Turns with agents."""

    def __init__(self, emulator: Emulator, chats: Chats) -> None:
        """Answer by the runs of `chats`."""
        self._emulator = emulator
        self._chats = chats

    async def chat(self, asked: Asked) -> Answer:
        """Answer POST /api/chat: the whole reply, once it is there."""
        run = self.start(read_message(read_object(await asked.body())), asked.request)
        if run.end is None:
            over = asyncio.get_running_loop().create_future()
            unwatch = run.watch(partial(_note_end, over))
            try:
                await over
            finally:
                unwatch()
        return await self._answer(asked.request, run)

    async def stream(self, asked: Asked) -> Answer:
        """Answer GET /api/chat/stream."""
        query = asked.query
        session, text = query.get("session"), query.get("message")
        if not session:
            raise invalid_request("expected an id or a session key", "session")
        last_id = asked.request.headers.get("Last-Event-ID") or query.get("lastEventId")
        if text is None:
            key = read_session(session, query.get("agent"))
            self._check_agent(key.agent)
            run = None
        else:
            message = read_message({"message": text, "session": session, "agent": query.get("agent")})
            key = message.key
            known = self._known(key.text, last_id)
            if known is True:
                return web.Response(status=204)
            run = None if known is False else message
        if asked.request.method == "HEAD":
            return web.Response(headers=STREAM_HEADERS)
        return await self._pump(asked, key.text, run, last_id, ends=text is not None or query.get("close") == "1")

    def start(
        self, message: Message, request: web.BaseRequest, *, is_streamed: bool = False, watcher: Watcher | None = None
    ) -> Run:
        """Start a turn; raise GatewayError for an agent that is not there, or has too much to do."""
        self._check_agent(message.agent)
        shown = text_headers(request) if self._emulator.revision.index.asks_headers else None
        turn = Turn(message.key, message.agent, message.text, headers=shown, is_streamed=is_streamed)
        try:
            return self._chats.start(turn, watcher)
        except TooManyRunsError as error:
            raise rate_limited(1, str(error)) from error

    def _check_agent(self, agent: str) -> None:
        if agent not in self._emulator.revision.scenario.gateway.agents:
            raise not_found(f"no agent with id {agent}")

    async def _answer(self, request: web.BaseRequest, run: Run) -> Answer:
        event = run.end
        headers = {"X-Run-Id": run.id, **_rule_headers(run)}
        match event:
            case Done(text, tokens):
                tree = {"response": text, "sessionKey": run.session, "tokensUsed": tokens}
                return json_answer(tree, headers)
            case Failed(ending):
                error = run_error(ending)
                return json_answer({"error": error.payload}, {**headers, **dict(error.headers)}, error.status)
            case Died(death):
                text = "".join(run.pieces)
                tree = {"response": text, "sessionKey": run.session, "tokensUsed": 0}
                return await die(request, death, json_answer(tree, headers))
            case _:
                raise AssertionError(f"run {run.id} has not ended")

    def _known(self, key: str, last_id: str | None) -> bool | None:
        """Return whether the run that a stream was cut from is over; None where none is known."""
        if not last_id:
            return None
        marks = self._chats.feed(key).knows(last_id.rpartition(":")[0])
        return None if marks is None else marks.is_over

    async def _pump(
        self, asked: Asked, key: str, message: Message | None, last_id: str | None, *, ends: bool
    ) -> web.StreamResponse:
        """Send the events of a conversation, or with a message those of its run, until it is over for either side."""
        feed = self._chats.feed(key)
        view = _View(EventStream(asked.request, self._emulator.clock), key, ends=ends)
        unwatch = feed.watch(view.show)
        try:
            if message is not None:
                view.run_id = self.start(message, asked.request, is_streamed=True).id
                backlog = []
            else:
                backlog = feed.backlog(self._emulator.clock.now(), last_id, asked.query.get("replay"))
            view.open(backlog)
            return await view.stream.over()
        finally:
            unwatch()
            view.stream.release()


class _View:
    """What one stream shows of a conversation: everything, or the run that it began; nothing before it is open."""

    def __init__(self, stream: EventStream, session: str, *, ends: bool) -> None:
        self.stream = stream
        self.run_id: str | None = None
        self._session = session
        self._ends = ends
        self._early: list[Item] | None = []

    def open(self, backlog: list[Item]) -> None:
        early, self._early = self._early or [], None
        self.stream.open()
        for item in [*backlog, *early]:
            self.show(item)

    def show(self, item: Item) -> None:
        if self._early is not None:
            self._early.append(item)
            return
        if self.run_id is not None and item.run_id != self.run_id:
            return
        event = item.event
        if isinstance(event, Died):
            self.stream.die(event.death)
            return
        written = stream_event(item, self._session)
        assert written is not None
        self.stream.send(written)
        if self._ends and not isinstance(event, Chunk):
            self.stream.close()


def _note_end(over: asyncio.Future[None], item: Item) -> None:
    if not isinstance(item.event, Chunk) and not over.done():
        over.set_result(None)


def _rule_headers(run: Run) -> dict[str, str]:
    return {} if run.entry is None else voice_headers(run.entry)
