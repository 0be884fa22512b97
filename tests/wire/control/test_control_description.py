"""What the control API says of itself and of the emulator: its description, status, health, metrics."""

from __future__ import annotations

import re
from typing import Any, is_typeddict

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from emulator import __version__
from emulator.surfaces.control import answers, bodies, metrics, rows
from tests.support.control import PREFIX, Control

OPERATION = {
    "type": "object",
    "required": ["operationId", "summary", "responses"],
    "additionalProperties": False,
    "properties": {
        "operationId": {"type": "string", "pattern": "^[a-z_]+$"},
        "summary": {"type": "string", "pattern": r"^[A-Z].*\.$"},
        "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
        "requestBody": {
            "type": "object",
            "required": ["content"],
            "properties": {"required": {"type": "boolean"}, "content": {"$ref": "#/$defs/content"}},
            "additionalProperties": False,
        },
        "responses": {
            "type": "object",
            "required": ["200", "default"],
            "patternProperties": {
                r"^([1-5]\d\d|default)$": {
                    "type": "object",
                    "required": ["description"],
                    "properties": {"description": {"type": "string"}, "content": {"$ref": "#/$defs/content"}},
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        "security": {"const": [{"token": []}]},
    },
}
DESCRIPTION = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "additionalProperties": False,
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "paths": {
            "patternProperties": {
                f"^{PREFIX}/": {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"enum": ["get", "post", "put", "patch", "delete"]},
                    "additionalProperties": OPERATION,
                }
            },
            "additionalProperties": False,
        },
        "components": {
            "type": "object",
            "properties": {
                "schemas": {"additionalProperties": {"$ref": "https://json-schema.org/draft/2020-12/schema"}},
                "securitySchemes": {"const": {"token": {"type": "http", "scheme": "bearer"}}},
            },
            "additionalProperties": False,
        },
    },
    "$defs": {
        "parameter": {
            "type": "object",
            "required": ["name", "in", "schema"],
            "properties": {"in": {"enum": ["path", "query"]}, "required": {"type": "boolean"}},
            "if": {"properties": {"in": {"const": "path"}}},
            "then": {"required": ["required"], "properties": {"required": {"const": True}}},
        },
        "content": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": r"^[a-z]+/[a-z-]+$"},
            "additionalProperties": {"type": "object", "required": ["schema"], "additionalProperties": {}},
        },
    },
}


async def test_the_description_is_one_of_openapi(control: Control) -> None:
    described = await control.get("/openapi.json")

    Draft202012Validator(DESCRIPTION, registry=Registry()).validate(described)
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert described["info"]["version"] == __version__


async def test_every_reference_of_the_description_leads_somewhere(control: Control) -> None:
    described = await control.get("/openapi.json")
    resource = DRAFT202012.create_resource(described)
    resolver = Registry().with_resource("", resource).resolver()

    refs = list(_refs(described))
    assert refs
    for each in refs:
        resolver.lookup(each)


async def test_every_route_has_a_name_of_its_own_and_all_its_parameters(control: Control) -> None:
    described = await control.get("/openapi.json")
    names = []
    for path, operations in described["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            given = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            assert given == re.findall(r"{(\w+)}", path)
    assert len(set(names)) == len(names) >= 30
    assert {f"{PREFIX}/metrics", f"{PREFIX}/openapi.json", f"{PREFIX}/journal/follow"} <= described["paths"].keys()


async def test_every_answer_in_json_is_described_by_what_is_in_it(control: Control) -> None:
    described = await control.get("/openapi.json")
    schemas = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        for operation in operations.values():
            for response in operation["responses"].values():
                content = response["content"].get("application/json")
                if content is not None:
                    answer = schemas[content["schema"]["$ref"].rpartition("/")[2]]
                    assert answer["properties"], path
                    assert answer["description"], path
    assert schemas["SwitchedFault"]["required"] == ["name", "enabled"]
    assert schemas["LimitRow"]["properties"]["by"]["enum"] == ["identity", "session", "address", "everyone"]
    assert schemas["CallRow"]["properties"].keys() - set(schemas["CallRow"]["required"]) == {
        "detail",
        "explanation",
        "nearMisses",
    }
    assert "needs_token" in schemas["Error"]["properties"]["code"]["enum"]


def test_no_answer_is_called_as_a_body_is() -> None:
    bodies_ = {name for name, each in vars(bodies).items() if isinstance(each, type)}
    answers_ = {name for name, each in {**vars(answers), **vars(rows)}.items() if is_typeddict(each)}

    assert len(answers_) > 40
    assert bodies_ & answers_ == set()


def _refs(node: Any) -> Any:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from _refs(each)
    for each in node if isinstance(node, list) else ():
        yield from _refs(each)


async def test_the_health_says_that_it_answers(control: Control) -> None:
    assert await control.get("/health") == {
        "status": "ok",
        "version": __version__,
        "scenario": "default",
        "revision": 1,
    }


async def test_the_status_says_what_is_in_force(control: Control) -> None:
    await control.call("notes:add", {"text": "x"})

    status = await control.get("/status")

    assert status.pop("file").endswith("default.yaml")
    assert status.pop("clock") == await control.get("/clock")
    assert status == {
        **await control.get("/health"),
        "seed": 7,
        "problems": 0,
        "calls": 1,
        "faults": ["slow"],
        "tables": {"notes": 2},
    }


LINE = re.compile(r'[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\[\\n"])*"(,[a-z_]+="(?:[^"\\\n]|\\[\\n"])*")*\})? \d+')


async def metrics_of(control: Control) -> dict[str, int]:
    """Return every sample, having read the text as Prometheus does."""
    told = await control.ask("GET", "/metrics")
    assert told.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = told.body.decode()
    assert text.endswith("\n")
    found: dict[str, int] = {}
    typed: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.fullmatch(r"# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge))", line), line
            if line.startswith("# TYPE"):
                typed.add(line.split()[2])
            continue
        assert LINE.fullmatch(line), line
        name, _, value = line.rpartition(" ")
        assert name.partition("{")[0] in typed, line
        assert name not in found
        found[name] = int(value)
    return found


def calls(operation: str, outcome: str) -> str:
    return f'emulator_calls_total{{operation="{operation}",outcome="{outcome}"}}'


async def test_metrics_count_every_call_those_before_the_first_look_too(control: Control) -> None:
    await control.call("notes:list")
    assert (await metrics_of(control))[calls("notes:list", "returned")] == 1
    await control.call("notes:list")
    await control.call("notes:throws")

    found = await metrics_of(control)

    assert found == {
        calls("notes:list", "returned"): 2,
        calls("notes:throws", "threw"): 1,
        'emulator_revision{scenario="default"}': 1,
        "emulator_journal_entries": 3,
    }
    await control.send("DELETE", "/journal")
    assert (await metrics_of(control))[calls("notes:list", "returned")] == 2


async def test_metrics_have_as_many_labels_as_the_scenario_and_no_more(control: Control) -> None:
    await control.get("/health")
    for number in range(50):
        await control.call(f"no:such{number}")

    assert (await metrics_of(control))[calls("other", "unscripted")] == 50


async def test_metrics_are_bounded_even_when_scenarios_come_and_go(control: Control) -> None:
    await control.get("/health")
    counted = metrics.Metrics(control.emulator)
    counted._operations = {f"a:{number}" for number in range(metrics.MAX_OPERATIONS)}
    await control.call("notes:list")

    assert 'operation="other",outcome="returned"' in counted.text()


def test_labels_are_escaped() -> None:
    assert metrics._labels({"a": 'x"y\\z\n'}) == '{a="x\\"y\\\\z\\n"}'
