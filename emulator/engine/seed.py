"""How a scenario's state begins: the first documents of its tables, and its variables."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import isfinite
from typing import Any

from emulator.engine.call import Call
from emulator.engine.documents import SYSTEM_FIELDS, checked, own_fields
from emulator.engine.environment import ENVIRONMENT, variables, write_variable
from emulator.engine.gateway.seed import seed_gateway
from emulator.engine.overlay import FAULTS
from emulator.engine.remembered import Made, Remembered, is_memorable, is_of_its_time
from emulator.engine.state import State
from emulator.engine.store import Document, Write
from emulator.engine.surroundings import Surroundings, UncomputableError
from emulator.engine.transaction import CLOCK, VARIABLES, EffectError, Transaction
from emulator.model.computed import Computed
from emulator.model.scenario import Scenario
from emulator.model.table import Seed, Table
from emulator.values.convex import InvalidValueError, Value, is_identical
from emulator.values.display import spell
from emulator.values.durations import MILLISECOND
from emulator.values.ids import InvalidIdError, decode_id

MAX_DOCUMENTS = 1_000_000
_SEEDED = frozenset({VARIABLES, ENVIRONMENT})
_NOBODY = Call("", None, {})


def seed(
    scenario: Scenario,
    state: State,
    now: int,
    before: Scenario | None = None,
    remembered: Remembered | None = None,
) -> tuple[Write, ...]:
    """Return what puts a scenario's tables and variables at their beginning; with `before` only where it changed.

    What of `remembered`, which is the scenario's, is still right, is not made anew where everything begins.
    Raises UncomputableError at the seed that has no value or does not fit its table.
    """
    if before is not None and (before.name, before.seed, before.locale) != (
        scenario.name,
        scenario.seed,
        scenario.locale,
    ):
        before = None
    transaction = Transaction(state, now, scenario.seed, MAX_DOCUMENTS)
    number_of = state.view.store.number_of
    for name in scenario.tables:
        number_of(name)
    _seed_variables(scenario, transaction, before)
    _seed_environment(scenario, transaction, before)
    known = {} if before is None else before.tables
    for name in [*known, *state.view.store.collections] if before is None else known:
        if name not in scenario.tables and name not in _SEEDED:
            transaction.clear(name)
    is_right = before is None and all(is_memorable(each) for table in scenario.tables.values() for each in table.seeds)
    known_documents = remembered if remembered is not None and is_right else Remembered()
    known_documents.begin(state.view.numbers)
    changed: set[str] = set()
    for table in scenario.tables.values():
        if before is None or _has_changed(table, scenario, before, changed):
            changed.add(table.name)
            transaction.clear(table.name)
            _seed_table(table, scenario, transaction, known_documents)
    _forget_switches(scenario, before, transaction)
    seed_gateway(scenario.gateway, None if before is None else before.gateway, transaction)
    return transaction.writes


def _forget_switches(scenario: Scenario, before: Scenario | None, transaction: Transaction) -> None:
    """Have faults that are defined otherwise be as the scenario has them."""
    old = set() if before is None else set(before.faults)
    for document in transaction.documents(FAULTS):
        if all(each.name != document["_id"] for each in old & set(scenario.faults)):
            transaction.write(FAULTS, str(document["_id"]), None)


def _seed_variables(scenario: Scenario, transaction: Transaction, before: Scenario | None) -> None:
    present = transaction.variables()
    for name in present:
        if name not in scenario.state:
            transaction.write(VARIABLES, name, None)
    for name, value in scenario.state.items():
        if before is None or name not in present or before.state.get(name) != value:
            transaction.assign(name, value.value)


def _seed_environment(scenario: Scenario, transaction: Transaction, before: Scenario | None) -> None:
    """Set what the scenario says anew; what was set from outside stays, unless everything begins anew."""
    old = variables(transaction) if before is None else before.deployment.env
    new = scenario.deployment.env
    for name in old:
        if name not in new:
            write_variable(transaction, name, None)
    for name, value in new.items():
        if before is None or before.deployment.env.get(name) != value:
            write_variable(transaction, name, value)


def _has_changed(table: Table, scenario: Scenario, before: Scenario, changed: Collection[str]) -> bool:
    """Whether a table's first documents are others than before; `changed` names the earlier tables with others."""
    old = before.tables.get(table.name)
    if old is None or old.seeds != table.seeds:
        return True
    computed = [each.document for each in table.seeds if isinstance(each.document, Computed)]
    return any(
        _is_other(access.name, access.key, scenario, before) or (access.name == "tables" and access.key in changed)
        for each in computed
        for access in each.compiled.accesses
    )


def _is_other(section: str, key: str | None, scenario: Scenario, before: Scenario) -> bool:
    """Whether a constant or a variable, or with no key any of them, begins otherwise than before."""
    if section == "vars":
        new, old = dict(scenario.vars), dict(before.vars)
        return not (is_identical(new, old) if key is None else is_identical(new.get(key), old.get(key)))
    if section == "state":
        began, had = dict(scenario.state), dict(before.state)
        return began != had if key is None else began.get(key) != had.get(key)
    return False


def _tables_before(table: Table, scenario: Scenario) -> Iterator[Table]:
    for other in scenario.tables.values():
        if other is table:
            return
        yield other


def _seed_table(table: Table, scenario: Scenario, transaction: Transaction, remembered: Remembered) -> None:
    total = sum(each.count for each in table.seeds)
    oldest = transaction.now / MILLISECOND - total
    tables: dict[str, Any] = {
        other.name: transaction.documents(other.name) for other in _tables_before(table, scenario)
    }
    number = 0
    for place, each in enumerate(table.seeds):
        for index in range(each.count):
            stream = f"table\0{table.name}\0{place}\0{index}"
            made = remembered.recall(stream, transaction.now)
            if made is None:
                at = Surroundings(scenario, _NOBODY, 0, transaction, stream)
                at.names.update({"index": float(index), "tables": tables})
                made = _make(table, each, at)
                remembered.keep(stream, made)
            _plant(table, each, made, transaction, oldest + number)
            number += 1


def _make(table: Table, each: Seed, at: Surroundings) -> Made:
    """Return a first document; noted by whoever reads the clock, it is the same only at the same time."""
    reads = at.transaction.reads
    reads.discard(CLOCK)
    try:
        written = _mapping(at.value(each.document))
        document = checked(table.name, own_fields(written), at.scenario, at.transaction)
    except (EffectError, InvalidValueError) as error:
        raise UncomputableError(each.place, str(error)) from error
    system: Document = {name: written[name] for name in sorted(SYSTEM_FIELDS & written.keys())}
    is_timeless = CLOCK not in reads and not is_of_its_time(each)
    return Made(document, system, None if is_timeless else at.transaction.now)


def _plant(table: Table, each: Seed, made: Made, transaction: Transaction, created: float) -> None:
    try:
        _check_system_fields(table.name, made.system, transaction)
        transaction.insert(table.name, {"_creationTime": created, **made.system, **made.document})
    except (EffectError, InvalidValueError) as error:
        raise UncomputableError(each.place, str(error)) from error


def _mapping(written: Value) -> Document:
    if not isinstance(written, dict):
        raise EffectError(f"a document is a mapping, not {spell(written)}")
    return written


def _check_system_fields(table: str, system: Document, transaction: Transaction) -> None:
    """Refuse an id that is none of the table, one that is taken, and a time of creation that is no number."""
    key, created = system.get("_id"), system.get("_creationTime", 0.0)
    if "_id" in system:
        try:
            is_ours = isinstance(key, str) and decode_id(key)[0] == transaction.table_number(table)
        except InvalidIdError:
            is_ours = False
        if not is_ours:
            raise EffectError(f"_id: {spell(key)} is no id of {table}")
        if transaction.read(table, str(key)) is not None:
            raise EffectError(f"_id: there is a document with the id {spell(key)} already")
    if not isinstance(created, float) or not isfinite(created):
        raise EffectError(f"_creationTime: {spell(created)} is no number of milliseconds since 1970")
