"""What the control API's own description says of an answer."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from emulator.surfaces.paths import PathTable

JSON = "application/json"
_ERROR = {"$ref": "#/components/schemas/ErrorAnswer"}


@cache
def description() -> Any:
    """Return the description, which is the same for every scenario."""
    from emulator.app import App
    from emulator.runtime.emulator import Emulator
    from emulator.surfaces.control.openapi import describe
    from emulator.surfaces.control.surface import ControlSurface
    from tests.support.clocks import WatchedClock
    from tests.support.scenarios import load_text

    with TemporaryDirectory() as folder:
        app = App(Emulator(load_text(Path(folder), "seed: 1"), WatchedClock()), [])
    return describe(ControlSurface(app.emulator, "token", app)._listed)


@cache
def _responses() -> PathTable[Any]:
    table: PathTable[Any] = PathTable()
    for path, operations in description()["paths"].items():
        for method, operation in operations.items():
            table.add((method.upper(),), path, operation["responses"])
    return table


def _closed(node: Any) -> Any:
    """Return a schema that allows no property which it does not name."""
    if isinstance(node, dict):
        closed = {key: _closed(each) for key, each in node.items()}
        return {"additionalProperties": False, **closed} if node.get("type") == "object" else closed
    return [_closed(each) for each in node] if isinstance(node, list) else node


@cache
def _validator(schema: str) -> Draft202012Validator:
    resource = DRAFT202012.create_resource({"components": _closed(description()["components"])})
    registry = Registry().with_resource("urn:description", resource)
    return Draft202012Validator(json.loads(schema.replace('"#/', '"urn:description#/')), registry=registry)


def check_described(method: str, path: str, status: int, media: str | None, body: bytes) -> None:
    """Fail unless an answer is as the description has it for a route and a status; without a route it is an error."""
    if method == "HEAD":
        return
    found = _responses().find(path)
    responses = found.methods.get(method) if found else None
    described = {JSON: {"schema": _ERROR}}
    if responses is not None:
        described = responses.get(str(status), responses["default"])["content"]
    ((expected, content),) = described.items()
    told = (method, path, status, body[:2_000])
    assert (media or "").partition(";")[0] == expected, (media, told)
    assert responses is not None or status >= 400, told
    if expected == JSON:
        errors = _validator(json.dumps(content["schema"])).iter_errors(json.loads(body))
        assert [f"{each.json_path}: {each.message}" for each in errors] == [], told
