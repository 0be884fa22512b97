"""Rows that come from elsewhere, written into tables by their primary keys (contract convex §10)."""

from __future__ import annotations

from emulator.engine.documents import checked, own_fields
from emulator.engine.store import Document, FieldPath, index_key, value_at
from emulator.engine.tables import PrimaryKey, create_table, is_known
from emulator.engine.transaction import Transaction
from emulator.model.scenario import Scenario
from emulator.values.convex import Value, is_same

MAX_WRITES = 1_000_000
"""How many documents one request may write; what it may be long bounds it before."""


class MissingKeyError(ValueError):
    """A row that has nothing at a field of its primary key."""

    def __init__(self, path: FieldPath) -> None:
        """Name the field."""
        super().__init__(f"there is no value at {'.'.join(path)}")
        self.path = path


class Import:
    """Writes rows into tables, within one transaction."""

    def __init__(self, transaction: Transaction, scenario: Scenario) -> None:
        """Write as `scenario` has tables; other tables come to be."""
        self._transaction = transaction
        self._scenario = scenario
        self._filed: dict[tuple[str, PrimaryKey, object], list[str]] = {}
        self._known: set[str] = set()

    def insert(self, table: str, row: Document) -> None:
        """Append a row; raise EffectError where the table does not take it."""
        self._open(table)
        self._transaction.insert(table, checked(table, row, self._scenario, self._transaction))

    def put(self, table: str, row: Document, primary_key: PrimaryKey) -> None:
        """Replace the row of the same primary key, or append one; raise EffectError or MissingKeyError."""
        found = self.find(table, row, primary_key)
        if found is not None:
            self.replace(table, found, row)
            return
        self._open(table)
        key = self._transaction.insert(table, checked(table, row, self._scenario, self._transaction))
        self._filed.setdefault((table, primary_key, _place(_key_of(row, primary_key))), []).append(key)

    def delete(self, table: str, row: Document, primary_key: PrimaryKey) -> None:
        """Delete the row of the same primary key, if there is one; raise MissingKeyError."""
        found = self.find(table, row, primary_key)
        if found is not None:
            self.drop(table, found)

    def documents(self, table: str) -> list[Document]:
        """Return all documents of a table; the list must not be changed."""
        return self._transaction.documents(table)

    def drop(self, table: str, document: Document) -> None:
        """Delete a document."""
        self._transaction.write(table, str(document["_id"]), None)

    def replace(self, table: str, old: Document, row: Document) -> None:
        """Put a row in another's place; raise EffectError where the table does not take it."""
        new = checked(table, own_fields(row), self._scenario, self._transaction)
        key = str(old["_id"])
        self._transaction.write(table, key, {**new, "_creationTime": old["_creationTime"], "_id": key})

    def find(self, table: str, row: Document, primary_key: PrimaryKey) -> Document | None:
        """Return the document that has the primary key of a row, this import's own among them."""
        wanted = _key_of(row, primary_key)
        place = _place(wanted)
        base = self._transaction.state.view.collection(table).filed(primary_key, place)
        for key in (*base, *self._filed.get((table, primary_key, place), ())):
            document = self._transaction.read(table, key)
            if document is not None and _is_at(document, primary_key, wanted):
                return document
        return None

    def _open(self, table: str) -> None:
        """Have a table there."""
        if table not in self._known:
            self._known.add(table)
            if not is_known(self._scenario, self._transaction, table):
                create_table(self._transaction, table)


def _key_of(row: Document, primary_key: PrimaryKey) -> list[Value]:
    values = []
    for path in primary_key:
        is_there, value = value_at(row, path)
        if not is_there:
            raise MissingKeyError(path)
        values.append(value)
    return values


def _place(values: list[Value]) -> object:
    """Return where an index of the primary key files these values."""
    return tuple(map(index_key, values))


def _is_at(document: Document, primary_key: PrimaryKey, wanted: list[Value]) -> bool:
    found = (value_at(document, path) for path in primary_key)
    return all(is_there and is_same(value, each) for (is_there, value), each in zip(found, wanted, strict=True))
