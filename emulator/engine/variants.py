"""Which variant of a function answers a call: its client's choice, else its user's, else everybody's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from emulator.engine.call import Call, Choice, acting_user
from emulator.engine.state import State
from emulator.engine.transaction import EffectError, Read, Transaction
from emulator.model.function import Function
from emulator.model.overlay import is_on
from emulator.values.convex import Value
from emulator.values.paths import InvalidPathError, parse_path

VARIANTS = "$variants"
MAX_CHOICES = 1_000
_LONGEST = 8_000
_KEY = "chosen"
CHOICES = Read(VARIANTS, _KEY)
"""What a decision depends on that may be another one when another variant is chosen."""


@lru_cache(maxsize=256)
def read_choices(text: str) -> tuple[Choice, ...]:
    """Return what a text chooses, such as ``messages:list=empty; users:me=error``; what is none has no variant."""
    choices = []
    for part in re.split("[;,]", text[:_LONGEST]):
        operation, _, variant = part.rpartition("=") if "=" in part else (part, "", "")
        if operation.strip() or variant.strip():
            choices.append(Choice(public_path(operation.strip()), variant.strip()))
    return tuple(choices[:MAX_CHOICES])


def public_path(operation: str) -> str:
    """Return the public spelling of an operation; patterns, and what is no path, stay as they are."""
    try:
        return operation if "*" in operation or " " in operation else parse_path(operation).public
    except InvalidPathError:
        return operation


def is_free(state: State, call: Call) -> bool:
    """Whether nobody chose anything that could concern a call; quick, for all calls ask."""
    if call.uses:
        return False
    return VARIANTS not in state.view.store.collections or state.view.read(VARIANTS, _KEY) is None


def chosen(call: Call, function: Function, transaction: Transaction) -> str | None:
    """Return the name of the variant that answers a call, None for its ordinary answers."""
    own = _fitting(call.uses, call.operation, function)
    if own is not None:
        return own
    choices = choices_of(transaction)
    user = acting_user(call.caller)
    if user is not None and user.name is not None:
        of_user = _fitting((each for each in choices if each.identity == user.name), call.operation, function)
        if of_user is not None:
            return of_user
    return _fitting((each for each in choices if each.identity is None), call.operation, function)


def choices_of(transaction: Transaction) -> list[Choice]:
    """Return what is chosen, the oldest first."""
    document = transaction.read(VARIANTS, _KEY)
    rows = [] if document is None else document["choices"]
    assert isinstance(rows, list)
    return [_choice(each) for each in rows]


def choose(transaction: Transaction, choice: Choice) -> None:
    """Choose a variant, in place of what was chosen for the same operation and the same user."""
    others = [each for each in choices_of(transaction) if each[::2] != choice[::2]]
    if len(others) >= MAX_CHOICES:
        raise EffectError(f"{MAX_CHOICES} variants are chosen, and more cannot be")
    _write(transaction, [*others, choice])


def unchoose(transaction: Transaction, operation: str | None = None, identity: str | None = None) -> None:
    """Choose nothing any more: for an operation, spelled as it was chosen, for a user, or at all."""
    kept = [
        each
        for each in choices_of(transaction)
        if (operation is not None and each.operation != operation)
        or (identity is not None and each.identity != identity)
    ]
    _write(transaction, kept)


def _write(transaction: Transaction, choices: Sequence[Choice]) -> None:
    rows: list[Value] = [{**each._asdict()} for each in choices]
    transaction.write(VARIANTS, _KEY, {"_id": _KEY, "choices": rows} if rows else None)


def _choice(row: Value) -> Choice:
    assert isinstance(row, dict)
    identity = row["identity"]
    return Choice(str(row["operation"]), str(row["variant"]), None if identity is None else str(identity))


def _fitting(choices: Iterable[Choice], operation: str, function: Function) -> str | None:
    """Return the variant that is chosen for an operation: by its name, else by a pattern, the last said."""
    exact = loose = None
    for each in choices:
        if each.variant not in function.variant_names:
            continue
        if each.operation == operation:
            exact = each.variant
        elif "*" in each.operation and is_on((each.operation,), operation):
            loose = each.variant
    return exact or loose
