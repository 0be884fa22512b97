"""How problems are shown: frames, places, escapes."""

from __future__ import annotations

import json

import pytest

from emulator.model.place import Place
from emulator.scenario.problem import SLUGS, Problem, Severity, did_you_mean, sorted_problems
from emulator.scenario.report import as_annotations, as_json, as_text, location
from emulator.scenario.source import Source

TEN_LINES = Source("x.yaml", "".join(f"line {number}\n" for number in range(1, 11)))


def problem(
    line: int, column: int = 1, file: str = "x.yaml", *, expected: str | None = None, hint: str | None = None
) -> Problem:
    return Problem(Place(file, line, column), "unknown-key", "wrong", expected, hint)


def frame(line: int, column: int, source: Source = TEN_LINES) -> list[str]:
    """Return the lines that quote a problem's file."""
    return as_text([problem(line, column)], {"x.yaml": source}).splitlines()[1:]


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        (1, 1, ["  > 1 | line 1", "      | ^", "    2 | line 2"]),
        (5, 6, ["    4 | line 4", "  > 5 | line 5", "      |      ^", "    6 | line 6"]),
        (9, 7, ["     8 | line 8", "  >  9 | line 9", "       |       ^", "    10 | line 10"]),
        (10, 1, ["     9 | line 9", "  > 10 | line 10", "       | ^"]),
        (11, 1, ["    10 | line 10"]),
    ],
)
def test_the_line_is_shown_between_its_neighbours(line: int, column: int, shown: list[str]) -> None:
    assert frame(line, column) == shown


def test_an_empty_file_has_nothing_to_show() -> None:
    assert frame(1, 1, Source("x.yaml", "")) == []


def test_a_line_is_shown_up_to_a_width() -> None:
    shown = frame(1, 1, Source("x.yaml", "a" * 10_000))
    assert shown == [f"  > 1 | {'a' * 160}", "      | ^"]


def test_the_part_of_a_long_line_that_is_wrong_is_shown() -> None:
    shown = frame(1, 301, Source("x.yaml", f"{'a' * 300}WRONG{'b' * 300}"))
    assert "WRONG" in shown[0]
    assert shown[0].index("WRONG") == shown[1].index("^")


@pytest.mark.parametrize(
    ("text", "column", "indentation"),
    [("안녕: x", 5, " " * 6), ("\ta: x", 2, "\t"), ("e\u0301: x", 5, " " * 3), ("🎉: x", 4, " " * 4)],
)
def test_the_marker_stands_below_what_it_marks_whatever_comes_before(text: str, column: int, indentation: str) -> None:
    assert frame(1, column, Source("x.yaml", text))[1] == f"      | {indentation}^"


@pytest.mark.parametrize("odd", ["\x1b[2J", "\x07", "\r", "\x9b31m", "\u202e"])
def test_nothing_in_a_file_steers_the_terminal(odd: str) -> None:
    source = Source("x.yaml", f"a: {odd}b\n")
    text = as_text([Problem(Place("x.yaml", 1, 1), "yaml-syntax", f"the key {odd}")], {"x.yaml": source})
    assert odd not in text


def test_without_its_source_a_problem_is_told_without_a_frame() -> None:
    text = as_text([problem(3, expected="a list", hint="add a dash")], {})
    assert text == "x.yaml:3:1: error[unknown-key]: wrong\n  expected a list\n  hint: add a dash"


def test_a_problem_of_a_whole_file_has_no_line() -> None:
    whole = problem(0, 0)
    assert location(whole) == "x.yaml"
    assert as_text([whole], {"x.yaml": TEN_LINES}) == "x.yaml: error[unknown-key]: wrong"
    (row,) = json.loads(as_json([whole]))
    assert (row["line"], row["column"]) == (None, None)
    assert as_annotations([whole]) == "::error file=x.yaml,title=unknown-key::wrong"


def test_problems_are_parted_by_an_empty_line() -> None:
    assert as_text([problem(0, 0), problem(0, 0)], {}).count("\n\n") == 1


def test_a_warning_is_called_one_everywhere() -> None:
    warning = Problem(Place("x.yaml", 1, 1), "unknown-key", "wrong", severity=Severity.WARNING)
    assert as_text([warning], {}).startswith("x.yaml:1:1: warning[")
    assert json.loads(as_json([warning]))[0]["severity"] == "warning"
    assert as_annotations([warning]).startswith("::warning ")


def test_annotations_escape_what_means_something_to_the_reader() -> None:
    odd = Problem(Place("a,b:c%.yaml", 3, 4), "unknown-key", "100%\r\nsure, no: yes", hint="one\ntwo")
    assert as_annotations([odd]) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3,col=4,title=unknown-key::100%25%0D%0Asure, no: yes; one%0Atwo"
    )


def test_json_keeps_every_language_readable() -> None:
    assert "안녕" in as_json([Problem(Place("한국.yaml", 1, 1), "unknown-key", "안녕")])


def test_problems_are_sorted_by_file_and_then_by_numbers() -> None:
    wanted = [problem(2, 9, "a"), problem(2, 10, "a"), problem(10, 1, "a"), problem(1, 1, "b")]
    assert sorted_problems(reversed(wanted)) == tuple(wanted)


def test_a_problem_told_twice_is_one() -> None:
    assert sorted_problems([problem(1), problem(1)]) == (problem(1),)
    assert len(sorted_problems([problem(1), problem(1, hint="other")])) == 2


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("resutl", "did you mean 'result'?"),
        ("results", "did you mean 'result'?"),
        ("eror", "did you mean 'error'?"),
        ("zzz", None),
        ("", None),
    ],
)
def test_a_word_that_is_like_another_gets_a_hint(word: str, hint: str | None) -> None:
    assert did_you_mean(word, ["result", "error", "failure"]) == hint


def test_every_kind_of_problem_is_explained_in_a_sentence() -> None:
    for slug, meaning in SLUGS.items():
        assert slug == slug.lower().strip("-")
        assert meaning[0].isupper()
        assert meaning.endswith(".")
    assert list(SLUGS) == sorted(SLUGS)


def test_a_file_is_split_into_lines_once_however_many_problems_it_has() -> None:
    class Text(str):
        __slots__ = ()
        splits = 0

        def splitlines(self, keepends: bool = False) -> list[str]:  # noqa: FBT001, FBT002 - as the built-in has it
            Text.splits += 1
            return super().splitlines(keepends)

    as_text([problem(line) for line in range(1, 10)], {"x.yaml": Source("x.yaml", Text(TEN_LINES.text))})
    assert Text.splits <= 1
