"""The JSON Schema of scenario files, for editors and for other people's tools."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from emulator.scenario.meanings import MEANINGS
from emulator.scenario.written_gateway import GatewayForm
from emulator.scenario.written_http import HttpForm
from emulator.scenario.written_scenario import ScenarioForm

_BOUNDS = {"ge": "minimum", "le": "maximum"}

ROOT = "ScenarioForm"
"""The name of the form that a whole file has; those inside of it are in the schema's `$defs`."""


class _Schema(GenerateJsonSchema):
    """As pydantic makes it, without a title for each key, which would only repeat the key."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


class _File(ScenarioForm):
    """A scenario file."""

    http: dict[str, HttpForm] | None = None
    gateway: GatewayForm | None = None  # type: ignore[assignment]  # a load reads these sections by themselves


def _with_bounds(node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema with bounds as JSON Schema spells them; pydantic leaves some as its own."""
    if isinstance(node, dict):
        numbers = {key for key in _BOUNDS if isinstance(node.get(key), int | float)}
        return {_BOUNDS[key] if key in numbers else key: _with_bounds(each) for key, each in node.items()}
    return [_with_bounds(each) for each in node] if isinstance(node, list) else node


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema, draft 2020-12, of one scenario file."""
    schema: dict[str, Any] = _with_bounds(_File.model_json_schema(schema_generator=_Schema))
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Emulator scenario"
    for name, form in {ROOT: schema, **schema["$defs"]}.items():
        for key, written in form["properties"].items():
            if key in MEANINGS.get(name, {}):
                written["description"] = MEANINGS[name][key]
            if written.get("type") == "string" and not isinstance(written.get("default", ""), str):
                del written["default"]  # a duration, which is no text once it is read
    return schema
