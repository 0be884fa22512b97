"""Which tables there are: those of the scenario, and those that came to be since."""

from __future__ import annotations

from typing import TypeAlias

from emulator.engine.store import FieldPath, View
from emulator.engine.transaction import Transaction
from emulator.model.scenario import Scenario
from emulator.values.convex import Value

BORN = "$tables"
"""The collection of tables that came to be, or got a primary key, while running."""

PrimaryKey: TypeAlias = tuple[FieldPath, ...]


def is_user_table(collection: str) -> bool:
    """Whether a collection is one of the app's tables; the system's begin with an underscore, ours with a dollar."""
    return collection[:1].isalpha()


def tables_of(scenario: Scenario, view: View) -> list[str]:
    """Return the names of all tables, those of lower numbers first."""
    born = (str(each["_id"]) for each in view.collection(BORN).documents(view.ts))
    names = dict.fromkeys([*scenario.tables, *born])
    return sorted(names, key=lambda name: view.numbers.get(name, 0))


def is_known(scenario: Scenario, transaction: Transaction, table: str) -> bool:
    """Whether a table is there."""
    return table in scenario.tables or transaction.read(BORN, table) is not None


def create_table(transaction: Transaction, table: str, primary_key: PrimaryKey | None = None) -> None:
    """Have a table there, with a primary key if one is given; a table that is there keeps what it has."""
    transaction.state.view.store.number_of(table)
    known = transaction.read(BORN, table)
    if known is not None and primary_key is None:
        return
    key: Value = None if primary_key is None else [list(path) for path in primary_key]
    transaction.write(BORN, table, {"_id": table, "primaryKey": key})


def primary_key_of(transaction: Transaction, table: str) -> PrimaryKey | None:
    """Return the field paths of a table's primary key, None where it has none."""
    document = transaction.read(BORN, table)
    paths = None if document is None else document["primaryKey"]
    if not isinstance(paths, list):
        return None
    return tuple(tuple(str(name) for name in path) for path in paths if isinstance(path, list))
