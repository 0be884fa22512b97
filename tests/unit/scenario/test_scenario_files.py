"""Which files are scenarios, what they are called, and which one is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.model.place import Place
from emulator.scenario import files, source
from emulator.scenario.files import find_files, find_scenarios
from emulator.scenario.load import Loaded, Loader, choose
from emulator.scenario.problem import Problem
from tests.support.scenarios import load_files, write_files

SOUND = "functions: {a:b: {result: 1}}\n"


def only_problem(loaded: Loaded) -> Problem:
    (problem,) = loaded.problems
    return problem


def test_each_yaml_file_of_a_folder_is_a_scenario_named_after_it(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"b.yaml": SOUND, "a.yml": SOUND, "with.dot.yaml": SOUND, "한국어.yaml": SOUND})
    assert list(loaded.scenarios) == ["a", "b", "with.dot", "한국어"]
    assert [each and each.name for each in loaded.scenarios.values()] == ["a", "b", "with.dot", "한국어"]
    assert not loaded.problems


@pytest.mark.parametrize(
    "name",
    ["_part.yaml", ".hidden.yaml", "notes.txt", "data.json", "default.yaml.bak", "yaml", "sub/deep.yaml", "B.YAML"],
)
def test_other_files_are_no_scenarios_and_are_not_read(name: str, tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"default.yaml": SOUND, name: "\t: not YAML"})
    assert list(loaded.scenarios) == ["default"]
    assert list(loaded.files) == [tmp_path / "default.yaml"]
    assert not loaded.problems


def test_a_folder_called_like_a_scenario_is_none(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert list(load_files(tmp_path, {"default.yaml": SOUND}).scenarios) == ["default"]


def test_a_file_named_alone_is_a_scenario_whatever_its_name(tmp_path: Path) -> None:
    write_files(tmp_path, {"_part.yaml": SOUND, "sub/other.txt": SOUND, "beside.yaml": "broken"})
    loaded = Loader([tmp_path / "_part.yaml", tmp_path / "sub" / "other.txt"]).load()
    assert list(loaded.scenarios) == ["_part", "other"]
    assert not loaded.problems


def test_files_and_folders_are_taken_in_the_order_they_are_named(tmp_path: Path) -> None:
    write_files(tmp_path, {"z.yaml": SOUND, "sub/b.yaml": SOUND, "sub/a.yaml": SOUND})
    assert list(Loader([tmp_path / "z.yaml", tmp_path / "sub"]).load().scenarios) == ["z", "a", "b"]


def test_the_same_file_named_twice_is_one_scenario(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yaml": SOUND})
    loaded = Loader([tmp_path / "a.yaml", tmp_path]).load()
    assert list(loaded.scenarios) == ["a"]
    assert not loaded.problems


def test_two_files_of_one_name_are_a_problem_of_the_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, {"one/a.yaml": SOUND, "two/a.yml": SOUND})
    problem = only_problem(Loader([Path("one"), Path("two")]).load())
    assert problem.slug == "duplicate-scenario"
    assert problem.place == Place("two/a.yml", 0, 0)
    assert "one/a.yaml" in problem.message


def test_a_folder_without_scenarios_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, {"parts/_part.yaml": SOUND, "parts/sub/deep.yaml": SOUND})
    loaded = Loader([Path("parts")]).load()
    assert loaded.scenarios == {}
    assert loaded.has_errors
    problem = only_problem(loaded)
    assert (problem.slug, problem.place) == ("empty-folder", Place("parts", 0, 0))


def test_a_path_that_is_not_there_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = Loader([Path("scenarois")]).load()
    assert loaded.scenarios == {"scenarois": None}
    problem = only_problem(loaded)
    assert (problem.slug, problem.place) == ("unreadable", Place("scenarois", 0, 0))
    assert problem.message == "cannot read scenarois: No such file or directory"


def test_a_file_over_the_cap_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(source, "MAX_FILE_BYTES", 2**20)
    (tmp_path / "default.yaml").write_bytes(b"#" * 2**20)
    assert only_problem(Loader([Path("default.yaml")]).load()).slug == "empty-file"
    (tmp_path / "default.yaml").write_bytes(b"#" * (2**20 + 1))
    problem = only_problem(Loader([Path("default.yaml")]).load())
    assert (problem.slug, problem.place) == ("file-too-large", Place("default.yaml", 0, 0))
    assert problem.message == "default.yaml is larger than 1 MiB"


@pytest.mark.parametrize(
    ("data", "place", "byte"),
    [
        (b"\xff", (1, 1), "ff"),
        (b"a: 1\nb: \xe9t\xe9\n", (2, 4), "e9"),
        ("a: 1\n한국: ".encode() + b"\x80", (2, 5), "80"),
        (b"a: \xed\xa0\x80", (1, 4), "ed"),
        ("a: 한".encode("utf-16"), (1, 1), "ff"),
        (b"a: x\xe2\x82", (1, 5), "e2"),
    ],
)
def test_bytes_that_are_no_utf8_are_a_problem_where_they_stand(
    data: bytes, place: tuple[int, int], byte: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "default.yaml").write_bytes(data)
    problem = only_problem(Loader([Path("default.yaml")]).load())
    assert (problem.slug, problem.place) == ("not-utf8", Place("default.yaml", *place))
    assert problem.message == f"byte 0x{byte} is not UTF-8"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "default.yaml").write_bytes(b"\xef\xbb\xbfseed: 3\n")
    loaded = Loader([tmp_path]).load()
    scenario = loaded.scenarios["default"]
    assert scenario is not None
    assert scenario.seed == 3
    assert [each.text for each in loaded.sources.values()] == ["seed: 3\n"]


def test_files_are_shown_relative_to_where_one_stands_and_else_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, {"sub/default.yaml": "x: 1", "else/where.txt": ""})
    monkeypatch.chdir(tmp_path)
    assert only_problem(Loader([tmp_path / "sub"]).load()).place.file == "sub/default.yaml"
    monkeypatch.chdir(tmp_path / "else")
    assert only_problem(Loader([Path("../sub")]).load()).place.file == str(tmp_path / "sub" / "default.yaml")


def test_a_scenario_knows_the_file_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scenario = load_files(tmp_path, {"a.yaml": SOUND}).scenarios["a"]
    assert scenario is not None
    assert (scenario.name, scenario.file) == ("a", "a.yaml")


@pytest.mark.parametrize(
    ("names", "wanted", "chosen"),
    [
        (["a", "b", "default"], "b", "b"),
        (["a", "b", "default"], None, "default"),
        (["a", "b", "default"], "c", None),
        (["a"], None, "a"),
        (["a", "b"], None, None),
        ([], None, None),
        ([], "a", None),
    ],
)
def test_the_wanted_scenario_is_taken_else_default_else_the_only_one(
    names: list[str], wanted: str | None, chosen: str | None
) -> None:
    loaded = Loaded(dict.fromkeys(names), (), {}, {})
    assert choose(loaded, wanted) == chosen


def test_the_files_of_a_folder_are_found_below_it_and_hidden_folders_aside(tmp_path: Path) -> None:
    write_files(tmp_path, dict.fromkeys(["b.yaml", "a.yml", "sub/c.yaml", "_p/d.yaml", ".git/e.yaml", "f.txt"], ""))
    found = [str(each.relative_to(tmp_path)) for each in find_files(tmp_path)]
    assert found == ["a.yml", "b.yaml", "_p/d.yaml", "sub/c.yaml"]


def test_a_vast_tree_is_not_walked_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MAX_FOLDERS", 3)
    write_files(tmp_path, {f"{number}/a.yaml": "" for number in range(9)})
    assert len(list(find_files(tmp_path))) == 2


def test_a_folder_that_cannot_be_listed_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    _, problems = find_scenarios([tmp_path])
    assert [each.slug for each in problems] == ["unreadable"]
