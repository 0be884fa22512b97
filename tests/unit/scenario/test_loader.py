"""What a loader keeps between loads, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.model.function import Function
from emulator.model.scenario import Scenario
from emulator.scenario import load as loading
from emulator.scenario import parse as parsing
from emulator.scenario.load import Loader
from emulator.scenario.source import Source, digest_of, read_file
from tests.support.scenarios import load_files, write_files

BOTH = {
    "default.yaml": "include: [_part.yaml]\nfunctions:\n  a:b: {result: 1}\n  a:c: {result: 1}\n",
    "_part.yaml": "functions:\n  c:d: {result: 2, delay: {min: 1ms, max: 2ms}}\n",
}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that get parsed, as they are."""
    names: list[str] = []
    parse = parsing.parse

    def count(source: Source) -> object:
        names.append(Path(source.file).name)
        return parse(source)

    monkeypatch.setattr(parsing, "parse", count)
    return names


def scenario_of(loader: Loader) -> Scenario:
    loaded = loader.load()
    assert not loaded.problems, loaded.problems
    scenario = loaded.scenarios["default"]
    assert scenario is not None
    return scenario


def functions_of(loader: Loader) -> dict[str, Function]:
    return dict(scenario_of(loader).functions)


def test_a_file_that_stayed_the_same_is_not_parsed_again(tmp_path: Path, parsed: list[str]) -> None:
    write_files(tmp_path, BOTH)
    loader = Loader([tmp_path])
    loader.load()
    assert parsed == ["default.yaml", "_part.yaml"]
    loader.load()
    assert parsed == ["default.yaml", "_part.yaml"]
    write_files(tmp_path, {"_part.yaml": "seed: 1"})
    loader.load()
    assert parsed == ["default.yaml", "_part.yaml", "_part.yaml"]


def test_a_file_that_two_scenarios_share_is_parsed_once(tmp_path: Path, parsed: list[str]) -> None:
    write_files(tmp_path, {**BOTH, "other.yaml": "include: [_part.yaml]"})
    Loader([tmp_path]).load()
    assert sorted(parsed) == ["_part.yaml", "default.yaml", "other.yaml"]


def test_a_file_touched_without_a_change_is_not_parsed_again(tmp_path: Path, parsed: list[str]) -> None:
    write_files(tmp_path, BOTH)
    loader = Loader([tmp_path])
    first = loader.load()
    write_files(tmp_path, BOTH)
    assert loader.load() == first
    assert len(parsed) == 2


def test_a_function_that_stayed_the_same_is_the_very_same_object(tmp_path: Path) -> None:
    write_files(tmp_path, BOTH)
    loader = Loader([tmp_path])
    before = functions_of(loader)
    write_files(tmp_path, {"default.yaml": BOTH["default.yaml"].replace("result: 1", "result: 3", 1)})
    after = functions_of(loader)
    assert after["c:d"] is before["c:d"]
    assert after["a:b"] != before["a:b"]
    assert after["a:c"] == before["a:c"]


def test_functions_stay_the_same_objects_over_many_loads(tmp_path: Path) -> None:
    write_files(tmp_path, BOTH)
    loader = Loader([tmp_path])
    first = functions_of(loader)
    for seed in range(3):
        write_files(tmp_path, {"_seed.yaml": f"seed: {seed}"})
        after = functions_of(loader)
        assert all(after[name] is function for name, function in first.items())


def test_a_function_merged_from_two_files_follows_both(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "default.yaml": "include: [_part.yaml]\nfunctions: {a:b: {logs: [x]}}",
            "_part.yaml": "functions: {a:b: {result: 1}}",
        },
    )
    loader = Loader([tmp_path])
    before = functions_of(loader)["a:b"]
    write_files(tmp_path, {"_part.yaml": "functions: {a:b: {result: 2}}"})
    assert functions_of(loader)["a:b"] != before


def test_a_function_moved_down_in_its_file_has_its_new_place(tmp_path: Path) -> None:
    write_files(tmp_path, BOTH)
    loader = Loader([tmp_path])
    before = functions_of(loader)["c:d"]
    write_files(tmp_path, {"_part.yaml": "\n\n" + BOTH["_part.yaml"]})
    after = functions_of(loader)["c:d"]
    assert after == before
    assert after.place.line == before.place.line + 2


def test_one_node_under_two_names_makes_two_functions(tmp_path: Path) -> None:
    write_files(tmp_path, {"default.yaml": "functions: {a:b: &x {result: 1}, c:d: *x}"})
    loader = Loader([tmp_path])
    for _ in range(3):
        functions = functions_of(loader)
        assert {name: each.path.public for name, each in functions.items()} == {"a:b": "a:b", "c:d": "c:d"}


def test_problems_of_a_file_that_stayed_the_same_are_told_again(tmp_path: Path) -> None:
    write_files(tmp_path, {"default.yaml": "seed: 1", "broken.yaml": "functions: {a:b: {resutl: 1}}\nseed: 1\nseed: 2"})
    loader = Loader([tmp_path])
    first = loader.load()
    assert [each.slug for each in first.problems] == ["unknown-key", "duplicate-key"]
    write_files(tmp_path, {"default.yaml": "seed: 2"})
    second = loader.load()
    assert second.problems == first.problems
    assert second.scenarios["broken"] is None


def test_a_mended_file_is_without_problems(tmp_path: Path) -> None:
    write_files(tmp_path, {"default.yaml": "functions: {a:b: {result: 1, error: no}}"})
    loader = Loader([tmp_path])
    assert loader.load().has_errors
    write_files(tmp_path, {"default.yaml": "functions: {a:b: {result: 1}}"})
    assert list(functions_of(loader)) == ["a:b"]


def test_a_part_that_appears_after_the_first_load_is_taken(tmp_path: Path) -> None:
    write_files(tmp_path, {"default.yaml": "include: [_part.yaml]"})
    loader = Loader([tmp_path])
    assert [each.slug for each in loader.load().problems] == ["include-missing"]
    write_files(tmp_path, {"_part.yaml": "seed: 5"})
    assert scenario_of(loader).seed == 5
    (tmp_path / "_part.yaml").unlink()
    assert [each.slug for each in loader.load().problems] == ["include-missing"]


def test_scenarios_come_and_go_with_their_files(tmp_path: Path) -> None:
    write_files(tmp_path, {"default.yaml": "seed: 1"})
    loader = Loader([tmp_path])
    write_files(tmp_path, {"other.yaml": "seed: 2"})
    assert list(loader.load().scenarios) == ["default", "other"]
    (tmp_path / "default.yaml").unlink()
    assert list(loader.load().scenarios) == ["other"]


def test_digests_of_all_files_read_tell_whether_anything_changed(tmp_path: Path) -> None:
    write_files(tmp_path, BOTH)
    loader = Loader([tmp_path])
    first = loader.load().files
    assert list(first) == [tmp_path / "default.yaml", tmp_path / "_part.yaml"]
    write_files(tmp_path, {"_part.yaml": "seed: 1"})
    second = loader.load().files
    assert [path.name for path in first if first[path] != second[path]] == ["_part.yaml"]


def test_the_sources_of_all_files_are_there_to_quote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sources = load_files(tmp_path, BOTH).sources
    assert {name: each.text for name, each in sources.items()} == BOTH


def test_problems_are_told_for_each_scenario_apart(tmp_path: Path) -> None:
    files = {
        "good.yaml": "seed: 1",
        "one.yaml": "include: [_part.yaml]",
        "two.yaml": "include: [_part.yaml]\nx: 1",
        "_part.yaml": "seed: x",
    }
    loaded = load_files(tmp_path, files)
    assert {name: [each.slug for each in own] for name, own in loaded.problems_of.items()} == {
        "good": [],
        "one": ["wrong-type"],
        "two": ["wrong-type", "unknown-key"],
    }
    assert [each.slug for each in loaded.problems] == ["wrong-type", "unknown-key"]
    assert [name for name, each in loaded.scenarios.items() if each] == ["good"]


@pytest.mark.parametrize("text", ["seed: 42", "", "include: [_part.yaml]"])
def test_a_seed_from_outside_overrides_every_files_own(text: str, tmp_path: Path) -> None:
    files = {"default.yaml": f"{text}\nvars: {{}}", "_part.yaml": "seed: 3", "other.yaml": "seed: 8"}
    loaded = load_files(tmp_path, files, seed=0)
    assert [each and each.seed for each in loaded.scenarios.values()] == [0, 0]


def test_without_a_seed_from_outside_it_is_the_files_own_or_zero(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"a.yaml": "seed: -42", "b.yaml": "vars: {}"})
    assert [each and each.seed for each in loaded.scenarios.values()] == [-42, 0]


def test_the_admin_key_follows_from_the_seed_and_the_name(tmp_path: Path) -> None:
    files = {"a.yaml": "seed: 1", "b.yaml": "seed: 1", "c.yaml": "seed: 2", "d.yaml": "seed: 1\ndeployment: {name: x}"}
    loaded = load_files(tmp_path, files)
    keys = [each.deployment.admin_keys[0] for each in loaded.scenarios.values() if each]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert [key.partition("|")[0] for key in keys] == [*["local-emulator"] * 3, "x"]


def test_a_file_that_changes_while_scenarios_are_read_is_one_and_the_same_in_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, dict.fromkeys(("one.yaml", "two.yaml"), "include: [_part.yaml]"))
    write_files(tmp_path, {"_part.yaml": "seed: 0"})
    written = 0

    def read_and_change(path: Path) -> object:
        nonlocal written
        data = read_file(path)
        written += 1
        (tmp_path / "_part.yaml").write_text(f"seed: {written}")
        return data

    monkeypatch.setattr(loading, "read_file", read_and_change)
    loader = Loader([tmp_path])
    loaded = loader.load()
    one, two = loaded.scenarios["one"], loaded.scenarios["two"]
    assert one is not None
    assert two is not None
    assert one.seed == two.seed == 1
    assert loaded.files[tmp_path / "_part.yaml"] == digest_of(b"seed: 1")
    again = loader.load().scenarios["two"]
    assert again is not None
    assert again.seed > two.seed


@pytest.mark.parametrize("text", ["tables: {t: {docu", "functions:\n  a:b: {result: ", "seed: 4\ntables:\n\t"])
def test_a_file_that_is_half_written_is_a_problem_and_whole_again_it_is_none(text: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"default.yaml": text})
    loader = Loader([tmp_path])
    assert loader.load().has_errors
    write_files(tmp_path, {"default.yaml": "seed: 4"})
    assert scenario_of(loader).seed == 4


def test_a_file_that_vanishes_before_it_is_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"default.yaml": "include: [_part.yaml]", "_part.yaml": "seed: 1"})

    def vanish(path: Path) -> object:
        if path.name == "_part.yaml":
            path.unlink()
        return read_file(path)

    monkeypatch.setattr(loading, "read_file", vanish)
    loaded = Loader([tmp_path]).load()
    assert [(each.slug, Path(each.place.file).name) for each in loaded.problems] == [("unreadable", "_part.yaml")]
    assert loaded.scenarios == {"default": None}


def test_a_part_that_is_no_utf8_is_told_where_it_is_none_behind_korean(tmp_path: Path) -> None:
    write_files(tmp_path, {"default.yaml": "include: [_part.yaml]\nseed: x"})
    (tmp_path / "_part.yaml").write_bytes("vars: {a: 1}\nstate: {인사: 안녕".encode() + b"\xb0\xa1}\n")
    found = [(each.slug, Path(each.place.file).name, each.place.column) for each in Loader([tmp_path]).load().problems]
    assert found == [("not-utf8", "_part.yaml", 15), ("wrong-type", "default.yaml", 7)]


def test_a_path_that_one_may_not_even_look_at_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    loaded = Loader([tmp_path / "secret.yaml"]).load()
    assert [each.slug for each in loaded.problems] == ["unreadable"]


def test_a_function_that_stayed_the_same_keeps_its_tables_effects_and_validators(tmp_path: Path) -> None:
    text = """
        functions:
          a:b:
            args: {id: id(users)}
            do: [{insert: {into: users, document: {a: "${args.id}"}, as: user}}]
            query: {table: users, where: {a: "${user}"}}
        tables: {users: {}}
    """
    write_files(tmp_path, {"_part.yaml": text, "default.yaml": "include: [_part.yaml]\nseed: 1"})
    loader = Loader([tmp_path])
    before = scenario_of(loader)
    write_files(tmp_path, {"default.yaml": "include: [_part.yaml]\nseed: 2"})
    after = scenario_of(loader)
    assert after.functions["a:b"] is before.functions["a:b"]
    assert after.tables == before.tables


SECTIONS = {"table": "tables: {users: {}}", "state": "state: {mode: 1}", "var": "vars: {hello: 1}"}


@pytest.mark.parametrize("kind", SECTIONS)
def test_names_that_a_function_which_stayed_the_same_uses_are_looked_for_anew(kind: str, tmp_path: Path) -> None:
    text = """
        functions:
          a:b:
            when: {state: {mode: 1}}
            query: {table: users, where: {a: "${vars.hello}"}}
    """
    whole = "\n".join(["include: [_part.yaml]", *SECTIONS.values()])
    write_files(tmp_path, {"_part.yaml": text, "default.yaml": whole})
    loader = Loader([tmp_path])
    before = scenario_of(loader).functions["a:b"]
    write_files(tmp_path, {"default.yaml": whole.replace(SECTIONS[kind], "")})
    assert [each.slug for each in loader.load().problems] == [f"unknown-{kind}"]
    write_files(tmp_path, {"default.yaml": whole})
    assert scenario_of(loader).functions["a:b"] is before
