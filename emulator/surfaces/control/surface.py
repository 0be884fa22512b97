"""The control API as a whole: who may use it, its routes, and what becomes of errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from aiohttp import web

from emulator.reload.additions import Additions
from emulator.runtime.emulator import Emulator
from emulator.scenario.problem import did_you_mean
from emulator.surfaces.control.answers import Description
from emulator.surfaces.control.asked import JSON, Asked, json_bytes
from emulator.surfaces.control.data import DataEndpoints
from emulator.surfaces.control.endpoints import ControlEndpoints
from emulator.surfaces.control.failures import (
    INTERNAL,
    ControlError,
    bad_request,
    method_not_allowed,
    not_found,
    too_large,
)
from emulator.surfaces.control.follow import FollowEndpoint
from emulator.surfaces.control.guard import check_caller
from emulator.surfaces.control.house import House
from emulator.surfaces.control.instances import InstanceEndpoints
from emulator.surfaces.control.journal import JournalEndpoints
from emulator.surfaces.control.metrics import Metrics
from emulator.surfaces.control.openapi import describe
from emulator.surfaces.control.routes import (
    OPENAPI,
    PREFIX,
    Route,
    routes_of,
    routes_of_data,
    routes_of_instances,
    routes_of_journal,
    routes_of_rules,
    routes_of_snapshots,
    routes_of_variants,
)
from emulator.surfaces.control.rules import RulesEndpoints
from emulator.surfaces.control.snapshots import SnapshotEndpoints
from emulator.surfaces.control.variants import VariantsEndpoints
from emulator.surfaces.http import BodyTooLargeError, BrokenBodyError, Reply, path_of, read_body
from emulator.surfaces.paths import Found, PathError, PathTable
from emulator.surfaces.ready import respond
from emulator.surfaces.uses import PARAMETER

_HEADERS = {"Content-Type": JSON, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

logger = logging.getLogger(__name__)


class ControlSurface:
    """Answers every request under ``/__emulator/``."""

    def __init__(self, emulator: Emulator, token: str | None, house: House) -> None:
        """Let who has `token` change things in `house`; None: nobody may."""
        self._token = token
        self._house = house
        self._follow = FollowEndpoint(emulator)
        self._routes: PathTable[Route] = PathTable()
        self._listed = [
            *routes_of(ControlEndpoints(emulator, house), Metrics(emulator)),
            *routes_of_journal(JournalEndpoints(emulator), self._follow),
            *routes_of_variants(VariantsEndpoints(emulator)),
            *routes_of_rules(RulesEndpoints(_additions(emulator, house))),
            *routes_of_data(DataEndpoints(emulator)),
            *routes_of_instances(InstanceEndpoints(house)),
            *routes_of_snapshots(SnapshotEndpoints(emulator)),
            Route("GET", OPENAPI.removeprefix(PREFIX), self.openapi),
        ]
        for route in self._listed:
            self._routes.add((route.method,), f"{PREFIX}{route.path}", route)

    async def openapi(self, _asked: Asked) -> Description:
        """Describe this API."""
        return describe(self._listed)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        try:
            answer = await self._answer(request)
        except ControlError as error:
            answer = Reply(error.status, error.body, dict(error.headers))
        except Exception:
            logger.exception("a bug in the emulator: %s %s failed", request.method, path_of(request))
            answer = Reply(INTERNAL.status, INTERNAL.body, {})
        if isinstance(answer, web.StreamResponse):
            return answer
        status, body, headers = answer
        return respond(request, status, body, {**_HEADERS, **headers})

    def close(self) -> None:
        """Tell those who follow that the emulator ends."""
        self._follow.close()

    async def _answer(self, request: web.BaseRequest) -> Reply | web.StreamResponse:
        path = path_of(request)
        found = self._routes.find(path)
        route = found.methods.get(request.method) if found else None
        is_guarded = route is not None and route.needs_token
        if self._token is not None or route is None or not route.is_open:
            check_caller(request.headers, request.remote, self._token, self._house.hosts, changes=is_guarded)
        if found is None:
            raise not_found(f"nothing is at {path}", f"{OPENAPI} lists what there is")
        if route is None:
            raise method_not_allowed(f"{request.method} is not for {path}", sorted(found.methods))
        body = await _body_of(request, route.limit)
        _check_query(request.query, route)
        answer = await route.endpoint(Asked(request, _parameters_of(found), request.query, body))
        return answer if isinstance(answer, Reply | web.StreamResponse) else Reply(200, json_bytes(answer), {})


def _additions(emulator: Emulator, house: House) -> Callable[[], Additions]:
    """Return what gives the rules added for now; where no files are, they are laid over what is in force."""
    own: list[Additions] = []

    def get() -> Additions:
        staged = house.stage
        if staged is not None:
            return staged.additions
        if not own:
            own.append(Additions(emulator))
        return own[0]

    return get


async def _body_of(request: web.BaseRequest, limit: int) -> bytes:
    try:
        return await read_body(request, limit)
    except BodyTooLargeError as error:
        raise too_large(f"the body is larger than {limit} bytes") from error
    except BrokenBodyError as error:
        raise bad_request(f"the body cannot be read: {error}") from error


def _check_query(query: Mapping[str, str], route: Route) -> None:
    for name in query:
        if name not in route.query and name != PARAMETER:
            known = f"there are: {', '.join(route.query)}" if route.query else None
            raise bad_request(f"there is no parameter {name!r}", did_you_mean(name, route.query) or known)


def _parameters_of(found: Found[Route]) -> Mapping[str, str]:
    try:
        return found.parameters
    except PathError as error:
        raise bad_request(str(error)) from error
