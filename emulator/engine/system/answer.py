"""The answers of system queries; imported with the first that is asked for, which most runs never do."""

from __future__ import annotations

from emulator.engine.call import Call
from emulator.engine.plan import Ending, Rejected, Returned
from emulator.engine.read import QueryRefusedError
from emulator.engine.system import deployment, functions, tables
from emulator.engine.system.query import Asked, SystemQuery
from emulator.engine.transaction import Transaction
from emulator.model.constant import Constant
from emulator.model.function import FunctionType
from emulator.model.scenario import Scenario
from emulator.values.convex import InvalidValueError
from emulator.values.paths import parse_path
from emulator.values.validators.check import fault_of

QUERIES: dict[str, SystemQuery] = {**tables.QUERIES, **functions.QUERIES, **deployment.QUERIES}


def answer_system(call: Call, scenario: Scenario, transaction: Transaction) -> Ending | None:
    """Return what a system query ends with, None where there is none of that path."""
    query = QUERIES.get(call.operation)
    if query is None:
        return None
    if call.type is not None and call.type is not FunctionType.QUERY:
        path = parse_path(call.operation).canonical
        return Rejected(f"Trying to execute {path} as {call.type.value}, but it is defined as Query.")
    if call.fault is not None:
        return Rejected(call.fault)
    fault = fault_of(query.args, call.args, transaction.table_of)
    if fault is not None:
        return Rejected(f"ArgumentValidationError: {fault}")
    try:
        return Returned(Constant(query.answer(Asked(scenario, transaction, call))))
    except (QueryRefusedError, InvalidValueError) as error:
        return Rejected(str(error))
