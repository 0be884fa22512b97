"""The cache of whole loads: true, or not used."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.scenario import cache
from emulator.scenario import parse as parsing
from emulator.scenario.cache import load_cached
from emulator.scenario.load import Loaded, Loader
from emulator.scenario.source import Source
from tests.support.scenarios import write_files

FILES = {
    "default.yaml": """
        include: [_part.yaml]
        seed: 3
        identities: {ada: {token: t, claims: {name: 에이다, level: {$int64: 3}}}}
        vars: {a: [1, .inf, {$bytes: AQID}]}
        functions:
          a:b:
            type: query
            rules:
              - when: {args: {a: [1, {b: {$int64: 1}}]}, identity: ada}
                error: {message: no, data: {code: 1}}
                delay: {median: 1ms, p99: 5ms}
              - {when: {identity: null}, failure: {status: 503, code: Busy}, delay: {min: 1ms, max: 2ms}}
              - {result: {x: {$bytes: AQID}}, logs: [{warn: [low, 1]}], delay: 5ms}
              - {when: {args: {s: {$regex: "(?i)^x"}, n: {$gt: 1}}}, result: ["${uuid()} ${args.s}"]}
          c:d: {sequence: [{result: 1}, {failure: overloaded}], repeat: true}
          users:list:
            args: {name: string?, friend: id(users)?, kind: '"a" | literal(1) | null'}
            returns: "{a: record(string, int64[])}[]"
            query:
              table: users
              where: {name: "${args.name}", age: {$any: [{$lt: "${args.age}"}, {$type: null}, {$contains: 1}]}}
              order: {by: age, order: desc}
              limit: ${args.n ?? 3}
          users:page: {query: {table: users, paginate: true}}
          users:add:
            when:
              state: {mode: normal}
              headers: {X-Test: {$exists: true}}
              call: {from: 2, every: 3}
              chance: 0.5
              if: ${len(args.name) > 1}
            do:
              - insert: {into: users, document: {name: "${args.name}", n: {$int64: 1}}, as: user}
              - patch: {table: users, id: "${user}", fields: {name: x}}
              - replace: {table: users, id: "${user}", document: {}}
              - set: {mode: "${args.mode}"}
              - call: {function: a:b, args: {a: 1}, as: it}
              - log: {warn: ["${user}"]}
              - {after: 2s, do: [{delete: {table: users, id: "${user}"}}]}
            result: ${user}
        tables:
          users:
            fields: {name: string?, age: int64?, n: int64?}
            documents: [{name: Ada, age: 36}]
            count: 2
            document: {name: "${fake.name()}"}
        state: {mode: normal, big: {$int64: 3}}
        timeline: [{at: 3s, do: [{set: {mode: "${vars.a[0]}"}}]}]
        clock: {start: 2024-02-08T12:00:00Z, rate: 2}
        locale: ko_KR
    """,
    "_part.yaml": "functions: {e:f: {result: 5}}",
    "other.yaml": "deployment: {type: prod, admin_keys: [a|1]}",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with scenarios in it, its cache in another."""
    monkeypatch.setenv("EMULATOR_CACHE", str(tmp_path / "cache"))
    write_files(tmp_path / "scenarios", FILES)
    return tmp_path / "scenarios"


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


def entries(folder: Path) -> list[Path]:
    return sorted((folder.parent / "cache").glob("*"))


def load(folder: Path, seed: int | None = None) -> Loaded:
    return load_cached(Loader([folder], seed))


def test_the_second_load_equals_the_first_and_parses_nothing(folder: Path, parsed: list[str]) -> None:
    first = load(folder)
    assert not first.problems
    assert len(parsed) == 3
    second = load(folder)
    assert len(parsed) == 3
    assert second == first
    assert second is not first


def test_what_a_cached_scenario_computes_compiles_as_it_did(folder: Path) -> None:
    first, second = load(folder).scenarios["default"], load(folder).scenarios["default"]
    assert first is not None
    assert second is not None
    rules = zip(first.functions["users:add"].script.rules, second.functions["users:add"].script.rules, strict=True)
    for before, after in rules:
        assert len(before.computed) == len(after.computed) > 5
        for one, other in zip(before.computed, after.computed, strict=True):
            assert other.compiled.names == one.compiled.names
    assert second.functions["users:list"].args == first.functions["users:list"].args is not None


def test_a_cached_scenario_keeps_its_places(folder: Path) -> None:
    first, second = load(folder).scenarios["default"], load(folder).scenarios["default"]
    assert first is not None
    assert second is not None
    for name, function in first.functions.items():
        assert second.functions[name].place == function.place
        assert [each.place for each in second.functions[name].script.rules] == [
            each.place for each in function.script.rules
        ]


CHANGES: dict[str, Callable[[Path], object]] = {
    "the file itself": lambda folder: (folder / "default.yaml").write_text("seed: 4"),
    "a part": lambda folder: (folder / "_part.yaml").write_text("functions: {e:f: {result: 6}}"),
    "a part that is gone": lambda folder: (folder / "_part.yaml").unlink(),
    "another scenario": lambda folder: (folder / "other.yaml").write_text("seed: 9"),
    "a scenario more": lambda folder: (folder / "third.yaml").write_text("seed: 9"),
    "a scenario less": lambda folder: (folder / "other.yaml").unlink(),
    "a scenario of another name": lambda folder: (folder / "other.yaml").rename(folder / "third.yaml"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_changed_is_noticed(change: Callable[[Path], object], folder: Path) -> None:
    first = load(folder)
    change(folder)
    second = load(folder)
    assert second != first
    assert second == Loader([folder]).load()


def test_a_change_of_the_same_length_and_time_is_noticed(folder: Path) -> None:
    path = folder / "other.yaml"
    path.write_text("seed: 1")
    before = path.stat()
    load(folder)
    path.write_text("seed: 2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    scenario = load(folder).scenarios["other"]
    assert scenario is not None
    assert scenario.seed == 2


def test_a_change_taken_back_is_the_first_load_again(folder: Path) -> None:
    first = load(folder)
    write_files(folder, {"default.yaml": "seed: 4"})
    load(folder)
    write_files(folder, FILES)
    assert load(folder) == first


@pytest.mark.parametrize("seed", [0, 7])
def test_a_seed_from_outside_has_an_entry_of_its_own(seed: int, folder: Path) -> None:
    load(folder)
    scenario = load(folder, seed).scenarios["default"]
    assert scenario is not None
    assert scenario.seed == seed
    assert len(entries(folder)) == 2


def test_loads_from_different_folders_show_different_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for here, shown in ((folder, "default.yaml"), (folder.parent, "scenarios/default.yaml")):
        monkeypatch.chdir(here)
        scenario = load(folder).scenarios["default"]
        assert scenario is not None
        assert scenario.file == shown


def test_problems_are_not_kept(folder: Path, parsed: list[str]) -> None:
    write_files(folder, {"other.yaml": "x: 1"})
    first, second = load(folder), load(folder)
    assert len(parsed) == 6
    assert first == second
    assert first.has_errors
    assert entries(folder) == []


BROKEN = {
    "empty": b"",
    "no pickle": b"functions: {}",
    "cut short": b"\x80\x05\x95\xff\x00",
    "another record": pickle.dumps({"scenarios": {}}),
    "a class that is not there": b"cemulator.model.scenario\nMissing\n.",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_an_entry_that_cannot_be_read_is_ignored_and_replaced(data: bytes, folder: Path, parsed: list[str]) -> None:
    first = load(folder)
    (entry,) = entries(folder)
    whole = entry.read_bytes()
    entry.write_bytes(data)
    assert load(folder) == first
    assert len(parsed) == 6
    assert entry.read_bytes() == whole


def test_half_an_entry_is_ignored(folder: Path, parsed: list[str]) -> None:
    first = load(folder)
    (entry,) = entries(folder)
    entry.write_bytes(entry.read_bytes()[:-20])
    assert load(folder) == first
    assert len(parsed) == 6


class Call:
    """Pickles as a call, which unpickling would make."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.reduced


@pytest.mark.parametrize("function", [os.mkdir, Path.mkdir, eval, getattr], ids=lambda each: each.__qualname__)
def test_an_entry_that_holds_a_foreign_class_is_ignored(
    function: Callable[..., object], folder: Path, parsed: list[str]
) -> None:
    first = load(folder)
    (entry,) = entries(folder)
    made = folder.parent / "made"
    arguments: list[Any] = [f"__import__('os').mkdir({str(made)!r})"] if function is eval else [made]
    arguments += ["name"] if function is getattr else []
    entry.write_bytes(pickle.dumps(Call(function, *arguments)))
    assert load(folder) == first
    assert len(parsed) == 6
    assert not made.exists()


def reaching(module: str, name: str, argument: str) -> bytes:
    """Return a pickle that calls `name` of `module` with a path."""
    words = (module, name, "pathlib", "PosixPath", argument)
    frames = [b"\x8c" + bytes([len(each.encode())]) + each.encode() for each in words]
    return b"\x80\x04" + frames[0] + frames[1] + b"\x93" + frames[2] + frames[3] + b"\x93" + frames[4] + b"\x85R\x85R."


@pytest.mark.skipif(os.name != "posix", reason="the entry names a class of POSIX paths")
def test_an_entry_that_reaches_through_our_modules_is_ignored(folder: Path) -> None:
    first = load(folder)
    (entry,) = entries(folder)
    made = folder.parent / "made"
    entry.write_bytes(reaching("emulator.scenario.load", "Path.mkdir", str(made)))
    assert load(folder) == first
    assert not made.exists()


def test_an_entry_of_another_form_of_load_is_ignored(folder: Path, parsed: list[str]) -> None:
    first = load(folder)
    (entry,) = entries(folder)
    entry.write_bytes(pickle.dumps(Loaded({}, (), {}, {})))
    assert load(folder) == first
    assert len(parsed) == 6


def test_the_cache_can_be_off(folder: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_CACHE", "off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
    monkeypatch.chdir(folder.parent)
    assert load(folder) == load(folder)
    assert len(parsed) == 6
    assert sorted(each.name for each in folder.parent.iterdir()) == ["scenarios"]


def test_without_a_setting_the_cache_is_where_caches_belong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMULATOR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "xdg"))
    load(folder)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(folder.parent / "home"))
    monkeypatch.setenv("USERPROFILE", str(folder.parent / "home"))
    load(folder)
    found = [each.parent.relative_to(folder.parent) for each in folder.parent.rglob("*.pickle")]
    assert sorted(map(Path.as_posix, found)) == [
        "home/.cache/convex-openclaw-emulator",
        "xdg/convex-openclaw-emulator",
    ]


def test_the_number_of_entries_is_bounded_and_the_newest_stay(
    folder: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MAX_ENTRIES", 3)
    for seed in range(6):
        load(folder, seed)
        for age, each in enumerate(sorted(entries(folder), key=lambda entry: -entry.stat().st_mtime_ns)):
            os.utime(each, (1_000_000 - age, 1_000_000 - age))
        assert len(entries(folder)) == min(seed + 1, 3)
    parsed.clear()
    for seed in (3, 4, 5):
        load(folder, seed)
    assert parsed == []
    load(folder, 2)
    assert len(parsed) == 3


def test_entries_are_for_their_owner_alone(folder: Path) -> None:
    load(folder)
    (entry,) = entries(folder)
    assert entry.stat().st_mode & 0o077 == 0
    assert entry.parent.stat().st_mode & 0o077 == 0


def test_a_cache_that_cannot_be_written_is_not_missed(folder: Path) -> None:
    (folder.parent / "cache").write_text("a file where the folder should be")
    assert load(folder) == load(folder)
    assert not load(folder).problems


def test_nothing_but_whole_entries_stays_in_the_cache(folder: Path) -> None:
    for seed in range(4):
        load(folder, seed)
    assert {each.suffix for each in entries(folder)} == {".pickle"}
