"""The surface as a whole: its route table, the routes around the functions, and what becomes of errors."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping
from functools import partial

from aiohttp import web
from aiohttp.hdrs import CONTENT_TYPE, ORIGIN

from emulator.model.function import FunctionType
from emulator.model.http import METHODS, PREFIX
from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex.clients import deprecation_headers
from emulator.surfaces.convex.cors import cors_headers, preflight_headers
from emulator.surfaces.convex.failures import INTERNAL, ApiError
from emulator.surfaces.convex.functions import FunctionEndpoints
from emulator.surfaces.convex.gate import Endpoint
from emulator.surfaces.convex.head import CONVEX_CLIENT, read_whole_body
from emulator.surfaces.convex.late import LateEndpoints
from emulator.surfaces.convex.late_routes import add_late_routes
from emulator.surfaces.convex.reply import empty_reply, error_reply, json_reply, text_reply
from emulator.surfaces.convex.sync.endpoint import SyncEndpoint
from emulator.surfaces.death import DyingError
from emulator.surfaces.http import Reply, RouteTable
from emulator.surfaces.ready import respond
from emulator.surfaces.trickle import TrickleError, end

MAX_ECHO = 128 * 1024 * 1024
_RUNNING = "This Convex deployment is running. See https://docs.convex.dev/."
_VERSION = "unknown"
_SYNC = "sync"
_NO_CORS = f"{PREFIX}/"

logger = logging.getLogger(__name__)


class ConvexSurface:
    """Answers every request for a Convex deployment."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer by what `emulator` decides."""
        self._emulator = emulator
        self._sync = SyncEndpoint(emulator)
        self._routes: RouteTable[Endpoint] = RouteTable()
        functions = FunctionEndpoints(emulator)
        post: dict[str, Endpoint] = {
            "/api/query": partial(functions.function, FunctionType.QUERY),
            "/api/mutation": partial(functions.function, FunctionType.MUTATION),
            "/api/action": partial(functions.function, FunctionType.ACTION),
            "/api/function": functions.any_function,
            "/api/run/": functions.run,
            "/api/query_ts": functions.query_ts,
            "/api/query_at_ts": functions.query_at_ts,
            "/api/query_batch": functions.query_batch,
            "/echo": _echo,
        }
        self._usual: Mapping[str, Endpoint] = post
        for path, endpoint in post.items():
            self._routes.add(("POST",), path, endpoint)
        get: dict[str, Endpoint] = {
            "/api/query": functions.query_by_url,
            "/": _running,
            "/version": _version,
            "/instance_version": _version,
            "/instance_name": self._instance_name,
        }
        for path, endpoint in get.items():
            self._routes.add(("GET",), path, endpoint)
        actions = LateEndpoints(emulator, "emulator.surfaces.convex.http_actions", "HttpActionEndpoints")
        self._routes.add(METHODS, _NO_CORS, actions.endpoint("action"))
        self._site_action: Endpoint = actions.endpoint("site_action")
        self._site: RouteTable[Endpoint] = RouteTable()
        self._site.add(("GET",), "/version", _version)
        self._site.add(("GET",), "/metrics", self._metrics)
        add_late_routes(self._routes, emulator)

    def usual(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse] | None:
        """Answer a request as most are, for a function; None for any other.

        It is asked first: each step less that such a request takes is measurable.
        """
        path = request.raw_path
        endpoint = self._usual.get(path)
        return None if endpoint is None or request.method != "POST" else self._answer(request, path, endpoint)

    def owns(self, path: str) -> bool:
        """Whether there is anything at an undecoded path, besides its front page."""
        return path != "/" and (self._routes.find(path) is not None or _is_sync(path))

    async def close(self) -> None:
        """Tell those who are connected that the server goes down."""
        await self._sync.close()

    def handle(self, request: web.BaseRequest, path: str) -> Awaitable[web.StreamResponse]:
        """Answer a request for an undecoded path."""
        methods = self._routes.find(path)
        endpoint = methods.get(request.method) if methods else None
        if endpoint is None:
            endpoint = self._sync.connect if methods is None and _is_sync(path) else partial(_no_endpoint, methods)
        return self._answer(request, path, endpoint)

    def handle_site(self, request: web.BaseRequest, path: str) -> Awaitable[web.StreamResponse]:
        """Answer a request at the port of HTTP actions (contract convex §12)."""
        methods = self._site.find(path) or dict.fromkeys((*METHODS, "HEAD"), self._site_action)
        endpoint = methods.get(request.method) or partial(_no_endpoint, methods)
        return self._answer(request, f"{PREFIX}{path}", endpoint)

    async def _answer(self, request: web.BaseRequest, path: str, endpoint: Endpoint) -> web.StreamResponse:
        """Have a request answered; whatever happens inside, it gets one of the service's own answers."""
        unusual: DyingError | TrickleError | None = None
        try:
            reply = await endpoint(request)
        except ApiError as error:
            reply = error_reply(error)
        except (DyingError, TrickleError) as error:
            unusual, reply = error, error.reply
        except Exception:
            logger.exception("a bug in the emulator: %s %s failed", request.method, path)
            reply = json_reply(INTERNAL.body, status=INTERNAL.status)
        if isinstance(reply, web.StreamResponse):
            return reply
        status, body, headers = reply
        client = request.headers.get(CONVEX_CLIENT)
        if client is not None:
            headers.update(deprecation_headers(client))
        if not path.startswith(_NO_CORS):
            headers.update(cors_headers(request.headers.get(ORIGIN)))
        if unusual is not None:
            return await end(request, unusual, self._emulator.clock)
        return respond(request, status, body, headers)

    async def _metrics(self, _request: web.BaseRequest) -> Reply:
        total = self._emulator.calls
        return text_reply(f"# TYPE emulator_calls_total counter\nemulator_calls_total {total}\n")

    async def _instance_name(self, _request: web.BaseRequest) -> Reply:
        return text_reply(self._emulator.revision.scenario.deployment.name)


def _is_sync(path: str) -> bool:
    """Whether a path is that of the live protocol: ``/api/sync``, or with the version of the client in it."""
    parts = path.split("/")
    return parts[:2] == ["", "api"] and parts[-1] == _SYNC and len(parts) in (3, 4)


async def _no_endpoint(methods: Mapping[str, Endpoint] | None, request: web.BaseRequest) -> Reply:
    if methods is None:
        return empty_reply(404)
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return empty_reply(200, preflight_headers(request.headers))
    return empty_reply(405, {"Allow": ",".join(methods)})


async def _running(_request: web.BaseRequest) -> Reply:
    return text_reply(_RUNNING)


async def _version(_request: web.BaseRequest) -> Reply:
    return text_reply(_VERSION)


async def _echo(request: web.BaseRequest) -> Reply:
    body = await read_whole_body(request, MAX_ECHO)
    kind = request.headers.get("Content-Type", "application/octet-stream")
    return Reply(200, body, {CONTENT_TYPE: kind})
