"""The functions endpoints: thin shells that read a request, have it handled and performed, and write the answer."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

import orjson
from aiohttp import web
from aiohttp.hdrs import CONTENT_TYPE

from emulator.engine.call import Admin, Call
from emulator.engine.plan import Finish, Returned
from emulator.engine.state import PastError
from emulator.model.function import FunctionType
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.runtime.withheld import perform_released
from emulator.surfaces.convex import body as bodies
from emulator.surfaces.convex.authorization import require_admin
from emulator.surfaces.convex.codec import (
    Answer,
    read_call,
    read_format,
    read_ts,
    write_answer,
    write_success,
    write_ts,
)
from emulator.surfaces.convex.failures import ApiError, bad_json_body, bad_query
from emulator.surfaces.convex.head import Head, read_head, read_json_body
from emulator.surfaces.convex.reply import batch_headers, error_reply, function_headers, json_reply
from emulator.surfaces.http import (
    Reply,
    buffered_body,
    path_of,
    text_headers,
)
from emulator.surfaces.trickle import ended
from emulator.surfaces.uses import uses_of
from emulator.values.formats import Format, Json

MAX_BODY = 16 * 1024 * 1024 + 2_000
MAX_BATCH = 1_000
_RUN = "/api/run/"
_PATH_AND_ARGS = {"path": "a string", "args": "any"}
_FORMAT = {"format": "a string"}


class FunctionEndpoints:
    """One method for each endpoint of contract convex §4.1."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer by what `emulator` decides."""
        self._emulator = emulator

    async def function(self, kind: FunctionType, request: web.BaseRequest) -> Reply:
        """Answer POST /api/query, /api/mutation and /api/action."""
        head = read_head(request, self._emulator.revision.scenario)
        bodies.check_content_type(request.headers.get(CONTENT_TYPE))
        body = buffered_body(request, MAX_BODY)
        if body is None:
            body = await read_json_body(request, MAX_BODY)
        path, args, form = bodies.read_function_body(body)
        handled = self._handle(request, read_call(path, args, kind, head.caller, len(body)))
        finish = handled.decision.plan[0]
        if type(finish) is not Finish or finish.death is not None:
            handled, finish = await perform_released(self._emulator, handled)
        return self._reply(handled, finish, form, head, head.client.default_format)

    async def any_function(self, request: web.BaseRequest) -> Reply:
        """Answer POST /api/function, which is for admins."""
        head = self._head(request)
        require_admin(head.caller)
        body = await read_json_body(request, MAX_BODY)
        fields = bodies.read_fields(body, _PATH_AND_ARGS, {**_FORMAT, "componentPath": "a string"})
        component = fields.get("componentPath") or ""
        call = read_call(fields["path"], fields["args"], None, head.caller, len(body), component)
        return await self._answer(request, call, fields.get("format"), head)

    async def run(self, request: web.BaseRequest) -> Reply:
        """Answer POST /api/run/{dir}/{module}/{function}."""
        head = self._head(request)
        body = await read_json_body(request, MAX_BODY)
        fields = bodies.read_fields(body, {"args": "any"}, _FORMAT)
        try:
            path = unquote(path_of(request).removeprefix(_RUN), errors="strict")
        except UnicodeDecodeError as error:
            raise ApiError(400, "BadPathArgs", "Invalid URL: the path is not UTF-8") from error
        module, slash, export = path.rpartition("/")
        if not slash:
            message = "Path or function name not provided in path, e.g. /api/run/messages/list"
            raise ApiError(400, "MissingIdentifier", message)
        call = read_call(f"{module}:{export}", fields["args"], None, head.caller, len(body))
        return await self._answer(request, call, fields.get("format"), head, Format.CLEAN)

    async def query_by_url(self, request: web.BaseRequest) -> Reply:
        """Answer GET /api/query, whose arguments are JSON in the query string (contract convex §18)."""
        given = request.query
        head = self._head(request, given.get("adminKey"))
        for name in ("path", "args"):
            if name not in given:
                raise bad_query(f"missing field `{name}`")
        try:
            args: Json = orjson.loads(given["args"])
        except orjson.JSONDecodeError as error:
            raise bad_query(f"args: {error}") from error
        call = read_call(given["path"], args, FunctionType.QUERY, head.caller, len(given["args"]))
        return await self._answer(request, call, given.get("format"), head)

    async def query_ts(self, request: web.BaseRequest) -> Reply:
        """Answer POST /api/query_ts: the timestamp that later queries may be asked at."""
        self._head(request)
        return json_reply(orjson.dumps({"ts": write_ts(self._emulator.timestamp())}))

    async def query_at_ts(self, request: web.BaseRequest) -> Reply:
        """Answer POST /api/query_at_ts: documents are read as they were then."""
        head = self._head(request)
        body = await read_json_body(request, MAX_BODY)
        fields = bodies.read_fields(body, {**_PATH_AND_ARGS, "ts": "a string"}, _FORMAT)
        try:
            ts = read_ts(fields["ts"])
        except ValueError as error:
            raise bad_json_body(f"Failed to deserialize the JSON body into the target type: ts: {error}") from error
        call = read_call(fields["path"], fields["args"], FunctionType.QUERY, head.caller, len(body))
        try:
            handled = self._handle(request, call, ts)
        except PastError as error:
            raise ApiError(400, "TimestampTooOld", f"Cannot query at {ts}: {error}") from error
        handled, finish = await perform_released(self._emulator, handled, ts)
        return self._reply(handled, finish, fields.get("format"), head, head.client.default_format)

    async def query_batch(self, request: web.BaseRequest) -> Reply:
        """Answer POST /api/query_batch: several queries, all decided in one moment."""
        head = self._head(request)
        body = await read_json_body(request, MAX_BODY)
        queries = bodies.read_fields(body, {"queries": "a sequence"}, {})["queries"]
        if len(queries) > MAX_BATCH:
            what = f"queries: {len(queries)} of them, at most {MAX_BATCH} are taken"
            raise bad_json_body(f"Failed to deserialize the JSON body into the target type: {what}")
        asked = [self._batched(each, index, head, body) for index, each in enumerate(queries)]
        handled = [self._handle(request, call) for call, _ in asked]
        answered = await asyncio.gather(*(perform_released(self._emulator, each) for each in handled))
        pairs = zip(answered, asked, strict=True)
        answers = [self._write(each, finish, head, form) for (each, finish), (_, form) in pairs]
        headers = batch_headers([each for each, _ in answered])
        reply = Reply(200, b'{"results":[%b]}' % b",".join(answers), headers)
        death = next((finish.death for _, finish in answered if finish.death is not None), None)
        bandwidths = [finish.bandwidth for _, finish in answered if finish.bandwidth is not None]
        return ended(reply, death, min(bandwidths, default=None))

    def _batched(self, query: Json, index: int, head: Head, body: bytes) -> tuple[Call, Format]:
        fields = bodies.check_fields(query, _PATH_AND_ARGS, _FORMAT, body=body, path=f"queries[{index}].")
        form = read_format(fields.get("format"), head.client.default_format)
        size = len(orjson.dumps(query))
        return read_call(fields["path"], fields["args"], FunctionType.QUERY, head.caller, size), form

    async def _answer(
        self, request: web.BaseRequest, call: Call, form: str | None, head: Head, default: Format | None = None
    ) -> Reply:
        handled, finish = await perform_released(self._emulator, self._handle(request, call))
        return self._reply(handled, finish, form, head, default or head.client.default_format)

    def _handle(self, request: web.BaseRequest, call: Call, ts: int | None = None) -> Entry:
        """Have a call handled, with its headers and its address where the scenario wants to see them."""
        index = self._emulator.revision.index
        if index.asks_headers:
            call = call._replace(headers=text_headers(request))
        if index.asks_address:
            call = call._replace(address=request.remote)
        uses = uses_of(request)
        if uses:
            call = call._replace(uses=uses)
        return self._emulator.handle(call, ts)

    def _reply(self, handled: Entry, finish: Finish, form: str | None, head: Head, default: Format) -> Reply:
        """Write the answer; the format is looked at only now, as the service does (contract convex §2.1)."""
        headers = function_headers(handled)
        try:
            reply = Reply(200, self._write(handled, finish, head, read_format(form, default)), headers)
        except ApiError as error:
            reply = error_reply(error)
            reply.headers.update(headers)
        is_ordinary = finish.death is None and finish.bandwidth is None
        return reply if is_ordinary else ended(reply, finish.death, finish.bandwidth)

    def _write(self, handled: Entry, finish: Finish, head: Head, form: Format) -> bytes:
        ending = finish.ending
        if type(ending) is Returned and not finish.logs:
            return write_success(ending, form)
        redacts = handled.revision.scenario.deployment.redacts and not isinstance(head.caller, Admin)
        request_id = head.request_id or self._emulator.request_id(handled)
        rule = handled.decision.rule
        return write_answer(ending, finish.logs, Answer(form, request_id, redacts, rule.place if rule else None))

    def _head(self, request: web.BaseRequest, admin_key: str | None = None) -> Head:
        return read_head(request, self._emulator.revision.scenario, admin_key)
