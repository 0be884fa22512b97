"""Trees held against the written form: what is told, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.scenario.load import Loaded
from tests.support.scenarios import load_files


def load(folder: Path, text: str) -> Loaded:
    return load_files(folder, {"default.yaml": text})


def told(folder: Path, text: str) -> list[tuple[str, int, int]]:
    return [(each.slug, each.place.line, each.place.column) for each in load(folder, text).problems]


LEVELS = {
    "a scenario file": ("{}: 1\n", 1),
    "deployment": ("deployment: {{{}: 1}}\n", 14),
    "functions › a:b": ("functions: {{a:b: {{result: 1, {}: 1}}}}\n", 30),
    "functions › a:b › rules › 0": ("functions: {{a:b: {{rules: [{{result: 1, {}: 1}}]}}}}\n", 39),
    "functions › a:b › when": ("functions: {{a:b: {{result: 1, when: {{{}: 1}}}}}}\n", 37),
    "functions › a:b › error": ("functions: {{a:b: {{error: {{data: 1, {}: 1}}}}}}\n", 36),
    "functions › a:b › failure": ("functions: {{a:b: {{failure: {{status: 500, {}: 1}}}}}}\n", 42),
    "functions › a:b › logs › 0": ("functions: {{a:b: {{result: 1, logs: [{{info: 1, {}: 1}}]}}}}\n", 47),
    "functions › a:b › delay": ("functions: {{a:b: {{result: 1, delay: {{min: 1s, max: 1s, {}: 1}}}}}}\n", 56),
    "identities › ada": ("identities: {{ada: {{token: t, {}: 1}}}}\n", 30),
}


@pytest.mark.parametrize(("owner", "text", "column"), [(owner, *rest) for owner, rest in LEVELS.items()], ids=LEVELS)
@pytest.mark.parametrize("key", ["zzz", "키", '""', "'with space'", "1"])
def test_an_unknown_key_is_told_where_it_stands_at_every_level(
    key: str, owner: str, text: str, column: int, tmp_path: Path
) -> None:
    (problem,) = load(tmp_path, text.format(key)).problems
    assert (problem.slug, problem.place.line, problem.place.column) == ("unknown-key", 1, column)
    assert problem.message == f"{owner} has no use for the key {key.strip(chr(34) + chr(39))!r}"


@pytest.mark.parametrize(("text", "column"), LEVELS.values(), ids=LEVELS)
@pytest.mark.parametrize("key", ["<<", "<html>", "<text>"])
def test_a_key_that_begins_with_an_angle_bracket_is_told_like_any_other(
    key: str, text: str, column: int, tmp_path: Path
) -> None:
    (problem,) = load(tmp_path, text.format(key)).problems
    assert (problem.place.line, problem.place.column) == (1, column)
    assert repr(key) in problem.message


def test_a_problem_of_an_identity_in_angle_brackets_stands_where_it_is(tmp_path: Path) -> None:
    assert told(tmp_path, "identities: {<x>: {token: 1}}") == [("wrong-type", 1, 27)]


def test_a_misspelt_bound_is_held_against_the_form_it_stands_in(tmp_path: Path) -> None:
    loaded = load(tmp_path, "functions: {a:b: {result: 1, delay: {min: 1s, mx: 2s}}}")
    (unknown,) = [each for each in loaded.problems if each.slug == "unknown-key"]
    assert unknown.expected == "one of: min, max"
    assert unknown.hint == "did you mean 'max'?"


def test_problems_of_different_functions_are_told_together(tmp_path: Path) -> None:
    text = "functions:\n  a:b: {resutl: 1}\n  c:d: {result: {$x: 1}}\n  e:f: {}\n  'g h': {}\n"
    assert told(tmp_path, text) == [
        ("unknown-key", 2, 9),
        ("bad-value", 3, 18),
        ("no-outcome", 4, 8),
        ("bad-function-name", 5, 3),
        ("no-outcome", 5, 10),
    ]


TOGETHER = {
    "within a function": ("functions:\n  a:b:\n    delay: 250\n    result: {$x: 1}\n", {"bad-duration", "bad-value"}),
    "below a bad name": ("functions:\n  'a b':\n    resutl: 1\n", {"bad-function-name", "unknown-key"}),
    "in sections": ("seed: x\nvars: {a: {$x: 1}}\n", {"wrong-type", "bad-value"}),
    "in a section": ("deployment: {type: x, admin_keys: [x]}\n", {"unknown-choice", "bad-admin-key"}),
    "about names": (
        "functions: {a:b: {when: {identity: x}, result: {$x: 1}}}\n",
        {"unknown-identity", "bad-value"},
    ),
    "about two spellings": (
        "functions: {a:b: {result: {$x: 1}}, a.js:b: {result: 1}}\n",
        {"duplicate-function", "bad-value"},
    ),
}


@pytest.mark.parametrize(("text", "slugs"), TOGETHER.values(), ids=TOGETHER)
def test_problems_of_form_and_of_meaning_are_told_together(text: str, slugs: set[str], tmp_path: Path) -> None:
    assert {each.slug for each in load(tmp_path, text).problems} == slugs


def test_what_may_be_left_out_may_be_null_where_the_form_says_so(tmp_path: Path) -> None:
    text = """
        identities: null
        deployment: {name: null, admin_keys: null}
        functions:
          a:b: {type: null, when: null, error: null, failure: null, rules: null, sequence: null, delay: null, result: 1}
    """
    assert told(tmp_path, text) == []


@pytest.mark.parametrize("text", ["functions: {}", "vars: {}", "include: []", "description: ''", "seed: 0"])
def test_a_scenario_may_say_next_to_nothing(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, text) == []


@pytest.mark.parametrize("text", ["seed: 1.0", "functions: {a:b: {failure: {status: 503.0}}}"])
def test_a_whole_number_written_with_a_point_is_one(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, text) == []
