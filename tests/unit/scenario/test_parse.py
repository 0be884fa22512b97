"""YAML as files have it: aliases, tags, documents, depth, and where things stand when they are wrong."""

from __future__ import annotations

import pytest

from emulator.scenario import parse as parsing
from emulator.scenario.parse import parse
from emulator.scenario.problem import Problem
from emulator.scenario.source import Source
from emulator.scenario.tree import Mapping


def read(text: str) -> Mapping:
    tree, problems = parse(Source("x.yaml", text))
    assert not problems
    assert tree is not None
    return tree


def problems_of(text: str) -> list[Problem]:
    return parse(Source("x.yaml", text))[1]


def slugs_and_places(text: str) -> list[tuple[str, int, int]]:
    return [(each.slug, each.place.line, each.place.column) for each in problems_of(text)]


def test_block_and_flow_styles_say_the_same() -> None:
    block = "a:\n  - 1\n  - b: x\n    c:\n      - y\n- 2\n".replace("- 2\n", "d: >-\n  z\n")
    assert read(block) == read('{a: [1, {b: x, "c": [y]}], d: z}')


def test_an_alias_repeats_what_its_anchor_names() -> None:
    tree = read("a: &x {k: [1]}\nb: *x\nc: &y text\nd: [*y, *x]\n&z e: *z\n")
    assert tree["b"] is tree["a"]
    assert tree["d"] == ["text", {"k": [1]}]
    assert tree["e"] == "e"


def test_an_anchor_set_again_means_the_later_from_there_on() -> None:
    assert read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_an_alias_stands_as_a_key() -> None:
    assert read("a: &x name\n*x : 1\n") == {"a": "name", "name": 1}


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: {c: *x}}", "a: &x\n  - - *x\n", "&x a: &x {b: *x}"])
def test_an_alias_inside_its_own_node_is_a_circle(text: str) -> None:
    assert [each.slug for each in problems_of(text)] == ["alias-cycle"]


def test_aliases_may_repeat_as_much_as_the_limit_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_ALIASED_NODES", 12)
    text = "a: &a [1, 2, 3]\nb: [*a, *a, *a]\n"  # three times a list and its three items
    assert not problems_of(text)
    assert slugs_and_places(f"{text}c: *a\n") == [("alias-bomb", 3, 4)]


def test_aliases_of_aliases_count_as_what_they_grow_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_ALIASED_NODES", 11)
    assert slugs_and_places("a: &a [1, 2, 3]\nb: &b [*a]\nc: [*b, 7]\nd: 8\n") == []
    assert slugs_and_places("a: &a [1, 2, 3]\nb: &b [*a]\nc: [*b, 7, *a]\n") == [("alias-bomb", 3, 12)]


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    levels = [f"l{number}: &l{number} [{','.join([f'*l{number - 1}'] * 9)}]" for number in range(1, 40)]
    assert [each.slug for each in problems_of("\n".join(["l0: &l0 [x]", *levels]))] == ["alias-bomb"]


@pytest.mark.parametrize("levels", [100, 101])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_content_nests_as_deep_as_the_limit_says(opening: str, closing: str, levels: int) -> None:
    text = f"a: {opening * (levels - 1)}1{closing * (levels - 1)}"
    assert [each.slug for each in problems_of(text)] == ["too-deep"] * (levels - 100)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{", "a:\n" * 3])
def test_content_without_bottom_is_refused_and_not_followed(opening: str) -> None:
    assert problems_of(opening * 50_000)


def test_the_first_of_two_equal_keys_is_kept_and_the_second_told() -> None:
    tree, problems = parse(Source("x.yaml", "a: 1\nb: {c: 1, c: {d: 1, d: 2}}\na: 2\n'a': 3\n"))
    assert tree == {"a": 1, "b": {"c": 1}}
    assert sorted((each.place.line, each.place.column) for each in problems) == [(2, 11), (2, 21), (3, 1), (4, 1)]
    assert {each.slug for each in problems} == {"duplicate-key"}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "--- ~\n", "null", "\ufeff"])
def test_nothing_is_an_empty_file(text: str) -> None:
    assert [each.slug for each in problems_of(text)] == ["empty-file"]


@pytest.mark.parametrize("text", ["---\na: 1\n", "a: 1\n...\n", "---\na: 1\n...\n", "%YAML 1.2\n---\na: 1\n"])
def test_marks_around_a_single_document_are_no_problem(text: str) -> None:
    assert read(text) == {"a": 1}


@pytest.mark.parametrize("text", ["a: 1\n---\nb: 2\n", "---\na: 1\n---\n", "a: 1\n...\n---\nb: 1\n"])
def test_a_second_document_is_a_problem(text: str) -> None:
    assert [each.slug for each in problems_of(text)] == ["yaml-document"]


def test_tags_are_told_all_at_once_and_nothing_is_constructed() -> None:
    text = "a: !!python/object/apply:os.getcwd []\nb: !x 1\nc: !!set {y: }\nd: !!int x\n"
    assert slugs_and_places(text) == [("yaml-tag", 1, 4), ("yaml-tag", 2, 4), ("yaml-tag", 3, 4), ("yaml-tag", 4, 4)]


@pytest.mark.parametrize("text", ["!x a: 1", "!!python/name:os.getcwd a: 1", "{!x a: 1}"])
def test_the_tag_of_a_key_is_a_problem(text: str) -> None:
    assert [each.slug for each in problems_of(text)] == ["yaml-tag"]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_quote_that_is_not_closed_is_told_where_it_opens(quote: str) -> None:
    assert slugs_and_places(f"a: 1\nb: {quote}text\nc: 2\n") == [("yaml-syntax", 2, 4)]


@pytest.mark.parametrize("bracket", ["[1, 2", "{x: 1"])
def test_a_bracket_that_is_not_closed_is_told_where_it_opens(bracket: str) -> None:
    assert slugs_and_places(f"a: 1\nb: {bracket}\nc: 2\n") == [("yaml-syntax", 2, 4)]


def test_a_comma_that_is_missing_is_told_where_it_is_missing() -> None:
    assert slugs_and_places("a: [{x: 1} {y: 2}]\n") == [("yaml-syntax", 1, 12)]


def test_a_key_without_a_colon_is_told_where_it_stands() -> None:
    assert slugs_and_places("a: 1\nkey\nc: 2\n") == [("yaml-syntax", 2, 1)]


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  b:\n  \t- 1\n", "\ta: 1\n"])
def test_a_tab_that_indents_gets_the_hint_about_tabs(text: str) -> None:
    (problem,) = problems_of(text)
    assert problem.hint == "indent with spaces, not tabs"


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x80", "\ufffe"])
def test_a_character_that_yaml_does_not_know_is_told_where_it_stands(character: str) -> None:
    assert slugs_and_places(f"a: 1\n한국: x{character}\n") == [("yaml-syntax", 2, 6)]


@pytest.mark.parametrize("harmless", ["\u00a0", "\u3000", "\u200b", "👨\u200d👩\u200d👧", "\u00ad"])
def test_a_character_that_is_only_unusual_is_not_blamed_for_another(harmless: str) -> None:
    assert not problems_of(f"a: {harmless}x\n")
    (problem,) = problems_of(f"a: {harmless}x\nb: \x07\n")
    assert problem.message == "the character '\\x07' cannot stand in YAML"


@pytest.mark.parametrize("end", ["\r", "\u0085", "\u2028"])
def test_lines_end_where_yaml_ends_them_for_every_problem(end: str) -> None:
    assert slugs_and_places(f"a: 1{end}b: \x07{end}") == [("yaml-syntax", 2, 4)]
