"""Calls of functions over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from tests.support.serving import Served

PATIENCE = aiohttp.ClientTimeout(total=10)
ERROR = re.compile(r"\[Request ID: ([^\]]*)\] Server Error(?:\n(.*?)\n((?: {4}at .*\n)*))?", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """An answer as a client has it."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which must be JSON."""
        assert self.headers["Content-Type"] == "application/json", self
        return json.loads(self.body)

    @property
    def value(self) -> Any:
        """The value of a successful call."""
        assert self.status == 200, self
        assert self.json["status"] == "success", self
        return self.json["value"]

    @property
    def error(self) -> str:
        """What a failed call says, without its request id and its stack."""
        assert self.status == 200, self
        return error_text(self.json)

    @property
    def refusal(self) -> tuple[int, str, str]:
        """Status, code and message of an error of the deployment itself."""
        assert self.status >= 400, self
        assert set(self.json) == {"code", "message"}, self
        return self.status, self.json["code"], self.json["message"]


def error_text(answer: dict[str, Any]) -> str:
    """Return what a function's error answer says, without its request id and its stack."""
    assert answer["status"] == "error", answer
    found = ERROR.fullmatch(answer["errorMessage"])
    assert found, answer["errorMessage"]
    return found[2] or ""


async def send(
    served: Served,
    path: str,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    by: str = "POST",
) -> Answer:
    """Send a request; a body is JSON unless the headers say otherwise."""
    given = CIMultiDict({} if body is None else {"Content-Type": "application/json"})
    given.update(headers or {})
    kept = {name: value for name, value in given.items() if value}
    skipped = [name for name in ("Content-Type",) if not given.get(name)]
    data = body.encode() if isinstance(body, str) else body
    stream = None if data is None else BytesIO(data)
    async with served.client.request(
        by, path, data=stream, headers=kept, skip_auto_headers=skipped, allow_redirects=False, timeout=PATIENCE
    ) as response:
        return Answer(response.status, response.headers, await response.read())


async def post(served: Served, path: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Post a JSON body."""
    return await send(served, path, json.dumps(body), headers)


async def query(
    served: Served, name: str, args: object = None, headers: Mapping[str, str] | None = None, **more: object
) -> Answer:
    """Call a query; `more` are further members of the body."""
    return await post(served, "/api/query", {"path": name, "args": {} if args is None else args, **more}, headers)


async def mutation(
    served: Served, name: str, args: object = None, headers: Mapping[str, str] | None = None, **more: object
) -> Answer:
    """Call a mutation; `more` are further members of the body."""
    return await post(served, "/api/mutation", {"path": name, "args": {} if args is None else args, **more}, headers)
