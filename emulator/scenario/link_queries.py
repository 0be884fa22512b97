"""Table queries of the written form to those of the model."""

from __future__ import annotations

from emulator.model.computed import Computed
from emulator.model.query import Shape, TableQuery
from emulator.scenario.forms import LIMIT
from emulator.scenario.link_patterns import PatternReader
from emulator.scenario.link_values import ValueReader, is_one_expression
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
    before = len(values.problems)
    limit = values.written(node["limit"], node.value_place("limit")) if form.limit is not None else None
    is_computed = isinstance(limit, Computed) and is_one_expression(limit)
    if isinstance(form.limit, str) and not is_computed and len(values.problems) == before:
        hint = "write ${args.limit ?? 50}"
        values.note(node.value_place("limit"), "bad-value", f"limit: {shown(form.limit)}", LIMIT, hint)
    wanted = values.written(node["id"], node.value_place("id")) if "id" in node else None
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


def _conflict(values: ValueReader, node: Mapping, key: str, message: str, hint: str) -> None:
    values.note(node.key_place(key), "outcome-conflict", message, hint=hint)
