"""The past: queries at a timestamp, undo, reset."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.call import Call
from emulator.engine.state import PastError
from emulator.engine.store import Document
from emulator.runtime.emulator import Emulator
from tests.support.engine import MUTATION, QUERY, call, emulator_of, value_of
from tests.support.scenarios import load_text
from tests.support.tables import change, documents, fields, variables

TEXT = """
state: {n: 0}
tables: {notes: {documents: [{t: a}, {t: b}]}}
functions:
  n:all: {query: {table: notes}}
  n:find: {query: {table: notes, where: {t: "${args.t}"}}}
  n:count: {result: "${len(tables.notes)} ${state.n} ${call}"}
  n:add: {do: [{insert: {into: notes, document: {t: "${args.t}"}}}, {set: {n: "${state.n + 1}"}}]}
  n:patch: {do: [{patch: {table: notes, id: "${tables.notes[0]._id}", fields: {t: "${args.t}"}}}]}
  n:del: {do: [{delete: {table: notes, id: "${tables.notes[0]._id}"}}]}
  n:seq: {sequence: [{result: 1}, {result: 2}, {result: 3}]}
"""


def past(emulator: Emulator, ts: int, operation: str = "n:all", **args: str) -> object:
    value = value_of(emulator.handle(Call(operation, QUERY, dict(args)), ts))
    return [each["t"] for each in value if isinstance(each, dict)] if isinstance(value, list) else value


def test_documents_are_read_as_they_were_at_a_timestamp(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    stamps = [emulator.timestamp()]
    for operation, text in (("n:add", "c"), ("n:patch", "A"), ("n:del", ""), ("n:add", "d")):
        change(emulator, operation, {"t": text})
        stamps.append(emulator.timestamp())

    assert [past(emulator, ts) for ts in stamps] == [["a", "b"], list("abc"), list("Abc"), list("bc"), list("bcd")]
    assert [past(emulator, ts, "n:find", t="a") for ts in stamps] == [["a"], ["a"], [], [], []]
    assert [past(emulator, ts, "n:find", t="A") for ts in stamps] == [[], [], ["A"], [], []]
    assert [past(emulator, ts, "n:count") for ts in stamps] == ["2 0 1", "3 1 2", "3 1 3", "2 1 4", "3 2 5"]
    assert past(emulator, 0) == []
    assert past(emulator, 10**30) == list("bcd")


def test_a_mutation_at_a_timestamp_writes_nothing(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    before = documents(emulator, "notes")

    emulator.handle(Call("n:add", MUTATION, {"t": "c"}), emulator.timestamp())

    assert documents(emulator, "notes") == before


def test_the_past_stays_in_order_when_documents_begin_anew(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    change(emulator, "n:add", {"t": "c"})
    ts = emulator.timestamp()

    emulator.reset()
    change(emulator, "n:add", {"t": "d"})

    assert past(emulator, ts) == ["a", "b", "c"]
    assert past(emulator, ts, "n:find", t="c") == ["c"]
    assert fields(emulator, "notes", "t") == ["a", "b", "d"]


def test_what_is_forgotten_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    store = emulator.state.view.store
    monkeypatch.setattr(store, "_max_commits", 2)
    stamps = []
    for text in "cdef":
        change(emulator, "n:add", {"t": text})
        stamps.append(emulator.state.view.ts)

    assert [past(emulator, ts) for ts in stamps[1:]] == [list("abcd"), list("abcde"), list("abcdef")]
    with pytest.raises(PastError, match=f"the timestamp {stamps[0]} is older than {stamps[1]}"):
        past(emulator, stamps[0])


def test_undo_takes_back_one_change_after_another_down_to_the_beginning(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    states: list[tuple[list[Document], dict[str, object]]] = []
    for operation in ("n:add", "n:patch", "n:del", "n:add", "n:del"):
        states.append((documents(emulator, "notes"), dict(variables(emulator))))
        change(emulator, operation, {"t": operation})

    while states:
        assert emulator.undo()
        assert (documents(emulator, "notes"), variables(emulator)) == states.pop()
    assert not emulator.undo()
    assert fields(emulator, "notes", "t") == ["a", "b"]


def test_undo_goes_on_behind_changes_that_came_after_it(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    for text in "cd":
        change(emulator, "n:add", {"t": text})
    emulator.undo()
    change(emulator, "n:add", {"t": "e"})

    seen = []
    while emulator.undo():
        seen.append("".join(map(str, fields(emulator, "notes", "t"))))

    assert seen == ["abc", "ab"]


def test_undo_leaves_counts_alone_and_gives_no_id_twice(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    call(emulator, "n:seq")
    change(emulator, "n:add", {"t": "c"})
    gone = documents(emulator, "notes")[-1]["_id"]

    emulator.undo()
    change(emulator, "n:add", {"t": "d"})

    assert documents(emulator, "notes")[-1]["_id"] != gone
    assert value_of(call(emulator, "n:seq")) == 2.0


def test_undo_stops_where_a_reload_or_a_reset_began_something_anew(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    change(emulator, "n:add", {"t": "c"})
    emulator.swap(load_text(tmp_path, TEXT.replace("{t: b}", "{t: B}")))
    assert not emulator.undo()

    change(emulator, "n:add", {"t": "d"})
    emulator.reset()
    assert not emulator.undo()
    assert fields(emulator, "notes", "t") == ["a", "B"]


def test_after_a_reset_the_same_calls_give_the_same_again(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    runs = []
    for _ in range(3):
        runs.append([value_of(call(emulator, "n:seq")), value_of(call(emulator, "n:count"))])
        for text in "cde":
            change(emulator, "n:add", {"t": text})
        change(emulator, "n:del")
        change(emulator, "n:add", {"t": "f"})
        runs[-1].append([*documents(emulator, "notes")])
        emulator.reset()

    assert runs[0] == runs[1] == runs[2]


def test_documents_that_come_again_with_old_ids_are_all_kept(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    for text in "cdefg":
        change(emulator, "n:add", {"t": text})
    emulator.reset()

    for text in "hijklmnop":
        change(emulator, "n:add", {"t": text})

    assert fields(emulator, "notes", "t") == list("abhijklmnop")
    assert len(set(map(str, fields(emulator, "notes", "_id")))) == 11
