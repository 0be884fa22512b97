from __future__ import annotations

from typing import Any

import pytest

from emulator.model.place import Place
from emulator.scenario.parse import parse
from emulator.scenario.source import Source
from emulator.scenario.tree import Mapping, Sequence, kind_of, pack, place_at, unpack

TEXT = """\
# a comment
functions:
  messages:list:
    result: [1, {a: x}]
  "메시지": {에러: &e [a], again: *e}
"""


def tree_of(text: str) -> Mapping:
    tree, problems = parse(Source("x.yaml", text))
    assert not problems
    assert tree is not None
    return tree


def at(line: int, column: int) -> Place:
    return Place("x.yaml", line, column)


@pytest.mark.parametrize("position", [(0, 0), (0, 16_777_215), (9_999_999, 0), (12, 34)])
def test_a_position_comes_out_as_it_was_packed_counted_from_one(position: tuple[int, int]) -> None:
    line, column = position
    assert unpack(Source("x.yaml", ""), pack(line, column)) == at(line + 1, column + 1)


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        ((), at(2, 1)),
        (("functions",), at(3, 3)),
        (("functions", "messages:list"), at(4, 5)),
        (("functions", "messages:list", "result"), at(4, 13)),
        (("functions", "messages:list", "result", 0), at(4, 14)),
        (("functions", "messages:list", "result", 1, "a"), at(4, 21)),
        (("functions", "메시지", "에러"), at(5, 15)),
        (("functions", "메시지", "again", 0), at(5, 19)),
    ],
)
def test_a_path_leads_to_the_place_of_the_value(steps: tuple[str | int, ...], place: Place) -> None:
    assert place_at(tree_of(TEXT), steps) == place


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        (("functions",), at(2, 1)),
        (("functions", "메시지", "again"), at(5, 23)),
        (("functions", "messages:list", "result", 1, "a"), at(4, 18)),
    ],
)
def test_a_path_leads_to_the_place_of_the_key_when_that_is_wanted(steps: tuple[str | int, ...], place: Place) -> None:
    assert place_at(tree_of(TEXT), steps, of_key=True) == place


@pytest.mark.parametrize(
    "steps",
    [
        ("functions", "messages:list", "missing"),
        ("functions", "messages:list", "missing", "deeper"),
    ],
)
def test_a_path_that_leads_nowhere_gives_the_last_place_on_the_way(steps: tuple[str | int, ...]) -> None:
    assert place_at(tree_of(TEXT), steps) == at(4, 5)
    assert place_at(tree_of(TEXT), steps, of_key=True) == at(4, 5)


def test_an_index_past_the_end_gives_the_place_of_the_list() -> None:
    assert place_at(tree_of(TEXT), ("functions", "messages:list", "result", 7)) == at(4, 13)


def test_entries_know_their_keys_and_values_and_where_both_stand() -> None:
    tree = tree_of("a: 1\nb:\n  - 2\n")
    first, second = tree.entries()
    assert (first.key, first.value, first.key_place, first.value_place) == ("a", 1, at(1, 1), at(1, 4))
    assert (second.key, second.value, second.key_place, second.value_place) == ("b", [2], at(2, 1), at(3, 3))
    assert (tree.key_place("b"), tree.value_place("b")) == (second.key_place, second.value_place)


def test_collections_know_where_they_begin() -> None:
    tree = tree_of("\n\nlist:\n  - 1\n  - 2\nmap: {a: 1}\n")
    items, mapping = tree["list"], tree["map"]
    assert isinstance(items, Sequence)
    assert isinstance(mapping, Mapping)
    assert (tree.place, items.place, mapping.place) == (at(3, 1), at(4, 3), at(6, 6))
    assert [items.item_place(index) for index in range(2)] == [at(4, 5), at(5, 5)]


def test_a_value_that_is_left_out_has_the_place_behind_its_key() -> None:
    assert tree_of("a:\nb: 1\n").value_place("a") == at(1, 3)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("# x\r\n\r\na:\r\n  b: 1\r\n", at(4, 6)),
        ("\ufeff# x\n\na:\n  b: 1\n", at(4, 6)),
        ("🎉: x\na: {b: 1}\n", at(2, 8)),
        ("a: {🎉é한: x, b: 1}\n", at(1, 16)),
    ],
)
def test_places_count_lines_and_characters_however_a_file_is_written(text: str, place: Place) -> None:
    assert place_at(tree_of(text), ("a", "b")) == place


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "nothing"),
        (True, "true or false"),
        (1, "a number"),
        (1.5, "a number"),
        ("", "a text"),
        ([], "a list"),
        ({}, "a mapping"),
    ],
)
def test_kinds_have_the_names_people_use(value: Any, kind: str) -> None:
    assert kind_of(value) == kind
