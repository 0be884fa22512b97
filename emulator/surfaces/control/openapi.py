"""The OpenAPI description of the control API, made of its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from emulator import __version__
from emulator.surfaces.control.answers import Description, ErrorAnswer
from emulator.surfaces.control.asked import JSON
from emulator.surfaces.control.routes import PREFIX, Route
from emulator.surfaces.control.schemas import REF, Schema, answer_of, schema_of

_NUMBERS = frozenset({"after", "limit"})


def describe(routes: Iterable[Route]) -> Description:
    """Return the description, OpenAPI 3.1."""
    listed = list(routes)
    forms = [route.body for route in listed if route.body is not None]
    _, schemas = models_json_schema([(form, "validation") for form in dict.fromkeys(forms)], ref_template=REF)
    named: dict[str, Schema] = dict(schemas.get("$defs", {}))
    paths: dict[str, Any] = {}
    for route in listed:
        paths.setdefault(f"{PREFIX}{route.path}", {})[route.method.lower()] = _operation(route, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Emulator control API", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, named: dict[str, Schema]) -> dict[str, Any]:
    name = route.endpoint.__name__
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": " ".join((route.endpoint.__doc__ or "").split()),
        "parameters": [*map(_path_parameter, re.findall(r"{(\w+)}", route.path)), *map(_query_parameter, route.query)],
        "responses": {
            "200": {
                "description": "Done.",
                "content": {route.media.partition(";")[0]: {"schema": _answer(route, named)}},
            },
            "default": {"description": "An error.", "content": {JSON: {"schema": schema_of(ErrorAnswer, named)}}},
        },
    }
    if route.body is not None:
        needs_body = any(each.is_required() for each in route.body.model_fields.values())
        operation["requestBody"] = {"required": needs_body, "content": _json(route.body.__name__)}
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": {route.takes: {"schema": {"type": "string"}}}}
    if route.needs_token:
        operation["security"] = [{"token": []}]
    return operation


def _answer(route: Route, named: dict[str, Schema]) -> Schema:
    return schema_of(answer_of(route.endpoint), named) if route.media == JSON else {"type": "string"}


def _json(model: str) -> dict[str, Any]:
    return {JSON: {"schema": {"$ref": REF.format(model=model)}}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0} if name in _NUMBERS else {"type": "string"}
    return {"name": name, "in": "query", "schema": schema}
