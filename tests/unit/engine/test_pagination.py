"""Pages of a table: to the end whatever the size, with cursors that stay good while documents come and go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.engine.page import query_mark, read_cursor, write_cursor
from emulator.engine.plan import Rejected
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Value
from tests.support.engine import MUTATION, call, emulator_of, ending_of, value_of
from tests.support.tables import change, documents

TEXT = """
tables: {notes: {documents: [{n: 5, t: a}, {n: 2, t: b}, {n: 8, t: c}, {t: d}, {n: 2, t: e}, {n: 9, t: f}]}}
functions:
  n:asc: {query: {table: notes, paginate: true}}
  n:desc: {query: {table: notes, order: desc, paginate: true}}
  n:by: {query: {table: notes, order: {by: n}, paginate: true}}
  n:by_desc: {query: {table: notes, order: {by: n, order: desc}, paginate: true}}
  n:where: {query: {table: notes, where: {n: "${args.n}"}, paginate: true}}
  n:more: {query: {table: notes, where: {n: {$gt: 3}}, paginate: true}}
  n:any: {query: {table: notes, where: {$any: [{t: b}, {n: 8}, {t: f}]}, paginate: true}}
  n:none: {query: {table: notes, where: {n: 77}, paginate: true}}
  n:add: {do: [{insert: {into: notes, document: {n: "${args.n}", t: "${args.t}"}}}]}
  n:del: {do: [{delete: {table: notes, id: "${args.id}"}}]}
  n:both:
    do:
      - insert: {into: notes, document: {t: new}}
      - call: {function: "n:desc", args: {paginationOpts: {numItems: 1, cursor: null}}, as: one}
      - call: {function: "n:desc", args: {paginationOpts: {numItems: 9, cursor: "${one.continueCursor}"}}, as: two}
    result: ["${[x.t for x in one.page]}", "${[x.t for x in two.page]}"]
"""
ORDERS = [
    ("n:asc", "abcdef"),
    ("n:desc", "fedcba"),
    ("n:by", "dbeacf"),
    ("n:by_desc", "fcaebd"),
    ("n:more", "acf"),
    ("n:any", "bcf"),
    ("n:none", ""),
]


def page(emulator: Emulator, name: str, cursor: Value, size: float = 2.0, **more: Value) -> dict[str, Any]:
    args: dict[str, Value] = {"paginationOpts": {"numItems": size, "cursor": cursor, **more}}
    value = value_of(call(emulator, name, args))
    assert isinstance(value, dict)
    assert set(value) == {"continueCursor", "isDone", "page", "pageStatus", "splitCursor"}
    return value


def texts(found: dict[str, Any]) -> str:
    return "".join(each["t"] for each in found["page"])


def all_pages(emulator: Emulator, name: str, size: float) -> list[str]:
    pages, cursor = [], None
    while True:
        found = page(emulator, name, cursor, size)
        pages.append(texts(found))
        cursor = found["continueCursor"]
        assert isinstance(cursor, str)
        if found["isDone"]:
            return pages
        assert pages[-1]


@pytest.mark.parametrize("size", [1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 1e300, float("inf")])
@pytest.mark.parametrize(("name", "expected"), ORDERS)
def test_pages_of_any_size_give_every_document_once_and_in_order(
    tmp_path: Path, name: str, expected: str, size: float
) -> None:
    pages = all_pages(emulator_of(tmp_path, TEXT), name, size)

    assert "".join(pages) == expected
    assert all(len(each) == min(size, len(expected)) for each in pages[:-1])


@pytest.mark.parametrize(("name", "expected"), ORDERS[:6])
def test_cursors_stay_good_while_documents_come_and_go(tmp_path: Path, name: str, expected: str) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    keys = {each["t"]: each["_id"] for each in documents(emulator, "notes")}
    first = page(emulator, name, None)
    seen = texts(first)
    gone, kept = seen[-1], expected[len(seen) :]
    change(emulator, "n:del", {"id": keys[gone]})
    change(emulator, "n:add", {"n": 8.0, "t": "x"})

    rest = ""
    cursor = first["continueCursor"]
    for _ in range(9):
        found = page(emulator, name, cursor, 1.0)
        rest += texts(found)
        cursor = found["continueCursor"]
        if found["isDone"]:
            break

    assert rest.replace("x", "") == kept
    assert rest.count("x") <= 1


def test_behind_the_end_there_is_an_empty_page_that_is_done(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    end = page(emulator, "n:asc", None, 9.0)["continueCursor"]

    change(emulator, "n:add", {"n": 1.0, "t": "x"})
    found = page(emulator, "n:asc", end)

    assert (found["page"], found["isDone"], found["continueCursor"]) == ([], True, end)


@pytest.mark.parametrize(("name", "expected"), ORDERS[:6])
def test_a_page_with_an_end_gives_what_lies_between_whatever_the_size(tmp_path: Path, name: str, expected: str) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    one = page(emulator, name, None, 1.0)
    two = page(emulator, name, one["continueCursor"], 1.0)
    end = page(emulator, name, None, 99.0)["continueCursor"]

    first = page(emulator, name, None, 1.0, endCursor=two["continueCursor"])
    second = page(emulator, name, one["continueCursor"], 1.0, endCursor=end)

    assert (texts(first), first["isDone"], first["continueCursor"]) == (expected[:2], False, two["continueCursor"])
    assert (texts(second), second["isDone"], second["continueCursor"]) == (expected[1:], True, end)


def test_a_page_with_an_end_takes_in_what_was_inserted_between(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    first = page(emulator, "n:by", None, 4.0)

    change(emulator, "n:add", {"n": 3.0, "t": "x"})
    again = page(emulator, "n:by", None, 4.0, endCursor=first["continueCursor"])

    assert (texts(first), texts(again)) == ("dbea", "dbexa")


def test_pages_of_one_transaction_see_its_own_writes_once(tmp_path: Path) -> None:
    assert change(emulator_of(tmp_path, TEXT), "n:both") == [["new"], list("fedcba")]


def test_the_same_position_has_the_same_cursor_in_every_emulator_and_says_nothing(tmp_path: Path) -> None:
    one, other = (page(emulator_of(tmp_path, TEXT), "n:by", None) for _ in range(2))

    assert one["continueCursor"] == other["continueCursor"]
    key = one["page"][-1]["_id"]
    assert key.encode() not in bytes.fromhex(one["continueCursor"])


@pytest.mark.parametrize("other", ["n:desc", "n:by", "n:by_desc", "n:more", "n:any", "n:none"])
def test_a_cursor_of_another_query_is_refused_in_the_services_words(tmp_path: Path, other: str) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    cursor = page(emulator, "n:asc", None)["continueCursor"]

    for options in ({"cursor": cursor}, {"cursor": None, "endCursor": cursor}):
        ending = ending_of(call(emulator, other, {"paginationOpts": {"numItems": 2.0, **options}}))
        assert isinstance(ending, Rejected)
        assert ending.message == (
            "InvalidCursor: Tried to run a query starting from a cursor, "
            "but it looks like this cursor is from a different query."
        )


def test_a_cursor_for_other_arguments_of_where_is_refused(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    options: dict[str, Value] = {"numItems": 1.0, "cursor": None}
    first = value_of(call(emulator, "n:where", {"n": 2.0, "paginationOpts": options}))
    assert isinstance(first, dict)
    options = {"numItems": 1.0, "cursor": first["continueCursor"]}

    again = value_of(call(emulator, "n:where", {"n": 2.0, "paginationOpts": options}))
    refused = ending_of(call(emulator, "n:where", {"n": 5.0, "paginationOpts": options}))

    assert isinstance(again, dict)
    assert (texts(first), texts(again), again["isDone"]) == ("b", "e", True)
    assert isinstance(refused, Rejected)


MARK = query_mark(["notes", "None", None, False])
POSITIONS: list[list[Value]] = [[], [1.0], ["a", "b"], [1.0, 2.0], [None, "x"]]


@pytest.mark.parametrize(
    "cursor",
    [
        *["", "x", "00", "zz" * 40, "0" * 64, "한글", " ", 5.0, True, [], {}],
        *[write_cursor(MARK, each) for each in POSITIONS],
        (MARK + bytes(20_000)).hex(),
        MARK.hex(),
    ],
    ids=lambda each: repr(each)[:30],
)
def test_what_is_no_cursor_is_refused(tmp_path: Path, cursor: Value) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    options: list[dict[str, Value]] = [{"cursor": cursor}, {"cursor": None, "endCursor": cursor}]

    for each in options:
        ending = ending_of(call(emulator, "n:asc", {"paginationOpts": {"numItems": 2.0, **each}}))
        assert isinstance(ending, Rejected), each
        assert ending.message.startswith("InvalidCursor: ")


def test_a_cursor_cut_short_or_changed_is_refused_and_never_an_exception(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    cursor = page(emulator, "n:by", None)["continueCursor"]

    for end in range(0, len(cursor), 2):
        changed = cursor[:end] + f"{int(cursor[end : end + 2], 16) ^ 1:02x}" + cursor[end + 2 :]
        for each in (cursor[:end], changed):
            call(emulator, "n:by", {"paginationOpts": {"numItems": 2.0, "cursor": each}})


def test_a_cursor_holds_a_sorted_value_of_any_size(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    for _ in range(2):
        change(emulator, "n:add", {"n": "x" * 50_000, "t": "z"})
    first = page(emulator, "n:by", None, 7.0)

    assert texts(page(emulator, "n:by", first["continueCursor"])) == "z"
    assert read_cursor(MARK, write_cursor(MARK, ["y" * 20_000])) == ["y" * 20_000]


@pytest.mark.parametrize("count", [0.0, -1.0, 0.5, float("nan"), float("-inf")])
def test_a_page_of_no_items_is_refused_in_the_services_words(tmp_path: Path, count: float) -> None:
    ending = ending_of(call(emulator_of(tmp_path, TEXT), "n:asc", {"paginationOpts": {"numItems": count}}))

    assert isinstance(ending, Rejected)
    assert ending.message == "Must request at least 1 document while paginating"


@pytest.mark.parametrize("options", [None, [], {}, {"cursor": None}, {"numItems": "2"}, {"numItems": True}, "x"])
def test_without_pagination_options_the_function_says_what_it_needs(tmp_path: Path, options: Value) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    arguments: list[dict[str, Value]] = [{"paginationOpts": options}, {}]

    for args in arguments:
        ending = ending_of(call(emulator, "n:asc", args, MUTATION))
        assert isinstance(ending, Rejected)
        assert "it needs the argument paginationOpts with numItems and cursor" in ending.message
