"""Variants that a client chooses for itself: in a header, in the query, or in the address that it is given.

Clients that can set neither header nor query, as those of Convex, are told an address that ends in
``/__use/messages:list=empty``; whatever they add to it is asked of the emulator with that choice.
"""

from __future__ import annotations

from aiohttp import web
from multidict import istr
from yarl import URL

from emulator.engine.call import Choice
from emulator.engine.variants import read_choices

HEADER = istr("X-Emulator-Use")
USE = "/__use/"
PARAMETER = "emulator-use"


def led(request: web.BaseRequest, path: str) -> web.BaseRequest:
    """Return what is meant by a request whose path begins with a choice: the rest, with the choice in the query."""
    spec, _, rest = path.removeprefix(USE).partition("/")
    query = request.raw_path.partition(path)[2].partition("?")[2]
    chosen = spec.replace("&", "%26").replace("+", "%2B")
    return request.clone(rel_url=URL(f"/{rest.lstrip('/')}?{PARAMETER}={chosen}&{query}".rstrip("&"), encoded=True))


def uses_of(request: web.BaseRequest) -> tuple[Choice, ...]:
    """Return what the client chose, in the address and in the header; what is said last counts."""
    header = request.headers.get(HEADER)
    if header is None and PARAMETER not in request.raw_path:
        return ()
    return read_choices(";".join([*request.query.getall(PARAMETER, []), header or ""]))
