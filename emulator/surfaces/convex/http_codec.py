"""Requests for HTTP actions to calls; pure (contract convex §12)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import orjson

from emulator.engine.call import Call, Caller
from emulator.model.http import find_route, operation_of
from emulator.values.convex import MAX_NESTING, Value
from emulator.values.formats import Json

_JSON_TYPE = re.compile(r"application/(?:json|[\w.!#$&^-]+\+json)", re.IGNORECASE)
_FORM_TYPE = "application/x-www-form-urlencoded"
_JSON_STARTS = (b"{", b"[")


def read_request(
    method: str, target: str, content_type: str | None, body: bytes, routes: Mapping[str, object], caller: Caller
) -> Call:
    """Return a request as a call of the route that answers it, or of the one that it would need.

    `target` is the undecoded path and query of the app's own.
    """
    undecoded, _, query = target.partition("?")
    path = decoded(undecoded)
    args: dict[str, Value] = {
        "method": method,
        "path": path,
        "query": read_fields(query),
        "body": read_body_value(content_type, body),
    }
    route = find_route(routes, method, path)
    shown = path if path.isprintable() else quote(path)
    return Call(route or operation_of(method, shown), None, args, caller, len(body) + len(target))


def decoded(path: str) -> str:
    """Return a path without escapes; what is no UTF-8 is replaced."""
    return unquote_to_bytes(path.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")


def read_fields(text: str) -> dict[str, Value]:
    """Return the fields of a query or a form: texts, and lists of texts for those that are there several times."""
    fields: dict[str, Value] = {}
    clean = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    for name, value in parse_qsl(clean, keep_blank_values=True):
        known = fields.get(name)
        if known is None:
            fields[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            fields[name] = [known, value]
    return fields


def read_body_value(content_type: str | None, body: bytes) -> Value:
    """Return what a body says: JSON, the fields of a form, a text, or bytes; null where there is none.

    What looks like a JSON object or list is one, whatever its type, because curl calls everything a form.
    """
    if not body:
        return None
    kind = (content_type or "").partition(";")[0].strip().lower()
    if _JSON_TYPE.fullmatch(kind) or body.lstrip()[:1] in _JSON_STARTS:
        try:
            return _value(orjson.loads(body), 0)
        except (orjson.JSONDecodeError, _TooDeepError):
            pass
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    return {**read_fields(text)} if kind == _FORM_TYPE else text


class _TooDeepError(Exception):
    """JSON that is nested deeper than any value."""


def _value(tree: Json, depth: int) -> Value:
    """Return JSON as a value; its numbers are JavaScript's."""
    if isinstance(tree, bool) or tree is None or isinstance(tree, str | float):
        return tree
    if isinstance(tree, int):
        return float(tree)
    if depth >= MAX_NESTING:
        raise _TooDeepError
    if isinstance(tree, list):
        return [_value(each, depth + 1) for each in tree]
    return {key: _value(each, depth + 1) for key, each in tree.items()}
