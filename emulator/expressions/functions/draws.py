"""Functions that draw: the same stream draws the same again."""

from __future__ import annotations

from uuid import UUID

from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError
from emulator.expressions.functions.arguments import Value, need_list, need_number, need_text
from emulator.expressions.functions.table import function_in_context
from emulator.expressions.operators import whole
from emulator.values.ids import INTERNAL_ID_BYTES, encode_id


@function_in_context
def uuid(context: Context) -> str:
    """Return a drawn UUID, version 4."""
    return str(UUID(int=context.draws.getrandbits(128), version=4))


@function_in_context
def id_(context: Context, table: str) -> str:
    """Return a drawn document id of a table: ``id("users")``."""
    return encode_id(context.table_number(need_text(table)), context.draws.randbytes(INTERNAL_ID_BYTES))


@function_in_context
def pick(context: Context, items: list[Value]) -> Value:
    """Return a drawn item of a list."""
    if not need_list(items):
        raise EvaluationError("nothing can be picked of an empty list")
    return items[int(context.draws.random() * len(items))]


@function_in_context
def shuffle(context: Context, items: list[Value]) -> list[Value]:
    """Return the items of a list in a drawn order."""
    keyed = [(context.draws.random(), number) for number in range(len(need_list(items)))]
    return [items[number] for _, number in sorted(keyed)]


@function_in_context
def random__float(context: Context, low: Value = 0, high: Value = 1) -> float:
    """Return a drawn number from `low` up to `high`, 0 and 1 if not said."""
    return float(need_number(low) + context.draws.random() * (need_number(high) - low))


@function_in_context
def random__int(context: Context, low: Value, high: Value) -> int:
    """Return a drawn whole number from `low` to `high`, both included."""
    start, end = whole(low, "the lower bound"), whole(high, "the upper bound")
    return start + int(context.draws.random() * (end - start + 1))


@function_in_context
def random__bool(context: Context, chance: Value = 0.5) -> bool:
    """Return true with this chance, one half if not said."""
    return bool(context.draws.random() < need_number(chance))
