"""Cutting texts without breaking what people see as one character (Unicode annex 29)."""

from __future__ import annotations

import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.values.graphemes import graphemes, lines, words

JOINER = "\u200d"
WHOLE = {
    "a letter and its accent": "e\u0301",
    "a letter and many": "a\u0301\u0308\u0323\u20dd",
    "an emoji and its skin": "👍🏽",
    "an emoji in its colours": "❤\ufe0f",
    "a family": "👩\u200d👩\u200d👧\u200d👦",
    "a profession with a skin": "👩🏾\u200d⚕\ufe0f",
    "a head that shakes": "🙂\u200d↔\ufe0f",
    "an emoji newer than our tables": "\U0001fae9\U0001f3fd",
    "a flag": "🇰🇷",
    "a flag of a country's part": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "a key": "1\ufe0f\u20e3",
    "a syllable of letters": "\u1112\u1161\u11ab",
    "a syllable without an end and one": "하\u11ab",
    "an old syllable": "\ua960\ud7b0\ud7cb",
    "a Devanagari conjunct": "क्ष",
    "a Devanagari conjunct that is joined": "क्\u200dषि",
    "a Tamil syllable": "நி",
    "a Thai syllable": "กำ",
    "a half-width kana with its voice": "ｶ\uff9e",
    "a number sign of Arabic": "\u0600١",
    "a line's end": "\r\n",
    "two halves of one character": "\ud83d\ude00",
}
BROKEN = {
    "letters": ["a", "b"],
    "Korean syllables": ["안", "녕"],
    "a syllable with an end and a vowel": ["한", "\u1161"],
    "two flags": ["🇰🇷", "🇺🇸"],
    "a flag and half of one": ["🇰🇷", "🇺"],
    "emoji": ["👍", "👎"],
    "a family and somebody else": ["👩\u200d👧", "👦"],
    "letters that a joiner stands between": ["a\u200d", "b"],
    "Indic letters": ["क", "ष"],
    "a line's end and an accent": ["\n", "\u0301"],
    "an accent behind a control": ["\x07", "\u0301"],
    "an invisible space": ["a", "\u200b", "b"],
    "a joiner and a line's end": ["👩\u200d", "\n"],
    "line feeds": ["\n", "\n", "\r", "\r\n"],
    "two first halves": ["\ud83d", "\ud83d\ude00"],
}
PIECES = [each for text in [*WHOLE.values(), *("".join(each) for each in BROKEN.values())] for each in (text, *text)]
TEXTS = st.lists(st.sampled_from([*PIECES, " ", "\t", "\u3000"]) | st.characters(), max_size=12).map("".join)


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_what_people_see_as_one_character_stays_whole(text: str) -> None:
    assert list(graphemes(text)) == [text]
    assert list(graphemes(f"{text}\n{text}")) == [text, "\n", text]


@pytest.mark.parametrize("pieces", BROKEN.values(), ids=BROKEN)
def test_different_characters_are_different_pieces(pieces: list[str]) -> None:
    assert list(graphemes("".join(pieces))) == pieces


def test_nothing_has_no_pieces() -> None:
    assert (list(graphemes("")), words(""), lines("")) == ([], [], [])


@given(TEXTS)
def test_pieces_joined_are_the_text(text: str) -> None:
    for pieces in (list(graphemes(text)), words(text), lines(text)):
        assert "".join(pieces) == text
        assert all(pieces)


@given(TEXTS)
def test_words_and_lines_break_no_character(text: str) -> None:
    whole, place = {0}, 0
    for piece in graphemes(text):
        place += len(piece)
        whole.add(place)
    for pieces in (words(text), lines(text)):
        place = 0
        for piece in pieces:
            place += len(piece)
            assert place in whole, (text, pieces)


@given(TEXTS)
def test_no_piece_begins_with_what_belongs_to_the_one_before(text: str) -> None:
    for before, after in pairwise(graphemes(text)):
        is_control = unicodedata.category(before[-1]) in ("Cc", "Cf", "Zl", "Zp") and before[-1] not in "\u200c\u200d"
        if not is_control:
            assert unicodedata.category(after[0]) not in ("Mn", "Mc", "Me"), (before, after)
            assert after[0] not in (JOINER, "\ufe0f"), (before, after)
            assert not 0x1F3FB <= ord(after[0]) <= 0x1F3FF, (before, after)
        assert (before[-1], after[0]) != ("\r", "\n")
        assert not ("\ud800" <= before[-1] <= "\udbff" and "\udc00" <= after[0] <= "\udfff")


@given(st.text(alphabet="\u1100\u1112\u1161\u1175\u11a8\u11c2가각한힣", max_size=12))
def test_hangul_is_broken_where_its_composed_form_is(text: str) -> None:
    composed = [unicodedata.normalize("NFC", piece) for piece in graphemes(unicodedata.normalize("NFD", text))]
    assert composed == [unicodedata.normalize("NFC", piece) for piece in graphemes(unicodedata.normalize("NFC", text))]


@given(st.lists(st.sampled_from(["🇰🇷", "🇺🇸", "🇰", "a"]), max_size=9).map("".join))
def test_flags_are_two_letters_each(text: str) -> None:
    for piece in graphemes(text):
        assert piece == "a" or len(piece) <= 2


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("오늘은 비가 와요.", ["오늘은 ", "비가 ", "와요."]),
        ("  two   words\n", ["  two   ", "words\n"]),
        ("one\n\n\ttwo", ["one\n\n\t", "two"]),
        (" \n\t ", [" \n\t "]),
        ("a\u3000b\u00a0c", ["a\u3000", "b\u00a0", "c"]),
        ("a \u0301b c", ["a \u0301b ", "c"]),
    ],
)
def test_words_keep_the_white_space_behind_them(text: str, pieces: list[str]) -> None:
    assert words(text) == pieces


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("one\ntwo", ["one\n", "two"]),
        ("one\r\n\r\ntwo\n", ["one\r\n", "\r\n", "two\n"]),
        ("\n\n", ["\n", "\n"]),
        ("no line feed\rbut this", ["no line feed\rbut this"]),
    ],
)
def test_lines_keep_their_line_feeds(text: str, pieces: list[str]) -> None:
    assert lines(text) == pieces


@pytest.mark.parametrize("text", [" " * 200_000, "a" * 200_000, "한글 " * 60_000, "\n" * 200_000, "é" * 200_000])
def test_long_texts_are_cut_in_time_that_follows_their_length(text: str) -> None:
    began = time.perf_counter()
    for pieces in (list(graphemes(text)), words(text), lines(text)):
        assert "".join(pieces) == text
    assert time.perf_counter() - began < 3
