"""JSON bodies of requests: read, checked for their shape, and refused in the service's own words (contract §1.3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from emulator.surfaces.convex.failures import ApiError, bad_json_body
from emulator.values.formats import Json

_JSON_TYPE = re.compile(r"application/(?:json|[\w.!#$&^-]+\+json)", re.IGNORECASE)
_TOP, _IN_LIST = 1, 3
_TOKEN = re.compile(r'("(?:[^"\\]++|\\.)*+")\s*+:|"(?:[^"\\]++|\\.)*+"|[{}\[\]]')
_SPACE = re.compile(r"[ \t\r\n]*")
_KINDS: dict[str, type] = {"any": object, "a string": str, "a sequence": list, "a map": dict, "i64": int}
_TARGET = "Failed to deserialize the JSON body into the target type: "
_DETAILS = {
    "unexpected end of data": "EOF while parsing a value",
    "unexpected character": "expected value",
    "unexpected content after document": "trailing characters",
    "trailing comma": "trailing comma",
    "depth limit": "recursion limit exceeded",
    "empty": "EOF while parsing a value",
}


def check_content_type(header: str | None) -> None:
    """Raise ApiError unless the header says JSON; parameters such as a charset do not matter."""
    if header == "application/json":
        return
    kind = (header or "").partition(";")[0].strip()
    if not _JSON_TYPE.fullmatch(kind):
        raise bad_json_body("Expected request with `Content-Type: application/json`")


def parse_json(body: bytes) -> Json:
    """Return what the body holds; raise ApiError when it is not JSON."""
    try:
        return orjson.loads(body)  # type: ignore[no-any-return]  # orjson types it as Any
    except orjson.JSONDecodeError as error:
        text = str(error).lower()
        detail = next((ours for theirs, ours in _DETAILS.items() if theirs in text), "invalid JSON")
        column = error.colno if body.strip() else 0
        place = f"line {error.lineno} column {column}"
        raise bad_json_body(f"Failed to parse the request body as JSON: {detail} at {place}") from error


def read_function_body(body: bytes) -> tuple[str, Json, str | None]:
    """Return `path`, `args` and `format` of a function request; the common shape is recognised at once."""
    once = body.count(b'"path"') == 1 and body.count(b'"args"') == 1 and body.count(b'"format"') <= 1
    if once and b"\\u" not in body:
        tree = parse_json(body)
        if type(tree) is dict and "args" in tree:
            path, form = tree.get("path"), tree.get("format")
            if type(path) is str and (form is None or type(form) is str):
                return path, tree["args"], form
    fields = read_fields(body, {"path": "a string", "args": "any"}, {"format": "a string"})
    return fields["path"], fields["args"], fields.get("format")


def read_fields(
    body: bytes, required: Mapping[str, str], optional: Mapping[str, str], *, struct: str = "UdfPostRequest"
) -> dict[str, Any]:
    """Return the members of the JSON object in `body`.

    `required` and `optional` map each member to the type it must have, ``a string`` or ``any`` or another of the
    parser's names; other members are ignored. `struct` is what the service calls the object. Raises ApiError in the
    words of the service's own parser.
    """
    tree = parse_json(body)
    _check_duplicates(body, (*required, *optional, "path", "args", "format"))
    return check_fields(tree, required, optional, body=body, struct=struct)


def check_fields(
    tree: Json,
    required: Mapping[str, str],
    optional: Mapping[str, str],
    *,
    body: bytes,
    path: str = "",
    struct: str = "UdfPostRequest",
) -> dict[str, Any]:
    """Return the members of `tree`, an object somewhere inside `body`; `path` prefixes messages (``queries[0].``)."""
    if not isinstance(tree, dict):
        raise _shape(f"{_dotted(path)}invalid type: {unexpected(tree)}, expected struct {struct}", body, 0)
    for name, kind in required.items():
        if name not in tree:
            raise _shape(f"{_dotted(path)}missing field `{name}`", body, len(body.rstrip()))
        _check_type(tree[name], kind, path + name, body)
    for name, kind in optional.items():
        if tree.get(name) is not None:
            _check_type(tree[name], kind, path + name, body)
    return tree


def _check_type(value: Json, kind: str, path: str, body: bytes) -> None:
    wanted = _KINDS[kind]
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return
    end = _end_of(body, path.rpartition(".")[2])
    raise _shape(f"{path}: invalid type: {unexpected(value)}, expected {kind}", body, end)


def _check_duplicates(body: bytes, names: tuple[str, ...]) -> None:
    """Refuse a member given twice, in the body or in one of its `queries`; our parser keeps the last one silently."""
    if b"\\u" not in body and not any(body.count(b'"%b"' % name.encode()) > 1 for name in names):
        return
    depths = (_TOP, _IN_LIST) if "queries" in names else (_TOP,)
    for keys in _keys_of_objects(body.decode("utf-8", "replace"), depths):
        for name in names:
            if keys.count(name) > 1:
                raise _shape(f"duplicate field `{name}`", body, len(body.rstrip()))


def _keys_of_objects(text: str, depths: tuple[int, ...]) -> Iterator[list[str]]:
    """Yield the keys of each object of JSON that stands so deep, each as often as it was written."""
    stack: list[list[str]] = []
    for match in _TOKEN.finditer(text):
        sign = match[0]
        if sign in "{[":
            stack.append([])
        elif sign in "}]":
            keys = stack.pop()
            if len(stack) + 1 in depths:
                yield keys
        elif match[1]:
            stack[-1].append(json.loads(match[1]))


def _shape(message: str, body: bytes, offset: int) -> ApiError:
    before = body[:offset]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2])
    return bad_json_body(f"{_TARGET}{message} at line {line} column {column}")


def _end_of(body: bytes, name: str) -> int:
    """Return where the parser stands when it refuses a top-level member: behind a scalar, before a collection."""
    text = body.decode("utf-8", "replace")
    found = re.search(rf'"{re.escape(name)}"[ \t\r\n]*:', text)
    if not found:
        return len(body.rstrip())
    start = _SPACE.match(text, found.end()).end()  # type: ignore[union-attr]  # matches the empty text, too
    if text[start : start + 1] in {"{", "["}:
        return len(text[:start].encode())
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        end = start
    return len(text[:end].encode())


def unexpected(value: Json) -> str:
    """Return what the service's parser calls something that it did not expect."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f"string {json.dumps(value, ensure_ascii=False)}"
    return "sequence" if isinstance(value, list) else "map"


def _dotted(path: str) -> str:
    return f"{path.removesuffix('.')}: " if path else ""
