"""What every endpoint reads of a request first: who calls with what, and the body within its limit."""

from __future__ import annotations

from typing import NamedTuple

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION, CONTENT_TYPE
from multidict import istr

from emulator.engine.call import ANONYMOUS, Caller
from emulator.model.scenario import Scenario
from emulator.surfaces.convex.authorization import identify, read_authorization
from emulator.surfaces.convex.body import check_content_type
from emulator.surfaces.convex.clients import UNKNOWN, Client, read_client
from emulator.surfaces.convex.failures import BODY_TOO_LARGE, bad_json_body
from emulator.surfaces.http import BodyTooLargeError, BrokenBodyError, read_body

CONVEX_CLIENT = istr("Convex-Client")
_CONVEX_REQUEST_ID = istr("Convex-Request-Id")
_MAX_REQUEST_ID = 128


class Head(NamedTuple):
    """What the headers of a request say."""

    client: Client
    caller: Caller
    request_id: str | None


def read_head(request: web.BaseRequest, scenario: Scenario, admin_key: str | None = None) -> Head:
    """Read the headers; an admin key in the URL, for what a browser opens, counts where no header is.

    Raises ApiError for a client that is not served, and for a credential that stands for nobody.
    """
    headers = request.headers
    said = headers.get(CONVEX_CLIENT)
    client = UNKNOWN if said is None else read_client(said)
    authorization = headers.get(AUTHORIZATION)
    if authorization is None and admin_key:
        authorization = f"Convex {admin_key}"
    caller: Caller = ANONYMOUS
    if authorization is not None:
        caller = identify(read_authorization(authorization), scenario)
    return Head(client, caller, read_request_id(request) if _CONVEX_REQUEST_ID in headers else None)


def read_request_id(request: web.BaseRequest) -> str | None:
    """Return the id that a client gives its request, if it is one to show."""
    request_id = request.headers.get(_CONVEX_REQUEST_ID)
    if not request_id or not (request_id.isascii() and request_id.isprintable()):
        return None
    return request_id[:_MAX_REQUEST_ID]


async def read_json_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return the body of a request that says it is JSON; raise ApiError when it does not, or is over `limit` bytes."""
    check_content_type(request.headers.get(CONTENT_TYPE))
    return await read_whole_body(request, limit)


async def read_whole_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return the body of a request, whatever it is; raise ApiError when it is over `limit` bytes, or ends too soon."""
    try:
        return await read_body(request, limit)
    except BodyTooLargeError as error:
        raise BODY_TOO_LARGE.fresh() from error
    except BrokenBodyError as error:
        raise bad_json_body(f"Failed to buffer the request body: {error}") from error
