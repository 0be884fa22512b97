"""System queries about tables and their documents."""

from __future__ import annotations

import json

from emulator.engine.page import query_mark, write_cursor
from emulator.engine.read import read
from emulator.engine.system.query import PAGINATION, Asked, takes
from emulator.engine.tables import BORN, tables_of
from emulator.engine.transaction import Read
from emulator.model.place import Place
from emulator.model.query import Shape, TableQuery
from emulator.model.scenario import Scenario
from emulator.values.convex import Value
from emulator.values.formats import Json
from emulator.values.ids import STORAGE
from emulator.values.validators.json_form import write_validator
from emulator.values.validators.types import AnyType

_NOWHERE = Place("", 0, 0)


def _names(asked: Asked) -> list[str]:
    asked.transaction.reads.add(Read(BORN))
    return tables_of(asked.scenario, asked.transaction.state.view)


def _tables(asked: Asked) -> Value:
    page: list[Value] = [{"name": each} for each in _names(asked)]
    return {"continueCursor": write_cursor(query_mark("tables"), None), "isDone": True, "page": page}


def _table_data(asked: Asked) -> Value:
    table, order = asked.args["table"], asked.args["order"]
    assert isinstance(table, str)
    if table != STORAGE and table not in _names(asked):
        mark = query_mark(["no table", table])
        return {"continueCursor": write_cursor(mark, None), "isDone": True, "page": []}
    query = TableQuery(table, _NOWHERE, Shape.PAGE, descending=order == "desc")
    return read(query, asked.surroundings)


def _table_size(asked: Asked) -> Value:
    table = str(asked.args["tableName"])
    return float(len(asked.transaction.documents(table))) if table in _names(asked) else 0.0


def _schemas(asked: Asked) -> Value:
    return {"active": json.dumps(schema(asked.scenario))} if _has_schema(asked.scenario) else {}


def schema(scenario: Scenario) -> Json:
    """Return schema JSON of the tables whose documents are checked (contract convex §15.3)."""
    none: list[Json] = []
    tables: list[Json] = [
        {
            "tableName": table.name,
            "indexes": none,
            "stagedDbIndexes": none,
            "searchIndexes": none,
            "stagedSearchIndexes": none,
            "vectorIndexes": none,
            "stagedVectorIndexes": none,
            "documentType": write_validator(table.validator or AnyType()),
        }
        for table in scenario.tables.values()
    ]
    return {"tables": tables, "schemaValidation": True}


def _has_schema(scenario: Scenario) -> bool:
    return any(each.validator is not None for each in scenario.tables.values())


QUERIES = {
    "_system/cli/tables": takes(f"{{paginationOpts: {PAGINATION}}}", _tables),
    "_system/cli/tableData": takes(
        f'{{table: string, order: "asc" | "desc", paginationOpts: {PAGINATION}}}', _table_data
    ),
    "_system/cli/tableSize": takes("{tableName: string, componentId: (string | null)?}", _table_size),
    "_system/frontend/getSchemas": takes("{componentId: (string | null)?}", _schemas),
}
