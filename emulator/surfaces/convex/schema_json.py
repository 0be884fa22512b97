"""The schema of a deployment as JSON; pure (contract convex §15.3)."""

from __future__ import annotations

from emulator.engine.tables import primary_key_of
from emulator.engine.transaction import Transaction
from emulator.model.scenario import Scenario
from emulator.values.formats import Json
from emulator.values.validators.json_form import write_validator


def write_schema(scenario: Scenario, reading: Transaction) -> Json:
    """Return the tables whose `fields` the scenario declares; None where it declares those of none."""
    tables: list[Json] = []
    for table in scenario.tables.values():
        if table.validator is None:
            continue
        key = primary_key_of(reading, table.name)
        fields: list[Json] = [".".join(path) for path in key or ()]
        index: Json = {"indexDescriptor": "by_primary_key", "fields": [*fields, "_creationTime"]}
        tables.append(
            {
                "tableName": table.name,
                "indexes": [] if key is None else [index],
                "stagedDbIndexes": [],
                "searchIndexes": [],
                "stagedSearchIndexes": [],
                "vectorIndexes": [],
                "stagedVectorIndexes": [],
                "documentType": write_validator(table.validator),
            }
        )
    return {"tables": tables, "schemaValidation": True} if tables else None
