"""Tables, state variables and the timeline: what a scenario begins with, and what comes by itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from math import isfinite
from typing import Any

from emulator.expressions.compile import Text
from emulator.model.computed import TABLE_NAMES, TIMELINE_NAMES, Computed
from emulator.model.constant import Constant
from emulator.model.place import Place
from emulator.model.scenario import TimelineStep
from emulator.model.table import Seed, Table
from emulator.scenario.link_effects import EffectReader
from emulator.scenario.link_validators import read_object
from emulator.scenario.link_values import ValueReader, can_be_mapping, kind_of_value
from emulator.scenario.tree import Mapping, Sequence, Tree, place_at, shown
from emulator.scenario.uses import Kind
from emulator.scenario.written_scenario import TableForm, TimelineForm
from emulator.values.convex import InvalidValueError, Value, check_identifier
from emulator.values.ids import FIRST_USER_TABLE, InvalidIdError, decode_id, encode_id
from emulator.values.validators.check import fault_of
from emulator.values.validators.coerce import coerced
from emulator.values.validators.types import ObjectOf, Validator

_SYSTEM_FIELDS = ("_id", "_creationTime")
_PATH = re.compile(r"^Path: (.*)$", re.MULTILINE)
_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]")
_EXTRA = re.compile(r"contains extra field `(.*)` that")


class TableReader:
    """Reads all tables of a scenario; what is wrong with them goes to the reader of values."""

    def __init__(self, values: ValueReader, names: Iterable[str]) -> None:
        """Read values with `values`; `names` are those of all tables, in the order of the file."""
        self._values = values
        self._numbers = {name: FIRST_USER_TABLE + place for place, name in enumerate(names)}

    def table(self, name: str, form: TableForm, node: Mapping, place: Place) -> Table:
        """Link a table whose form is sound."""
        try:
            check_identifier(name, "a table's name")
        except InvalidValueError as error:
            self._values.note(place, "bad-table-name", str(error))
        validator = None
        if form.fields is not None:
            validator = read_object(node["fields"], node.value_place("fields"), self._values)
            self._check_names(validator, node)
        seeds = []
        documents = node.get("documents")
        for index, document in enumerate(documents if isinstance(documents, Sequence) else ()):
            assert isinstance(documents, Sequence)
            seeds.append(self._seed(name, document, documents.item_place(index), validator, 1))
        if (form.count is None) != ("document" not in node):
            missing, other = ("document", "count") if form.count is not None else ("count", "document")
            hint = "write how many with count, and what with document; or list them as documents"
            self._values.note(node.key_place(other), "missing-key", f"{other} stands without {missing}", hint=hint)
        elif form.count:
            seeds.append(self._seed(name, node["document"], node.value_place("document"), validator, form.count))
        return Table(name, tuple(seeds), place, validator)

    def _check_names(self, validator: Validator | None, node: Mapping) -> None:
        for name, _ in validator.fields if isinstance(validator, ObjectOf) else ():
            if name.startswith("_"):
                message = f"{name}: fields that start with _ are the system's"
                written = node["fields"]
                key = name if isinstance(written, Mapping) and name in written else f"{name}?"
                at = place_at(node, ("fields", key), of_key=True)
                self._values.note(at, "bad-validator", message, hint="every document has _id and _creationTime anyway")

    def _seed(self, table: str, tree: Tree, place: Place, validator: Validator | None, count: int) -> Seed:
        before = len(self._values.uses)
        written = self._values.written(tree, place)
        for use in self._values.uses[before:]:
            if use.kind is Kind.TABLE and self._numbers.get(use.name or "", 0) >= self._numbers[table]:
                is_own = use.name == table
                message = f"{use.name} has no documents {'while it gets its own' if is_own else 'yet'}"
                hint = "use index to tell its documents apart" if is_own else f"move {table} behind {use.name}"
                self._values.note(use.place, "table-order", message, hint=hint)
        if not can_be_mapping(written):
            message = f"a document of {table}: {kind_of_value(written, tree)}"
            self._values.note(place, "wrong-type", message, "a mapping, or an expression that gives one")
            return Seed(Constant({}), place, count)
        document = written.tree if isinstance(written, Computed) else written.value
        if isinstance(tree, Mapping) and isinstance(document, dict):
            self._check_system_fields(table, document, tree)
        if not isinstance(written, Constant) or not isinstance(document, dict):
            return Seed(written, place, count)
        own = {name: value for name, value in document.items() if name not in _SYSTEM_FIELDS}
        if validator is not None:
            own = coerced(validator, own)
            self._check_fields(table, validator, own, tree, place)
        system = {name: document[name] for name in _SYSTEM_FIELDS if name in document}
        return Seed(Constant({**system, **own}), place, count)

    def _check_fields(self, table: str, validator: Validator, own: Value, tree: Tree, place: Place) -> None:
        fault = fault_of(validator, own, self._table_of)
        if fault is None:
            return
        told, *more = fault.split("\n")
        path, extra = _PATH.search(fault), _EXTRA.search(told)
        steps = [name or int(index) for name, index in _STEP.findall(path[1])] if path else []
        steps += [extra[1]] if extra else []
        at = place_at(tree, tuple(steps), of_key=bool(extra)) if steps and isinstance(tree, Mapping) else place
        wanted = (each.removeprefix("Validator: ") for each in more if each.startswith("Validator: "))
        expected = None if told.startswith("Object ") else next(wanted, None)
        message = f"the document does not fit the fields of {table}: {told.partition('. ')[0]}"
        self._values.note(at, "bad-document", message, expected)

    def _check_system_fields(self, table: str, document: dict[str, Any], tree: Mapping) -> None:
        """Check what is known of the fields that the system gives; expressions are computed later."""
        for name in document:
            if name.startswith("_") and name not in _SYSTEM_FIELDS:
                message = f"{name}: fields that start with _ are the system's"
                self._values.note(tree.key_place(name), "bad-document", message, "_id and _creationTime at most")
        number = self._numbers[table]
        key, created = document.get("_id", ""), document.get("_creationTime", 0.0)
        if "_id" in document and not isinstance(key, Text):
            try:
                is_ours = isinstance(key, str) and decode_id(key)[0] == number
            except InvalidIdError:
                is_ours = False
            if not is_ours:
                hint = f"remove it, or write one such as {encode_id(number, bytes(range(16)))}"
                self._values.note(
                    tree.value_place("_id"), "bad-document", f"_id: {shown(tree['_id'])} is no id of {table}", hint=hint
                )
        if not isinstance(created, Text) and not (isinstance(created, float) and isfinite(created)):
            message = f"_creationTime: {shown(tree['_creationTime'])}"
            hint = "write ${date('2024-02-08T12:00:00Z')}"
            at = tree.value_place("_creationTime")
            self._values.note(at, "bad-document", message, "milliseconds since 1970", hint)

    def _table_of(self, number: int) -> str | None:
        return next((name for name, each in self._numbers.items() if each == number), None)


def link_tables(forms: AnyMapping[str, TableForm], nodes: object, values: ValueReader) -> dict[str, Table]:
    """Link all tables."""
    if not isinstance(nodes, Mapping):
        return {}
    values.names = TABLE_NAMES
    reader = TableReader(values, forms)
    tables = {}
    for entry in nodes.entries():
        node = entry.value
        assert isinstance(node, Mapping)
        tables[entry.key] = reader.table(entry.key, forms[entry.key], node, entry.key_place)
    return tables


def link_timeline(forms: Iterable[TimelineForm], nodes: object, values: ValueReader) -> tuple[TimelineStep, ...]:
    """Link the timeline, in the order of time."""
    steps = []
    seen: dict[str, int] = {}
    for index, form in enumerate(forms):
        assert isinstance(nodes, Sequence)
        node = nodes[index]
        assert isinstance(node, Mapping)
        values.names = TIMELINE_NAMES
        effects = EffectReader(values).effects(form.do, node["do"])
        name = hashlib.blake2b(repr(node).encode(), digest_size=8).hexdigest()
        number = seen.get(name, 0)
        seen[name] = number + 1
        steps.append(TimelineStep(form.at, effects, nodes.item_place(index), f"timeline\0{name}.{number}"))
    return tuple(sorted(steps, key=lambda step: step.at))
