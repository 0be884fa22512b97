from __future__ import annotations

import re
from pathlib import Path

import pytest

from emulator.scenario.load import Loaded, Loader
from emulator.scenario.problem import SLUGS, sorted_problems
from emulator.scenario.report import as_text
from tests.support.golden import GOLDEN, assert_golden

PROBLEMS = GOLDEN / "problems"
CASES = sorted(each for each in PROBLEMS.iterdir() if each.suffix != ".txt")
UNIT_TESTS = GOLDEN.parent / "unit" / "scenario"
NO_TEXT_CAUSES = {"file-too-large", "not-utf8", "unreadable"}  # their cases stand in tests/unit/scenario
ONLY_CHECK_FINDS = {"bad-seed", "spec-drift"} | {
    slug for slug, meaning in SLUGS.items() if meaning.endswith("(warning).")
}

each_case = pytest.mark.parametrize("case", CASES, ids=[each.name for each in CASES])


def load_case(case: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """Load a file, or a folder from the inside, so that every place is named relative to the case."""
    monkeypatch.chdir(case if case.is_dir() else case.parent)
    return Loader([Path() if case.is_dir() else Path(case.name)]).load()


@each_case
def test_a_broken_scenario_gives_exactly_these_problems(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_case(case, monkeypatch)
    assert loaded.has_errors
    assert_golden(PROBLEMS / f"{case.stem}.txt", as_text(loaded.problems, loaded.sources))


@each_case
def test_problems_come_once_and_in_the_order_of_files_and_lines(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = load_case(case, monkeypatch).problems
    assert problems == sorted_problems(problems)
    places = [each.place for each in problems]
    assert places == sorted(places)


@each_case
def test_a_scenario_with_errors_is_none_and_one_without_is_there(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_case(case, monkeypatch)
    assert loaded.scenarios.keys() == loaded.problems_of.keys()
    for name, scenario in loaded.scenarios.items():
        assert (scenario is None) == bool(loaded.problems_of[name])


def test_every_text_belongs_to_a_case() -> None:
    texts = {each.stem for each in PROBLEMS.glob("*.txt")}
    assert texts == {each.stem for each in CASES}


def test_every_kind_of_problem_occurs_in_some_text() -> None:
    texts = "\n".join(each.read_text(encoding="utf-8") for each in PROBLEMS.glob("*.txt"))
    seen = set(re.findall(r"^\S.*?: (?:error|warning)\[([\w-]+)\]: ", texts, re.MULTILINE))
    assert seen == SLUGS.keys() - NO_TEXT_CAUSES - ONLY_CHECK_FINDS


def test_no_text_speaks_in_the_words_of_a_library() -> None:
    foreign = re.compile(r"(Input|String|Dictionary|List|Value error|Extra inputs) (should|are|,)|pydantic")
    kept = [(each.stem, line) for each in PROBLEMS.glob("*.txt") for line in each.read_text("utf-8").splitlines()]
    told = [(stem, line) for stem, line in kept if not re.match(r"  .*\d+ \| ", line)]
    assert [each for each in told if foreign.search(each[1])] == []


def test_the_other_kinds_of_problem_occur_in_unit_tests() -> None:
    code = "\n".join(each.read_text(encoding="utf-8") for each in UNIT_TESTS.glob("test_*.py"))
    assert [each for each in sorted(NO_TEXT_CAUSES) if f'"{each}"' not in code] == []
