"""Documents as tables take them: their names, their sizes, and the table's validator (contract convex §2.2, §16)."""

from __future__ import annotations

from emulator.engine.store import Document
from emulator.engine.transaction import EffectError, Transaction
from emulator.engine.validation import coerced, fault_of
from emulator.model.scenario import Scenario
from emulator.values.convex import check_field_count

SYSTEM_FIELDS = frozenset({"_id", "_creationTime"})


def checked(table: str, document: Document, scenario: Scenario, transaction: Transaction) -> Document:
    """Return a document without system fields as its table takes it; raise EffectError where it does not.

    Whole numbers become Int64 where the table wants those.
    """
    odd = next((name for name in document if name.startswith("_")), None)
    if odd is not None:
        raise EffectError(
            f"Field '{odd}' starts with an underscore, which is only allowed for system fields like '_id'"
        )
    check_field_count(len(document))
    validator = scenario.tables[table].validator if table in scenario.tables else None
    if validator is None:
        return document
    document = coerced(validator, document)
    fault = fault_of(validator, document, transaction.table_of)
    if fault is not None:
        raise EffectError(
            f'Failed to insert or update a document in table "{table}" because it does not match the schema: {fault}'
        )
    return document


def own_fields(document: Document) -> Document:
    """Return a document without its system fields."""
    return {name: value for name, value in document.items() if name not in SYSTEM_FIELDS}
