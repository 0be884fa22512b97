"""Table queries: the documents that a function returns (contract convex §8 for pages)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, takewhile
from typing import NamedTuple

from emulator.engine.match import bound
from emulator.engine.page import InvalidCursorError, Position, query_mark, read_cursor, write_cursor
from emulator.engine.patterns import matches
from emulator.engine.store import Document, is_behind, position
from emulator.engine.surroundings import Surroundings, UncomputableError
from emulator.engine.transaction import Transaction
from emulator.model.pattern import Equals, Fields, Pattern
from emulator.model.query import Shape, TableQuery
from emulator.values.convex import Value, check_array_length
from emulator.values.display import spell
from emulator.values.order import ABSENT, SortKey, sort_key

_INVALID_CURSOR = (
    "InvalidCursor: Tried to run a query starting from a cursor, "
    "but it looks like this cursor is from a different query."
)
_NO_ITEMS = "Must request at least 1 document while paginating"
_SHOWN_IDS = 10


class QueryRefusedError(Exception):
    """The query as it is called cannot be answered; its text is the service's own."""


def read(query: TableQuery, at: Surroundings) -> Value:
    """Return what a query finds; raise UncomputableError, or QueryRefusedError as the service would."""
    transaction = at.transaction
    if query.id is not None:
        return _by_id(query, at)
    where = None if query.where is None else bound(query.where, at)
    if query.shape is Shape.PAGE:
        return _page(query, where, at)
    found: Iterable[Document] = _ordered(_matching(query, where, transaction), query)
    if query.limit is not None:
        found = islice(found, _limit(query, at))
    match query.shape:
        case Shape.FIRST:
            return next(iter(found), None)
        case Shape.UNIQUE:
            return _only(query, list(islice(found, _SHOWN_IDS)))
        case _:
            documents: list[Value] = list(found)
            check_array_length(len(documents))
            return documents


def _by_id(query: TableQuery, at: Surroundings) -> Value:
    assert query.id is not None
    key = at.value(query.id)
    return at.transaction.read(query.table, key) if isinstance(key, str) else None


def _limit(query: TableQuery, at: Surroundings) -> int:
    assert query.limit is not None
    limit = at.value(query.limit)
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0:
        raise UncomputableError(query.place, f"limit is {spell(limit)}, and must be a number from 0 upward")
    return int(min(limit, 1 << 31))


def _only(query: TableQuery, found: list[Document]) -> Value:
    if len(found) > 1:
        ids = ", ".join(str(each["_id"]) for each in found)
        raise QueryRefusedError(
            f"Uncaught Error: unique() query returned more than one result from table {query.table}:\n [{ids}]"
        )
    return found[0] if found else None


def _matching(
    query: TableQuery, where: Pattern | None, transaction: Transaction, after: tuple[float, str] | None = None
) -> Iterator[Document]:
    """Yield what is like `where`, by creation in the query's direction; with `after` what was created behind it only.

    An index finds what equals a value.
    """
    descending = query.descending and query.by is None
    known = None if where is None else _looked_up(query, where, transaction)
    if known is None:
        found = transaction.scan(query.table, descending=descending, after=after)
    else:
        kept = [each for each in known if after is None or is_behind(position(each), after, descending=descending)]
        found = reversed(kept) if descending else iter(kept)
    return found if where is None else (each for each in found if matches(where, each))


def _looked_up(query: TableQuery, where: Pattern, transaction: Transaction) -> list[Document] | None:
    for name, inner in where.fields if isinstance(where, Fields) else ():
        if isinstance(inner, Equals) and not isinstance(inner.value, list | dict | float):
            if name == "_id":
                document = transaction.read(query.table, str(inner.value))
                return [] if document is None else [document]
            return transaction.lookup(query.table, name, inner.value)
    return None


def _ordered(found: Iterator[Document], query: TableQuery) -> Iterator[Document]:
    if query.by is None:
        return found
    return iter(sorted(found, key=_placed(query.by), reverse=query.descending))


def _placed(by: str) -> Callable[[Document], SortKey]:
    return lambda document: (sort_key(document[by]) if by in document else ABSENT, *position(document))


class _Asked(NamedTuple):
    """What `paginationOpts` ask for."""

    items: int
    cursor: str | None
    end: str | None


def _page(query: TableQuery, where: Pattern | None, at: Surroundings) -> Value:
    asked = _asked(at.call.args.get("paginationOpts"), at.call.page_end)
    mark = query_mark([query.table, repr(where), query.by, query.descending])
    try:
        start = None if asked.cursor is None else read_cursor(mark, asked.cursor)
        end = None if asked.end is None else read_cursor(mark, asked.end)
    except InvalidCursorError as error:
        raise QueryRefusedError(_INVALID_CURSOR) from error
    is_past_end = asked.cursor is not None and start is None
    rest = iter(()) if is_past_end else _behind(query, where, start, at.transaction)
    if asked.end is not None:
        page, is_done, cursor = _up_to(query, rest, end), end is None, asked.end
    else:
        page = list(islice(rest, asked.items))
        is_done = next(rest, None) is None
        cursor = write_cursor(mark, None if is_done else _position(query, page[-1]))
    documents: list[Value] = list(page)
    return {
        "continueCursor": cursor,
        "isDone": is_done,
        "page": documents,
        "pageStatus": None,
        "splitCursor": None,
    }


def _asked(options: Value, page_end: str | None) -> _Asked:
    count = options.get("numItems") if isinstance(options, dict) else None
    if not isinstance(options, dict) or isinstance(count, bool) or not isinstance(count, int | float):
        raise QueryRefusedError(
            "Uncaught Error: this function is scripted to paginate; "
            "it needs the argument paginationOpts with numItems and cursor"
        )
    if not count >= 1:
        raise QueryRefusedError(_NO_ITEMS)
    cursor, end = options.get("cursor"), options.get("endCursor")
    if not (cursor is None or isinstance(cursor, str)) or not (end is None or isinstance(end, str)):
        raise QueryRefusedError(_INVALID_CURSOR)
    return _Asked(int(min(count, 1 << 31)), cursor, page_end if end is None else end)


def _position(query: TableQuery, document: Document) -> Position:
    created, key = position(document)
    if query.by is None:
        return [created, key]
    return [created, key, document[query.by]] if query.by in document else [created, key]


def _behind(query: TableQuery, where: Pattern | None, start: Position, transaction: Transaction) -> Iterator[Document]:
    """Yield the query's documents behind a position."""
    if start is None:
        return _ordered(_matching(query, where, transaction), query)
    if query.by is None:
        return _matching(query, where, transaction, _created(start))
    border, place = _border(query, start), _placed(query.by)
    ordered = _ordered(_matching(query, where, transaction), query)
    return (each for each in ordered if is_behind(place(each), border, descending=query.descending))


def _up_to(query: TableQuery, rest: Iterator[Document], end: Position) -> list[Document]:
    if end is None:
        return list(rest)
    border = _border(query, end)
    place = _placed(query.by) if query.by is not None else position
    return list(takewhile(lambda each: not is_behind(place(each), border, descending=query.descending), rest))


def _created(start: list[Value]) -> tuple[float, str]:
    match start:
        case [float() as created, str() as key, *_]:
            return created, key
        case _:
            raise QueryRefusedError(_INVALID_CURSOR)


def _border(query: TableQuery, start: list[Value]) -> SortKey:
    created = _created(start)
    if query.by is None:
        return created
    return (sort_key(start[2]) if len(start) > 2 else ABSENT, *created)  # noqa: PLR2004 - the field comes third
