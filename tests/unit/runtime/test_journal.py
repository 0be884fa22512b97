"""The journal: the newest calls, bounded in number and in the bytes of their arguments."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emulator.engine.call import Call
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import MAX_BYTES, MAX_ENTRIES, Entry, Journal
from tests.support.engine import QUERY, emulator_of


def numbers(journal: Iterable[Entry]) -> list[int]:
    return [entry.number for entry in journal]


def entries(emulator: Emulator, sizes: Iterable[int]) -> list[Entry]:
    return [emulator.handle(Call("a:b", QUERY, {}, size=size)) for size in sizes]


def test_it_keeps_the_newest_entries_in_order(tmp_path: Path) -> None:
    journal = Journal(max_entries=3)

    for entry in entries(emulator_of(tmp_path, "functions: {a:b: {result: 1}}"), [0] * 5):
        journal.add(entry)

    assert numbers(journal) == [3, 4, 5]
    assert len(journal) == 3


def test_it_keeps_as_many_bytes_as_its_bound_and_no_more(tmp_path: Path) -> None:
    journal = Journal(max_bytes=10)
    kept = []

    for entry in entries(emulator_of(tmp_path, "functions: {a:b: {result: 1}}"), [4, 6, 1, 9, 2]):
        journal.add(entry)
        kept.append(numbers(journal))

    assert kept == [[1], [1, 2], [2, 3], [3, 4], [5]]


def test_an_entry_that_alone_is_too_big_is_not_kept_and_room_is_again(tmp_path: Path) -> None:
    journal = Journal(max_bytes=10)
    small, big, next_one = entries(emulator_of(tmp_path, "functions: {a:b: {result: 1}}"), [1, 11, 10])

    journal.add(small)
    journal.add(big)
    assert big not in list(journal)
    journal.add(next_one)

    assert next_one in list(journal)
    assert big not in list(journal)


def test_the_emulator_keeps_so_many_calls_and_bytes(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, "functions: {a:b: {result: 1}}")

    entries(emulator, [1] * (MAX_ENTRIES + 10))
    assert numbers(emulator.journal) == list(range(11, MAX_ENTRIES + 11))
    entries(emulator, [MAX_BYTES // 2] * 3)

    assert len(emulator.journal) == 2


def test_every_call_is_written_down_with_its_fate(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, "functions: {a:b: {when: {args: {n: 1}}, result: 1}}")

    emulator.handle(Call("a:b", QUERY, {"n": 1.0}))
    emulator.handle(Call("a:b", QUERY, {}))
    emulator.handle(Call("c:d", QUERY, {}))
    emulator.handle(Call("a:b", QUERY, {}, fault="bad"))

    answered, unmatched, unscripted, refused = emulator.journal
    assert [each.decision.rule is not None for each in emulator.journal] == [True, False, False, False]
    assert answered.explanation is None
    assert "no rule of a:b matches" in str(unmatched.explanation)
    assert "c:d is not scripted" in str(unscripted.explanation)
    assert refused.explanation is None
    assert answered.call.args == {"n": 1.0}
    assert all(each.revision is emulator.revision for each in emulator.journal)
