"""The surface as a whole: its routes, the order of its checks, and what becomes of errors (contract openclaw §1.1)."""

from __future__ import annotations

import logging
from dataclasses import replace
from http.client import responses
from typing import assert_never

from aiohttp import web

from emulator.engine.call import Call
from emulator.engine.meters import Reading
from emulator.engine.plan import Ending, Finish, Passed
from emulator.model.gateway import CHAT, Access, Scope
from emulator.model.rule import Failure
from emulator.runtime.chat import Chats
from emulator.runtime.cron import Jobs
from emulator.runtime.emulator import Emulator
from emulator.runtime.perform import perform
from emulator.surfaces.death import DyingError
from emulator.surfaces.http import Reply, path_of
from emulator.surfaces.openclaw.asked import Answer, Asked, Endpoint, Route, error_answer, json_answer
from emulator.surfaces.openclaw.authorization import (
    Bearer,
    Cookie,
    Everyone,
    Identity,
    check_origin,
    check_site,
    credential_of,
    identify,
    require,
    scopes_of,
)
from emulator.surfaces.openclaw.chats import STREAM, ChatEndpoints
from emulator.surfaces.openclaw.codec import limit_headers, run_error
from emulator.surfaces.openclaw.doors import DoorEndpoints
from emulator.surfaces.openclaw.failures import (
    GatewayError,
    WrongSecretError,
    internal,
    invalid_request,
    method_not_allowed,
    not_found,
)
from emulator.surfaces.openclaw.logins import FailedLogins, Logins, session_cookie
from emulator.surfaces.openclaw.resources import ResourceEndpoints
from emulator.surfaces.openclaw.settings import SettingEndpoints
from emulator.surfaces.openclaw.socket import SocketEndpoint
from emulator.surfaces.paths import Found, PathError, PathTable
from emulator.surfaces.ready import respond
from emulator.surfaces.trickle import TrickleError, end, ended

_API = "/api/"
_SOCKET = "/ws"
STREAMING = frozenset({STREAM, f"GET {_SOCKET}"})
"""Operations whose answers are open-ended."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_READABLE = (
    "X-Run-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, Retry-After"
)

logger = logging.getLogger(__name__)


class OpenClawSurface:
    """Answers every request for an OpenClaw Gateway."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer by what `emulator` decides and keeps."""
        self._emulator = emulator
        self._access = emulator.revision.scenario.gateway.access
        self._logins = Logins()
        self._failed = FailedLogins()
        chats = Chats(emulator)
        self._chats = ChatEndpoints(emulator, chats)
        self._resources = ResourceEndpoints(emulator, chats)
        self._settings = SettingEndpoints(emulator, Jobs(emulator, chats))
        self._sockets = SocketEndpoint(emulator, chats, self._chats, self._settings.job_row)
        self._doors = DoorEndpoints(emulator, self._logins, self._failed, self._resources)
        self._routes: PathTable[Route] = PathTable()
        self._add_routes()
        emulator.on_swap(self._check_secrets)

    def owns(self, path: str) -> bool:
        """Whether there is anything at an undecoded path, besides its front page."""
        return path != "/" and self._routes.find(path) is not None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request; whatever happens inside, the client gets one of the gateway's own answers."""
        try:
            answer = await self._answer(request)
        except (DyingError, TrickleError) as error:
            error.reply.headers.update(self._cors_headers(request))
            return await end(request, error, self._emulator.clock)
        except GatewayError as error:
            answer = error_answer(error)
        except Exception:
            logger.exception("a bug in the emulator: %s %s failed", request.method, path_of(request))
            answer = json_answer({"error": internal().payload}, status=500)
        if isinstance(answer, Reply):
            status, body, headers = answer
            headers.update(self._cors_headers(request))
            return respond(request, status, body, headers)
        return answer

    async def close(self) -> None:
        """Tell those who are connected that the server goes down."""
        await self._chats.close()
        await self._sockets.close()

    async def _answer(self, request: web.BaseRequest) -> Answer:
        path = path_of(request)
        found = self._routes.find(path)
        preflight = self._preflight(request)
        if preflight is not None:
            return preflight
        is_open = _is_open(path, request.method, found)
        identity = None if is_open else self._identify(request, path)
        operation = f"{request.method} {path.rstrip('/') or path}"
        if operation == CHAT:
            return await self._endpoint(request, path, found, identity)
        call = Call(operation, None, {}, address=request.remote, credential=credential_of(identity))
        admitted = self._emulator.admit(call._replace(is_streamed=operation in STREAMING))
        finish = await perform(admitted.decision.plan, self._emulator.clock, admitted.at)
        readings = admitted.decision.admission.readings
        if not isinstance(finish.ending, Passed):
            answer: Answer = _refusal(finish.ending)
        elif finish.death is not None and operation in STREAMING:
            answer = Reply(200, b"", {})
        else:
            try:
                answer = await self._endpoint(request, path, found, identity, readings)
            except GatewayError as error:
                answer = error_answer(error)
        return self._ended(answer, finish, readings)

    def _ended(self, answer: Answer, finish: Finish, readings: tuple[Reading, ...]) -> Answer:
        """Return an answer that ends well; raise what another one ends with. One that streams is beyond that."""
        if not isinstance(answer, Reply):
            return answer
        answer.headers.update(limit_headers(readings, self._emulator.clock.now()))
        return ended(answer, finish.death, finish.bandwidth)

    async def _endpoint(
        self,
        request: web.BaseRequest,
        path: str,
        found: Found[Route] | None,
        identity: Identity | None,
        readings: tuple[Reading, ...] = (),
    ) -> Answer:
        if found is None:
            raise not_found(f"nothing is at {path}")
        route = found.methods.get(request.method)
        if route is None:
            raise method_not_allowed(sorted(found.methods))
        if identity is not None and route.scope is not None:
            require(identity, route.scope)
        changes = request.method not in _SAFE or path.rstrip("/") == _SOCKET or "message" in request.query
        if isinstance(identity, Cookie) and changes:
            check_site(request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin"))
            origins = self._emulator.revision.scenario.gateway.origins
            check_origin(request.headers.get("Origin"), request.headers.get("Host"), origins)
        try:
            parameters = found.parameters
        except PathError as error:
            raise invalid_request(error.message, error.name) from error
        headers = self._cors_headers(request) | limit_headers(readings, self._emulator.clock.now())
        return await route.endpoint(Asked(request, parameters, identity, headers, readings))

    def _identify(self, request: web.BaseRequest, path: str) -> Identity:
        now = self._emulator.clock.now()
        access = self._emulator.revision.scenario.gateway.access
        header = request.headers.get("Authorization")
        token = request.query.get("token") if path.rstrip("/") in (_SOCKET, STREAM.removeprefix("GET ")) else None
        if header is not None or token is not None:
            self._failed.check(request.remote, now)
        cookies = "; ".join(request.headers.getall("Cookie", []))
        session = self._logins.find(session_cookie(cookies), now)
        try:
            return identify(access, header, token, session)
        except WrongSecretError:
            self._failed.count(request.remote, now)
            raise

    def _preflight(self, request: web.BaseRequest) -> Reply | None:
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        if not self._cors_headers(request):
            return None
        asked = request.headers.get("Access-Control-Request-Headers")
        headers = {"Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE", "Access-Control-Max-Age": "600"}
        if asked and asked.isascii() and asked.isprintable():
            headers["Access-Control-Allow-Headers"] = asked
        return Reply(204, b"", headers)

    def _cors_headers(self, request: web.BaseRequest) -> dict[str, str]:
        origin = request.headers.get("Origin")
        if origin is None or origin not in self._emulator.revision.scenario.gateway.origins:
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": _READABLE,
            "Vary": "Origin",
        }

    def _check_secrets(self) -> None:
        """Log everybody out when the secrets are others than they were."""
        access: Access = self._emulator.revision.scenario.gateway.access
        if access != self._access:
            self._access = access
            self._logins.clear()
            self._sockets.check(self._still)

    def _still(self, identity: Identity) -> Identity | None:
        """Return who a caller is by now, None for one whose credential is no longer good."""
        access: Access = self._emulator.revision.scenario.gateway.access
        if access.is_open:
            return Everyone()
        match identity:
            case Bearer(secret):
                scopes = scopes_of(access, secret)
                return None if scopes is None else Bearer(secret, scopes)
            case Cookie(session):
                return identity if self._logins.holds(session) else None
            case Everyone():
                return None
            case _:
                assert_never(identity)

    async def _log_out(self, asked: Asked) -> Answer:
        answer = await self._doors.log_out(asked)
        self._sockets.check(self._still)
        return answer

    def _add_routes(self) -> None:
        chats, resources, settings, doors = self._chats, self._resources, self._settings, self._doors
        read, write, admin = Scope.READ, Scope.WRITE, Scope.ADMIN
        routes: list[tuple[str, str, Endpoint, Scope | None]] = [
            ("GET", "/health", settings.health, None),
            ("POST", "/api/chat", chats.chat, write),
            ("GET", "/api/chat/stream", chats.stream, read),
            ("GET", "/api/sessions", resources.list_sessions, read),
            ("GET", "/api/sessions/{key}/history", resources.history, read),
            ("DELETE", "/api/sessions/{key}", resources.delete_session, write),
            ("GET", "/api/channels", resources.list_channels, read),
            ("POST", "/api/channels/{id}/reconnect", resources.reconnect, write),
            ("GET", "/api/agents", resources.list_agents, read),
            ("GET", "/api/agents/{id}/status", resources.agent_status, read),
            ("GET", "/api/nodes", resources.list_nodes, read),
            ("POST", "/api/nodes/pair", resources.pair, write),
            ("POST", "/api/nodes/pair/redeem", resources.redeem, None),
            ("DELETE", "/api/nodes/{id}", resources.delete_node, write),
            ("GET", "/api/config", settings.config, read),
            ("PATCH", "/api/config", settings.patch_config, admin),
            ("GET", "/api/cron", settings.jobs, read),
            ("POST", "/api/cron/{id}/run", settings.run_job, write),
            ("GET", _SOCKET, self._sockets.connect, read),
            ("POST", "/api/auth/login", doors.log_in, None),
            ("POST", "/api/auth/logout", self._log_out, None),
            ("GET", "/api/auth/session", doors.session, read),
            ("GET", "/login", doors.login_form, None),
            ("POST", "/login", doors.submit_login, None),
            ("GET", "/", doors.overview, None),
            ("GET", "/chat", doors.chat, None),
        ]
        for method, pattern, endpoint, scope in routes:
            self._routes.add((method,), pattern, Route(endpoint, scope))


def _refusal(ending: Ending) -> Reply:
    """Return what limits and faults have an operation answer."""
    if isinstance(ending, Failure) and ending.message is None:
        ending = replace(ending, message=responses.get(ending.status, "failed").lower())
    return error_answer(run_error(ending))


def _is_open(path: str, method: str, found: Found[Route] | None) -> bool:
    """Whether nobody is asked who they are: everything outside of the API, and the few ways into it."""
    if not path.startswith(_API) and path.rstrip("/") != _SOCKET:
        return True
    route = found.methods.get(method) if found else None
    return route is not None and route.scope is None
