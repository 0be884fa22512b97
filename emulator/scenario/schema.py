"""The JSON Schema of scenario files, for editors and for other people's tools."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from emulator.scenario.meanings import MEANINGS
from emulator.scenario.written import ScenarioForm

ROOT = "ScenarioForm"
"""The name of the form that a whole file has; those inside of it are in the schema's `$defs`."""


class _Schema(GenerateJsonSchema):
    """As pydantic makes it, without a title for each key, which would only repeat the key."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema, draft 2020-12, of one scenario file."""
    schema = ScenarioForm.model_json_schema(schema_generator=_Schema)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Emulator scenario"
    for name, form in {ROOT: schema, **schema["$defs"]}.items():
        for key, meaning in MEANINGS.get(name, {}).items():
            if key in form["properties"]:
                form["properties"][key]["description"] = meaning
    return schema
