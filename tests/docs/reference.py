"""The page that lists every key of a scenario file, made from the JSON Schema that editors get, too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from emulator.scenario.schema import ROOT, scenario_schema

_MAX_CHOICES = 20
HEAD = """\
# Reference

Every key that a scenario file can have. This page is made from the program; editors show the same texts when a file
names the schema that `emulator schema` prints. [scenario-files.md](../scenario-files.md) explains how the parts belong
together.

A *value* is any Convex value, and expressions may stand in it. A *duration* is a text such as `250ms`, `3s` or `1m30s`.
A *type* is a text such as `string`, `id(users)[]` or `"open" | "done"`, or a mapping of fields;
[validators.md](validators.md) has them all.
"""


def reference() -> str:
    """Return the page."""
    schema = scenario_schema()
    forms: dict[str, Any] = {ROOT: schema, **schema["$defs"]}
    sections = [_section(name, forms[name]) for name in _in_reading_order(forms)]
    return "\n".join([HEAD, *sections]).rstrip()


def _in_reading_order(forms: dict[str, Any]) -> list[str]:
    """Return the names of all forms, each behind the first one that needs it."""
    names = [ROOT]
    for name in names:
        names += [each for each in dict.fromkeys(_refs(forms[name]["properties"])) if each not in names]
    return names


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2]
        for each in node.values():
            yield from _refs(each)
    for each in node if isinstance(node, list) else ():
        yield from _refs(each)


def _section(name: str, form: dict[str, Any]) -> str:
    rows = [_row(key, each, key in form.get("required", ())) for key, each in form["properties"].items()]
    head = f"## {_title(name)}\n\n{form['description']}\n"
    return "\n".join([head, "| Key | Type | Default | |", "|---|---|---|---|", *rows, ""])


def _row(key: str, schema: dict[str, Any], is_required: bool) -> str:  # noqa: FBT001 - a cell of the table
    default = "required" if is_required else _default(schema.get("default"))
    cells = (f"`{key}`", _type(schema), default, schema.get("description", ""))
    return "| " + " | ".join(each.replace("|", r"\|") for each in cells) + " |"


def _default(value: Any) -> str:
    if value in (None, "", []) or isinstance(value, dict):
        return ""
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value).removesuffix('.0')}`"


def _type(schema: dict[str, Any]) -> str:
    arms = schema.get("anyOf") or schema.get("oneOf")
    if arms:
        is_left_out = schema.get("default", "") is None and "oneOf" not in schema
        kept = [each for each in arms if not (is_left_out and each == {"type": "null"})]
        return " or ".join(dict.fromkeys(map(_type, kept)))
    if "$ref" in schema:
        title = _title(schema["$ref"].rpartition("/")[2])
        return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"
    if len(schema.get("enum", ())) in range(1, _MAX_CHOICES):
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    return _plain_type(schema)


def _plain_type(schema: dict[str, Any]) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema['items'])}"
        case "object":
            inner = schema.get("additionalProperties")
            return f"mapping of {_type(inner)}" if isinstance(inner, dict) and inner else "mapping"
        case "string":
            return "duration" if "250ms" in schema.get("examples", ()) else "text"
        case ["object", "string"]:
            return "type"
        case None:
            return "value"
        case other:
            return {"integer": "whole number", "boolean": "true or false"}.get(str(other), str(other))


def _title(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r" \1", name.removesuffix("Form")).capitalize()
