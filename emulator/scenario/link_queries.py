"""Table queries of the written form to those of the model."""

from __future__ import annotations

from emulator.expressions.compile import Text
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.query import Shape, TableQuery
from emulator.scenario.link_patterns import PatternReader
from emulator.scenario.link_values import ValueReader
from emulator.scenario.tree import Mapping, shown
from emulator.scenario.uses import Kind, Use
from emulator.scenario.written import OrderForm, QueryForm

_SHAPES = ("first", "unique", "paginate")
_WITH_ID = ("where", "order", "limit", *_SHAPES)


def link_query(form: QueryForm, node: Mapping, values: ValueReader) -> TableQuery:
    """Link a query whose form is sound; what contradicts itself is noted."""
    values.uses.append(Use(Kind.TABLE, form.table, node.value_place("table")))
    shapes = [key for key in _SHAPES if getattr(form, key)]
    if len(shapes) > 1:
        _conflict(values, node, shapes[1], f"{' and '.join(shapes)} exclude each other", "keep one of them")
    if "id" in node:
        for key in _WITH_ID:
            if key in node and (key not in _SHAPES or getattr(form, key)):
                _conflict(
                    values, node, key, f"{key} stands beside id, which finds one document", "remove one of the two"
                )
    elif "paginate" in shapes and "limit" in node:
        _conflict(values, node, "limit", "limit stands beside paginate", "paginationOpts.numItems says how many")
    where = None
    if form.where is not None:
        where = PatternReader(values).pattern(node["where"], node.value_place("where"))
    limit = values.written(node["limit"], node.value_place("limit")) if node.get("limit") is not None else None
    if limit is not None and not _is_limit(limit):
        values.note(node.value_place("limit"), "bad-value", f"limit: {shown(node['limit'])}", "a number from 0 upward")
    wanted = values.written(node["id"], node.value_place("id")) if "id" in node else None
    if isinstance(wanted, Constant) and not isinstance(wanted.value, str):
        values.note(node.value_place("id"), "wrong-type", f"id: {shown(node['id'])}", "a text, or an expression")
    order = form.order
    return TableQuery(
        form.table,
        node.place,
        Shape(shapes[0]) if shapes else Shape.ALL,
        wanted,
        where,
        order.by if isinstance(order, OrderForm) and order.by != "_creationTime" else None,
        (order.order if isinstance(order, OrderForm) else order) == "desc",
        limit,
    )


def _is_limit(written: Constant | Computed) -> bool:
    if isinstance(written, Computed):
        return isinstance(written.tree, Text) and written.tree.is_one_expression
    value = written.value
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _conflict(values: ValueReader, node: Mapping, key: str, message: str, hint: str) -> None:
    values.note(node.key_place(key), "outcome-conflict", message, hint=hint)
