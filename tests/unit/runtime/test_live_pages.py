"""Live pages: the end of each stays where it was, whatever is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.plan import Rejected
from emulator.runtime.live import Live
from emulator.values.convex import Value
from tests.support.watching import Theatre, shown

TEXT = """
tables: {notes: {documents: [{t: b}, {t: d}, {t: f}, {t: h}, {t: j}]}}
functions:
  n:page: {type: query, query: {table: notes, order: {by: t}, paginate: true}}
  n:newest: {type: query, query: {table: notes, order: desc, paginate: true}}
  n:strict:
    type: query
    args: {paginationOpts: {numItems: number, cursor: string | null}}
    query: {table: notes, order: {by: t}, paginate: true}
  n:mine: {type: query, query: {table: notes, where: {t: "${args.t}"}, paginate: true}}
  n:add: {type: mutation, do: [{insert: {into: notes, document: {t: "${args.t}"}}}]}
  n:del: {type: mutation, do: [{delete: {table: notes, id: "${[n._id for n in tables.notes if n.t == args.t][0]}"}}]}
  n:chance:
    type: query
    rules:
      - {when: {chance: 0.5}, query: {table: notes, paginate: true}}
      - {query: {table: notes, order: desc, paginate: true}}
"""


@pytest.fixture
def theatre(tmp_path: Path) -> Theatre:
    return Theatre(tmp_path, TEXT)


def options(cursor: Value = None, items: float = 2.0) -> dict[str, Value]:
    return {"paginationOpts": {"numItems": items, "cursor": cursor}}


def texts(live: Live) -> str:
    """Return what is on a page, in a word."""
    page = shown(live.finish)
    assert isinstance(page, dict), page
    return "".join(each["t"] for each in page["page"])


def end_of(live: Live) -> Value:
    page = shown(live.finish)
    assert isinstance(page, dict)
    assert page["continueCursor"] == live.journal
    return live.journal


@pytest.mark.parametrize("name", ["n:page", "n:strict"])
def test_what_is_written_into_a_page_makes_it_longer_and_no_document_is_on_two(theatre: Theatre, name: str) -> None:
    first = theatre.watch(name, options())
    second = theatre.watch(name, options(end_of(first)))
    assert (texts(first), texts(second)) == ("bd", "fh")

    for text in "aecgiz":
        theatre.mutate("n:add", {"t": text})
        theatre.told()
        together = texts(first) + texts(second)
        assert together == "".join(sorted(together))
    assert (texts(first), texts(second)) == ("abcd", "efgh")

    theatre.mutate("n:del", {"t": "d"})
    theatre.told()
    assert (texts(first), texts(second)) == ("abc", "efgh")
    third = theatre.watch(name, options(end_of(second), 9.0))
    assert texts(third) == "ijz"
    theatre.mutate("n:add", {"t": "zz"})
    theatre.mutate("n:add", {"t": "zzz"})
    theatre.told()
    assert texts(third) == "ijzzzzzz"


def test_the_newest_first_grow_at_the_front(theatre: Theatre) -> None:
    first = theatre.watch("n:newest", options())
    second = theatre.watch("n:newest", options(end_of(first)))

    theatre.mutate("n:add", {"t": "z"})
    theatre.told()

    assert (texts(first), texts(second)) == ("zjh", "fd")


def test_a_client_that_comes_back_with_its_journal_gets_the_page_it_had(theatre: Theatre) -> None:
    first = theatre.watch("n:page", options())
    theatre.mutate("n:add", {"t": "c"})
    theatre.told()
    journal = first.journal
    theatre.live.leave(first, theatre.audience)

    again = theatre.watch("n:page", options(), page_end=journal)

    assert (texts(again), again.journal) == ("bcd", journal)


def test_a_client_that_comes_new_gets_a_page_of_its_own_size(theatre: Theatre) -> None:
    grown = theatre.watch("n:page", options())
    assert theatre.watch("n:page", options()) is grown
    theatre.mutate("n:add", {"t": "c"})
    theatre.told()

    fresh = theatre.watch("n:page", options())

    assert (texts(grown), texts(fresh)) == ("bcd", "bc")
    assert theatre.watch("n:page", options(), page_end=grown.journal) is grown


def test_a_page_keeps_its_end_from_the_first_time_that_it_has_one(theatre: Theatre) -> None:
    theatre.reload(TEXT.replace("n:page:", "n:other:"))
    live = theatre.watch("n:page", options())
    assert live.journal is None

    theatre.reload(TEXT)
    theatre.told()
    theatre.mutate("n:add", {"t": "c"})
    theatre.told()

    assert texts(live) == "bcd"


def test_a_journal_of_another_query_is_an_invalid_cursor(theatre: Theatre) -> None:
    first = theatre.watch("n:newest", options())

    live = theatre.watch("n:page", options(), page_end=first.journal)

    ending = live.finish.ending
    assert isinstance(ending, Rejected)
    assert ending.message.startswith("InvalidCursor: ")


def test_only_pages_have_journals(theatre: Theatre) -> None:
    assert theatre.watch("n:nothing", options()).journal is None


def test_a_page_that_is_drawn_is_drawn_the_same_when_it_is_run_again(theatre: Theatre) -> None:
    pages = [theatre.watch("n:chance", {**options(), "x": float(number)}) for number in range(8)]
    before = [texts(page) for page in pages]
    assert set(before) == {"bd", "jh"}

    theatre.mutate("n:add", {"t": "z"})
    theatre.told()

    assert [texts(page) for page in pages] == [{"bd": "bd", "jh": "zjh"}[each] for each in before]
