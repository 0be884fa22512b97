"""Where the characters of a text stand in the file that it is written in."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emulator.model.place import Place
from emulator.scenario.parse import parse
from emulator.scenario.source import Source
from emulator.scenario.spot import spot

WAYS = {
    "plain": "a: one two @x",
    "plain, over lines": "a: one\n  two\n\n  @x",
    "single quotes": "a: 'one two @x'",
    "single quotes with quotes in them": "a: 'one ''two'' @x'",
    "double quotes": 'a: "one two @x"',
    "double quotes over lines": 'a: "one\n\n   two @x"',
    "double quotes with escapes": r'a: "one \"two\" \\ \/ \u00e9 \x41 \U0001F389 @x"',
    "escapes that are white space": r'a: "one\ttwo\n\_\N\L\P\x20\u00a0\  @x"',
    "a line continued": 'a: "one \\\n  two@x"',
    "a line continued with a blank": 'a: "one\\\n  \\ two@x"',
    "literal": "a: |\n  one\n\n    two @x\n",
    "literal with an indicator": "a: |2-\n    one two @x",
    "folded": "a: >\n  one\n  two\n\n  @x",
    "folded with a comment": "a: >- # @y\n  one @x",
    "tag and anchor": 'a: !!str &name "one @x"',
    "tag and anchor before a block": "a: !!str &name |\n  one @x",
    "a tag on a line of its own": "a: !!str\n  one @x",
    "Korean before it": "안녕: 민지, 에이다 @x",
    "Korean and escapes before it": r'{안녕: "민지\t🎉 @x"}',
    "in a list": "a: [one, 'it''s @x']",
    "behind other line ends": 'a: "one\r\n  two\x85  three\u2028  @x"',
}


def last_text(source: Source) -> tuple[str, Place]:
    tree, problems = parse(source)
    assert tree is not None
    assert not problems
    (entry,) = tree.entries()
    if isinstance(entry.value, list):
        return str(entry.value[-1]), entry.value.item_place(len(entry.value) - 1)
    return str(entry.value), entry.value_place


@pytest.mark.parametrize("written", WAYS.values(), ids=WAYS)
def test_a_character_is_found_however_the_text_is_written(written: str) -> None:
    source = Source("a.yaml", written)
    text, place = last_text(source)
    found = spot(source, place, text, text.index("@x"))
    line = source.line(found.line)
    assert line is not None
    assert line[found.column - 1 :].startswith("@x")
    after = spot(source, place, text, text.index("@x") + 1)
    assert (after.line, after.column) == (found.line, found.column + 1)


@pytest.mark.parametrize("written", WAYS.values(), ids=WAYS)
def test_white_space_and_the_end_stand_behind_what_is_before_them(written: str) -> None:
    source = Source("a.yaml", written)
    text, place = last_text(source)
    places = [spot(source, place, text, offset) for offset in range(len(text) + 1)]
    assert places == sorted(places)
    assert places[0] >= place


def test_a_text_behind_an_alias_stands_where_the_alias_does() -> None:
    source = Source("a.yaml", "a: [&x 'one @x', *x, \"@x\"]")
    tree, _ = parse(source)
    assert tree is not None
    items = tree["a"]
    assert isinstance(items, list)
    place = items.item_place(1)
    assert spot(source, place, "one @x", 4) == place


def test_without_the_file_a_character_stands_where_its_text_does() -> None:
    assert spot(None, Place("b.yaml", 3, 7), "one @x", 4) == Place("b.yaml", 3, 7)
    assert spot(Source("b.yaml", "a: 1"), Place("b.yaml", 3, 7), "one @x", 4) == Place("b.yaml", 3, 7)


def test_a_long_text_with_many_characters_to_find_is_walked_once() -> None:
    source = Source("a.yaml", "a: |\n" + "  안녕 @x\n" * 20_000)
    text, place = last_text(source)
    last = text.rindex("@x")
    assert all(spot(source, place, text, last) == Place("a.yaml", 20_001, 6) for _ in range(20_000))


SIGNS = ("a", "b", " ", "  ", "\n", "'", '"', "\\", "#", ": ", "한", "🎉", "\t", "\xa0", "\x07", "%", "-", "}")
TEXTS = st.lists(st.sampled_from(SIGNS), max_size=40).map("".join)


@settings(max_examples=400)
@given(text=TEXTS, style=st.sampled_from(["'", '"', "|", ">", None]), width=st.sampled_from([5, 20, 80]))
def test_every_character_that_is_written_as_it_is_gets_found(text: str, style: str | None, width: int) -> None:
    dumped = yaml.dump({"a": [text]}, default_style=style, width=width, allow_unicode=True)
    source = Source("a.yaml", dumped)
    tree, problems = parse(source)
    assume(tree is not None and not problems)  # what PyYAML writes it does not always read
    assert tree is not None
    items = next(iter(tree.values()))
    assert isinstance(items, list)
    place, text = items.item_place(0), str(items[0])
    for offset, character in enumerate(text):
        if not character.isspace():
            found = spot(source, place, text, offset)
            written = (source.line(found.line) or "")[found.column - 1 :]
            assert written.startswith((character, "\\"))
