from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.model.constant import Constant
from emulator.model.effect import LogLine
from emulator.model.function import FirstMatch, Function, Sequence
from emulator.model.logs import LogLevel
from emulator.model.place import Place
from emulator.model.rule import Failure, FixedDelay, Outcome, Read, Result, Thrown
from emulator.model.scenario import Scenario
from emulator.scenario.load import Loader
from tests.support.scenarios import load_files, write_files

MILLISECOND = 1_000_000


def load(folder: Path, **files: str) -> Scenario:
    """Load files named by keywords, `parts__a` being _parts/a.yaml; `default` must be without problems."""
    names = {name.replace("parts__", "_parts/") + ".yaml": text for name, text in files.items()}
    loaded = load_files(folder, names)
    assert not loaded.problems, loaded.problems
    scenario = loaded.scenarios["default"]
    assert scenario is not None
    return scenario


def outcomes(function: Function) -> list[Outcome]:
    return [rule.outcome for rule in function.script.rules]


def result_of(scenario: Scenario, name: str) -> Any:
    (outcome,) = outcomes(scenario.functions[name])
    assert isinstance(outcome, Result)
    assert isinstance(outcome.value, Constant)
    return outcome.value.value


def test_what_only_one_file_has_is_taken_as_it_is(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_part.yaml]\nvars: {a: 1}\nfunctions: {a:b: {result: here}}",
        _part="seed: 7\ndescription: From a part.\nvars: {b: 2}\nfunctions: {c:d: {result: there}}",
    )
    assert (scenario.seed, scenario.description, scenario.vars) == (7, "From a part.", {"a": 1.0, "b": 2.0})
    assert (result_of(scenario, "a:b"), result_of(scenario, "c:d")) == ("here", "there")


def test_the_including_file_wins(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_part.yaml]\nseed: 1\nvars: {a: mine}\nfunctions: {a:b: {result: mine}}",
        _part="seed: 2\nvars: {a: theirs, b: theirs}\nfunctions: {a:b: {result: theirs}}",
    )
    assert scenario.seed == 1
    assert scenario.vars == {"a": "mine", "b": "theirs"}
    assert result_of(scenario, "a:b") == "mine"


def test_the_first_include_is_stronger_than_the_later(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_one.yaml, _two.yaml]",
        _one="seed: 1",
        _two="seed: 2\ndescription: second",
    )
    assert (scenario.seed, scenario.description) == (1, "second")


def test_what_the_first_include_includes_is_stronger_than_the_second(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_one.yaml, _two.yaml]",
        _one="include: [_deep.yaml]\nvars: {a: one}",
        _deep="vars: {a: deep, b: deep}",
        _two="vars: {a: two, b: two, c: two}",
    )
    assert scenario.vars == {"a": "one", "b": "deep", "c": "two"}


def test_mappings_are_merged_key_by_key_at_any_depth(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_part.yaml]\nvars: {a: {b: {c: 1}}, x: {y: 1}}\nidentities: {ada: {claims: {name: Ada}}}",
        _part="vars: {a: {b: {c: 2, d: 2}}, x: 3}\nidentities: {ada: {token: t, claims: {name: No, role: admin}}}",
    )
    assert scenario.vars == {"a": {"b": {"c": 1.0, "d": 2.0}}, "x": {"y": 1.0}}
    assert scenario.identities is not None
    (ada,) = scenario.identities
    assert (ada.token, ada.attributes["name"], ada.attributes["role"]) == ("t", "Ada", "admin")


def test_lists_are_joined_the_including_files_entries_first(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default='include: [_one.yaml, _two.yaml]\nvars: {list: [1]}\ndeployment: {admin_keys: ["a|1"]}',
        _one='vars: {list: [2]}\ndeployment: {admin_keys: ["b|2"]}',
        _two='vars: {list: [3]}\ndeployment: {admin_keys: ["c|3"]}',
    )
    assert scenario.vars == {"list": [1.0, 2.0, 3.0]}
    assert scenario.deployment.admin_keys == ("a|1", "b|2", "c|3")


def test_nothing_in_the_including_file_hides_what_a_part_has(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_part.yaml]\nidentities: null\nvars: {a: null}",
        _part="identities: {ada: {token: t}}\nvars: {a: {b: 1}}",
    )
    assert scenario.identities is None
    assert scenario.vars == {"a": None}


def test_a_function_is_merged_by_its_keys_each_replacing_the_other(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_part.yaml]\nfunctions: {a:b: {logs: [mine]}}",
        _part="functions: {a:b: {type: query, result: {x: 1}, logs: [theirs, too], delay: 5ms}}",
    )
    function = scenario.functions["a:b"]
    (rule,) = function.script.rules
    assert function.type is not None
    assert rule.logs == (LogLine(LogLevel.LOG, Constant(["mine"])),)
    assert rule.delay == FixedDelay(5 * MILLISECOND)
    assert result_of(scenario, "a:b") == {"x": 1.0}


def test_results_of_a_function_are_not_merged_into_each_other(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_part.yaml]\nfunctions: {a:b: {result: {x: 1}}, c:d: {rules: [{result: 1}]}}",
        _part="functions: {a:b: {result: {y: 2}}, c:d: {rules: [{result: 2}]}}",
    )
    assert result_of(scenario, "a:b") == {"x": 1.0}
    assert result_of(scenario, "c:d") == 1.0


ANSWERS = {
    "result": ("result: 1", FirstMatch, Result),
    "query": ("query: {table: notes}", FirstMatch, Read),
    "error": ("error: no", FirstMatch, Thrown),
    "failure": ("failure: internal", FirstMatch, Failure),
    "rules": ("rules: [{result: 1}]", FirstMatch, Result),
    "sequence": ("sequence: [{result: 1}]\n    repeat: true", Sequence, Result),
}


@pytest.mark.parametrize("theirs", ANSWERS)
@pytest.mark.parametrize("mine", ANSWERS)
def test_an_answer_replaces_an_answer_whatever_key_it_stands_under(mine: str, theirs: str, tmp_path: Path) -> None:
    (text, script, outcome), (other, _, _) = ANSWERS[mine], ANSWERS[theirs]
    scenario = load(
        tmp_path,
        default=f"include: [_part.yaml]\nfunctions:\n  a:b:\n    {text}\n",
        _part=f"tables: {{notes: {{}}}}\nfunctions:\n  a:b:\n    {other}\n    delay: 5ms\n",
    )
    function = scenario.functions["a:b"]
    assert type(function.script) is script
    assert [type(each) for each in outcomes(function)] == [outcome]
    assert function.script.rules[0].delay == FixedDelay(5 * MILLISECOND)


def test_what_a_part_does_goes_with_its_answer(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_part.yaml]\nfunctions: {a:b: {error: full}, c:d: {delay: 5ms}}",
        _part="state: {n: 0}\nfunctions: {a:b: {do: [{set: {n: 1}}], result: 1}, c:d: {do: [{set: {n: 1}}]}}",
    )
    assert scenario.functions["a:b"].script.rules[0].effects == ()
    assert len(scenario.functions["c:d"].script.rules[0].effects) == 1


def test_a_file_included_by_two_ways_is_taken_once(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_parts/a.yaml, _parts/b.yaml, _shared.yaml, ./_parts/../_shared.yaml]",
        parts__a="include: [../_shared.yaml]\nvars: {list: [a]}",
        parts__b="include: [../_shared.yaml]\nvars: {list: [b]}",
        _shared="vars: {list: [shared]}",
    )
    assert scenario.vars == {"list": ["a", "shared", "b"]}


def test_a_broken_file_included_by_two_ways_is_told_once(tmp_path: Path) -> None:
    files = {
        "default.yaml": "include: [_a.yaml, _b.yaml]",
        "_a.yaml": "include: [_shared.yaml]",
        "_b.yaml": "include: [_shared.yaml]",
        "_shared.yaml": "include: [_missing.yaml]\nvars: {a: 1, a: 2}",
    }
    loaded = load_files(tmp_path, files)
    assert [each.slug for each in loaded.problems] == ["include-missing", "duplicate-key"]


def test_paths_are_relative_to_the_file_they_stand_in(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        default="include: [_parts/a.yaml]",
        parts__a="include: [b.yaml, ../_c.yaml]",
        parts__b="vars: {b: 1}",
        _c="vars: {c: 1}",
    )
    assert scenario.vars == {"b": 1.0, "c": 1.0}


def test_a_part_may_be_a_scenario_of_its_own(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"default.yaml": "include: [other.yml]", "other.yml": "seed: 9"})
    assert {name: each and each.seed for name, each in loaded.scenarios.items()} == {"default": 9, "other": 9}


def test_two_scenarios_share_a_part_and_keep_their_own(tmp_path: Path) -> None:
    files = {
        "one.yaml": "include: [_part.yaml]\nvars: {a: one}",
        "two.yaml": "include: [_part.yaml]\nvars: {a: two}",
        "_part.yaml": "vars: {a: part, b: part}",
    }
    loaded = load_files(tmp_path, files)
    assert {name: each and each.vars for name, each in loaded.scenarios.items()} == {
        "one": {"a": "one", "b": "part"},
        "two": {"a": "two", "b": "part"},
    }


def test_functions_keep_the_place_they_have_in_their_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scenario = load(
        tmp_path,
        default="include: [_part.yaml]\nfunctions:\n  a:b: {result: 1}\n",
        _part="# a part\nfunctions:\n  c:d:\n    rules:\n      - result: 2\n",
    )
    here, there = scenario.functions["a:b"], scenario.functions["c:d"]
    assert here.place == Place("default.yaml", 3, 3)
    assert there.place == Place("_part.yaml", 3, 3)
    assert there.script.rules[0].place == Place("_part.yaml", 5, 9)


def test_problems_in_a_joined_list_stand_in_the_file_of_the_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        "default.yaml": "include: [_part.yaml]\nvars:\n  list: [1, {$x: 1}]\n",
        "_part.yaml": "vars:\n  list:\n    - {$y: 1}\n",
    }
    places = [each.place for each in load_files(tmp_path, files).problems]
    assert places == [Place("_part.yaml", 3, 8), Place("default.yaml", 3, 14)]


def test_merging_leaves_the_parts_as_they_are_for_the_next_load(tmp_path: Path) -> None:
    write_files(tmp_path, {"default.yaml": "include: [_p.yaml]\nvars: {l: [1], m: {a: 1}}", "_p.yaml": ""})
    (tmp_path / "_p.yaml").write_text("vars: {l: [2], m: {b: 2}}")
    loader = Loader([tmp_path])
    first, second = loader.load(), loader.load()
    assert first.scenarios["default"] is not None
    assert first.scenarios["default"].vars == {"l": [1.0, 2.0], "m": {"a": 1.0, "b": 2.0}}
    assert first == second


def test_a_link_that_leads_outside_is_no_way_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("vars: {secret: 1}")
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "_link.yaml").symlink_to(outside)
    loaded = load_files(folder, {"default.yaml": "include: [_link.yaml]"})
    assert [each.slug for each in loaded.problems] == ["include-escape"]
    assert loaded.scenarios == {"default": None}
    assert outside not in loaded.files


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    write_files(tmp_path, {"_parts/real.yaml": "vars: {a: 1}"})
    (tmp_path / "_link.yaml").symlink_to(tmp_path / "_parts" / "real.yaml")
    assert load(tmp_path, default="include: [_link.yaml]").vars == {"a": 1.0}


def test_a_scenario_folder_that_is_itself_a_link_works(tmp_path: Path) -> None:
    write_files(tmp_path / "real", {"default.yaml": "include: [_a.yaml]", "_a.yaml": "seed: 3"})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    loaded = Loader([tmp_path / "link"]).load()
    assert not loaded.problems
    assert {each.parent.name for each in loaded.files} == {"link"}


def test_files_named_alone_include_beside_themselves_and_not_above(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "sub/one.yaml": "include: [_a.yaml]",
            "sub/_a.yaml": "seed: 3",
            "sub/two.yaml": "include: [../up.yaml]",
            "up.yaml": "",
        },
    )
    assert not Loader([tmp_path / "sub" / "one.yaml"]).load().problems
    loaded = Loader([tmp_path / "sub" / "two.yaml"]).load()
    assert [each.slug for each in loaded.problems] == ["include-escape"]


@pytest.mark.parametrize("chain", [1, 2, 5])
def test_a_circle_is_told_once_whatever_its_length(chain: int, tmp_path: Path) -> None:
    files = {f"_{number}.yaml": f"include: [_{(number + 1) % chain}.yaml]" for number in range(chain)}
    loaded = load_files(tmp_path, {"default.yaml": "include: [_0.yaml]", **files})
    (problem,) = loaded.problems
    assert problem.slug == "include-cycle"
    assert problem.place.file.endswith(f"_{chain - 1}.yaml")
    assert len(loaded.files) == chain + 1


@pytest.mark.parametrize("include", ["_other.yaml", "[3]", ""])
def test_a_part_whose_own_include_is_no_list_of_texts_is_told(include: str, tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"default.yaml": "include: [_p.yaml]", "_p.yaml": f"include: {include}"})
    assert [(each.slug, Path(each.place.file).name) for each in loaded.problems] == [("wrong-type", "_p.yaml")]


UNUSABLE = {
    "a name with a null character": '"a\\0.yaml"',
    "a name longer than the system takes": f"{'a' * 300}.yaml",
    "a path longer than the system takes": f"{'a/' * 3000}b.yaml",
}


@pytest.mark.parametrize("name", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_name_that_no_file_can_have_is_a_problem(name: str, tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"default.yaml": f"include: [{name}]"})
    assert [each.slug for each in loaded.problems] == ["include-missing"]


def test_a_link_to_itself_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "_loop.yaml").symlink_to("_loop.yaml")
    loaded = load_files(tmp_path, {"default.yaml": "include: [_loop.yaml]"})
    assert [each.slug for each in loaded.problems] == ["include-missing"]
