"""The environment variables of a deployment: set from outside, read by functions (contract convex §13)."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.engine.transaction import Transaction
from emulator.values.variables import CLOUD_URL, MAX_VARIABLES, SITE_URL, VariableRefusedError, check_variable

ENVIRONMENT = "$environment"


def variables(transaction: Transaction) -> dict[str, str]:
    """Return the variables that were set, by their names."""
    found = {str(each["_id"]): str(each["value"]) for each in transaction.scan(ENVIRONMENT)}
    return dict(sorted(found.items()))


def surrounding(transaction: Transaction) -> dict[str, str]:
    """Return what functions see: what was set, and where the deployment is."""
    origins = transaction.state.origins
    return {CLOUD_URL: origins.api, SITE_URL: origins.site, **variables(transaction)}


def change(transaction: Transaction, changes: Mapping[str, str | None]) -> None:
    """Set variables, and remove those that are None; raise VariableRefusedError, having changed nothing that counts."""
    present = variables(transaction)
    for name, value in changes.items():
        check_variable(name, value)
        if value is None:
            present.pop(name, None)
        else:
            present[name] = value
    if len(present) > MAX_VARIABLES:
        raise VariableRefusedError("EnvVarLimitMet", f"The environment variable limit ({MAX_VARIABLES}) has been met.")
    for name, value in changes.items():
        write_variable(transaction, name, value)


def write_variable(transaction: Transaction, name: str, value: str | None) -> None:
    """Set a variable that was checked, or remove it."""
    before = transaction.read(ENVIRONMENT, name)
    if value is None and before is not None:
        transaction.write(ENVIRONMENT, name, None)
    elif value is not None and (before is None or before["value"] != value):
        transaction.write(ENVIRONMENT, name, {"_id": name, "value": value})
