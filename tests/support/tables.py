"""What is in the tables of an emulator, and calls that change it."""

from __future__ import annotations

from emulator.engine.plan import Rejected, Threw, Uncomputable
from emulator.engine.store import Document
from emulator.engine.transaction import VARIABLES
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Value
from tests.support.engine import MUTATION, call, ending_of, value_of


def documents(emulator: Emulator, table: str) -> list[Document]:
    """Return the documents of a table by creation."""
    view = emulator.state.view
    return list(view.collection(table).documents(view.ts))


def fields(emulator: Emulator, table: str, name: str) -> list[Value]:
    """Return one field of every document of a table, by creation."""
    return [each.get(name, "nothing") for each in documents(emulator, table)]


def variables(emulator: Emulator) -> dict[str, Value]:
    """Return the variables of the scenario's state."""
    return {str(each["_id"]): each["value"] for each in documents(emulator, VARIABLES)}


def change(emulator: Emulator, operation: str, args: dict[str, Value] | None = None) -> Value:
    """Call a mutation that must return, and return its value."""
    return value_of(call(emulator, operation, args, MUTATION))


def refusal(emulator: Emulator, operation: str, args: dict[str, Value] | None = None) -> str:
    """Call a mutation that must not return, and return what it says."""
    ending = ending_of(call(emulator, operation, args, MUTATION))
    match ending:
        case Uncomputable(_, reason):
            return reason
        case Rejected(message) | Threw(message):
            return message
        case _:
            raise AssertionError(ending)
