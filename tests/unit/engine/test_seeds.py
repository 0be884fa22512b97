"""First documents: what tables begin with, and what a reload begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.surroundings import UncomputableError
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loader
from emulator.values.convex import Int64, Value
from emulator.values.ids import decode_id
from tests.support.engine import QUERY, call, emulator_of, value_of
from tests.support.scenarios import load_text
from tests.support.tables import change, documents, fields, variables

TEXT = """
seed: 4
locale: en_US
vars: {city: Seoul, unused: 1}
state: {mode: calm, n: 1}
tables:
  users:
    count: 3
    document: {name: "${fake.name()}", city: "${vars.city}", key: "${uuid()}", number: "${index}", ok: true}
  notes:
    fields: {text: string, by: 'id("users")', likes: int64}
    count: 2
    document: {text: "${state.mode}", by: "${tables.users[index]._id}", likes: 1}
    documents: [{text: first, by: j57000820c20a1g7104gm2rc1m70ynr8, likes: 5}]
  plain: {documents: [{flag: true}, {flag: 0}]}
  empty: {}
functions:
  u:add: {do: [{insert: {into: users, document: {name: Zoe}}}]}
  n:add: {do: [{insert: {into: notes, document: {text: x, by: "${tables.users[0]._id}", likes: 0}}}]}
  p:add: {do: [{insert: {into: plain, document: {flag: new}}}]}
  s:set: {do: [{set: {mode: wild, n: 2}}]}
  j:seq: {sequence: [{result: 1}, {result: 2}, {result: 3}]}
  j:late: {result: "${call}"}
"""
TABLES = ("users", "notes", "plain")


def used(folder: Path, text: str = TEXT) -> Emulator:
    """Return an emulator whose every table, variable and count was changed."""
    emulator = emulator_of(folder, text)
    for operation in ("u:add", "n:add", "p:add", "s:set"):
        change(emulator, operation)
    assert value_of(call(emulator, "j:seq")) == 1.0
    return emulator


def kept(emulator: Emulator) -> set[str]:
    """Return which of the changes are still there."""
    added = {"users": ("name", "Zoe"), "notes": ("likes", Int64(0)), "plain": ("flag", "new")}
    found = {table for table, (name, value) in added.items() if value in fields(emulator, table, name)}
    return found | {name for name, value in variables(emulator).items() if value in ("wild", 2.0)}


def test_tables_begin_with_what_is_written_and_what_is_made(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, TEXT)
    users = documents(emulator, "users")

    assert [each["number"] for each in users] == [0.0, 1.0, 2.0]
    assert {each["city"] for each in users} == {"Seoul"}
    assert len({str(each["name"]) for each in users}) == len({str(each["key"]) for each in users}) == 3
    assert fields(emulator, "notes", "text") == ["first", "calm", "calm"]
    assert fields(emulator, "notes", "by")[1:] == [users[0]["_id"], users[1]["_id"]]
    assert fields(emulator, "notes", "likes") == [Int64(5), Int64(1), Int64(1)]
    assert fields(emulator, "plain", "flag") == [True, 0.0]
    assert documents(emulator, "empty") == []
    assert variables(emulator) == {"mode": "calm", "n": 1.0}
    numbers = [decode_id(str(documents(emulator, name)[0]["_id"]))[0] for name in TABLES]
    assert numbers == [10001, 10002, 10003]


def test_first_documents_lie_before_the_present_a_millisecond_apart(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, f"clock: {{start: 2024-02-08T12:00:00Z}}\n{TEXT}")
    noon = 1_707_393_600_000.0

    assert fields(emulator, "users", "_creationTime") == [noon - 3, noon - 2, noon - 1]


def test_system_fields_may_be_written_and_order_the_documents(tmp_path: Path) -> None:
    key = "j57000820c20a1g7104gm2rc1m70ynr8"
    emulator = emulator_of(
        tmp_path,
        f"""
tables:
  t: {{documents: [{{n: 1}}, {{n: 2, _creationTime: "${{date('2001-01-01T00:00:00Z')}}"}}, {{n: 3, _id: {key}}}]}}
  u: {{count: 1, document: {{all: "${{[x.n for x in tables.t]}}"}}}}
functions: {{t:add: {{do: [{{insert: {{into: t, document: {{n: 4}}}}}}]}}}}
""",
    )
    change(emulator, "t:add")

    times = {each["n"]: each["_creationTime"] for each in documents(emulator, "t")}
    assert times == {1.0: -3.0, 2.0: 978307200000.0, 3.0: -1.0, 4.0: 978307200000.0001}
    assert fields(emulator, "t", "n") == [1.0, 3.0, 2.0, 4.0]
    assert fields(emulator, "u", "all") == [[1.0, 3.0, 2.0]]
    assert documents(emulator, "t")[1]["_id"] == key


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("count: 2\n    document: {n: '${1 / index}'}", "division by zero"),
        ("fields: {n: string}\n    count: 1\n    document: {n: '${index}'}", "does not match the schema"),
        ("count: 1\n    document: {_id: '${text(index)}'}", "_id: "),
        ("count: 2\n    document: {_id: 'j57000820c20a1g7104gm2rc1m70ynr8', n: '${index}'}", "_id: "),
        ("documents: [{_creationTime: \"${'x'}\"}]", "_creationTime: "),
        ("documents: ['${index}']", "a document is a mapping"),
    ],
)
def test_a_table_that_cannot_begin_says_why_and_where(tmp_path: Path, table: str, message: str) -> None:
    scenario = load_text(tmp_path, f"tables:\n  t:\n    {table}\n")

    with pytest.raises(UncomputableError) as caught:
        Emulator(scenario, VirtualClock(0))

    assert message in caught.value.reason
    assert 3 <= caught.value.place.line <= 5


@pytest.mark.parametrize(
    ("old", "new", "anew"),
    [
        ("functions:", "functions:\n  more:added: {result: 1}", set()),
        ("x, by:", "y, by:", set()),
        ("{}\nfunctions", "{documents: [{a: 1}]}\nfunctions", set()),
        ("flag: true", "flag: false", {"plain"}),
        ("flag: 0", "flag: false", {"plain"}),
        ("flag: 0", "flag: -0.0", {"plain"}),
        ("{flag: true}, {flag: 0}", "{flag: true}", {"plain"}),
        ("likes: 5", "likes: 6", {"notes"}),
        ("likes: 1}", "likes: 2}", {"notes"}),
        ("count: 2", "count: 3", {"notes"}),
        ("key: ", "other: ", {"users", "notes"}),
        ("ok: true", "ok: 1", {"users", "notes"}),
        ("city: Seoul", "city: Busan", {"users", "notes"}),
        ("unused: 1", "unused: 2", set()),
        ("n: 1}", "n: 7}", {"n"}),
        ("mode: calm", "mode: still", {"mode", "notes"}),
        ("seed: 4", "seed: 5", {"users", "notes", "plain", "mode", "n"}),
        ("en_US", "ko_KR", {"users", "notes", "plain", "mode", "n"}),
        ("  plain: {documents: [{flag: true}, {flag: 0}]}\n", "", {"plain"}),
        ("fields: {text: string,", "fields: {text: string, more: string?,", set()),
    ],
)
def test_a_reload_begins_anew_what_begins_otherwise_and_keeps_the_rest(
    tmp_path: Path, old: str, new: str, anew: set[str]
) -> None:
    emulator = used(tmp_path)
    assert TEXT.count(old) == 1
    text = TEXT.replace(old, new)
    if "plain:" not in text:
        text = text.replace("  p:add: {do: [{insert: {into: plain, document: {flag: new}}}]}\n", "")

    emulator.swap(load_text(tmp_path, text))

    assert kept(emulator) == {*TABLES, "mode", "n"} - anew
    assert value_of(call(emulator, "j:seq")) == 2.0


def test_a_table_that_begins_anew_has_the_same_ids_as_at_the_first_beginning(tmp_path: Path) -> None:
    emulator = used(tmp_path)
    first = emulator_of(tmp_path, TEXT)

    emulator.swap(load_text(tmp_path, TEXT.replace("flag: true", "flag: false")))
    for each in (emulator, first):
        change(each, "p:add")

    assert fields(emulator, "plain", "_id") == fields(first, "plain", "_id")
    assert fields(emulator, "users", "_id")[:3] == fields(first, "users", "_id")


def test_another_scenario_begins_anew_altogether(tmp_path: Path) -> None:
    emulator = used(tmp_path)
    (tmp_path / "other").mkdir()
    text = TEXT.replace("empty: {}", "own: {}")
    (tmp_path / "other" / "another.yaml").write_text(text, encoding="utf-8")
    other = Loader([tmp_path / "other"]).load().scenarios["another"]
    assert other is not None
    emulator.swap(other)

    assert kept(emulator) == set()
    assert value_of(call(emulator, "j:seq")) == 1.0
    assert fields(emulator, "users", "_id") == fields(emulator_of(tmp_path, TEXT), "users", "_id")


def test_a_variable_that_is_new_begins_and_one_that_is_gone_is_gone(tmp_path: Path) -> None:
    emulator = used(tmp_path)
    text = TEXT.replace("n: 1}", "m: 9}").replace("mode: wild, n: 2", "mode: wild")

    emulator.swap(load_text(tmp_path, text))

    assert variables(emulator) == {"mode": "wild", "m": 9.0}


def test_a_table_that_comes_back_begins_anew_and_keeps_its_number(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, "tables: {a: {documents: [{n: 1}]}, b: {documents: [{n: 1}]}}")
    key = documents(emulator, "a")[0]["_id"]

    emulator.swap(load_text(tmp_path, "tables: {b: {documents: [{n: 1}]}}"))
    assert documents(emulator, "a") == []
    emulator.swap(load_text(tmp_path, "tables: {b: {documents: [{n: 1}]}, a: {documents: [{n: 2}]}}"))

    (again,) = documents(emulator, "a")
    assert (again["_id"], again["n"]) == (key, 2.0)


def test_a_reload_whose_table_cannot_begin_changes_nothing(tmp_path: Path) -> None:
    emulator = used(tmp_path)
    before = {name: list(documents(emulator, name)) for name in TABLES}
    revision = emulator.revision

    with pytest.raises(UncomputableError):
        emulator.swap(load_text(tmp_path, TEXT.replace("flag: 0", "flag: '${1 / 0}'").replace("n: 1}", "n: 9}")))

    assert emulator.revision is revision
    assert {name: documents(emulator, name) for name in TABLES} == before
    assert variables(emulator) == {"mode": "wild", "n": 2.0}
    assert value_of(call(emulator, "j:seq")) == 2.0


def test_many_tables_that_use_one_another_are_compared_in_no_time(tmp_path: Path) -> None:
    tables = ["  t0: {documents: [{n: 1}]}"]
    for number in range(1, 40):
        names = [f"tables.t{other}" for other in range(max(0, number - 3), number)]
        tables.append(f'  t{number}: {{documents: [{{n: "${{len({" + ".join(names)})}}"}}]}}')
    text = "tables:\n" + "\n".join(tables)
    emulator = emulator_of(tmp_path, text)
    ts = emulator.state.view.ts

    emulator.swap(load_text(tmp_path, f"description: x\n{text}"))
    assert emulator.state.view.ts == ts
    emulator.swap(load_text(tmp_path, text.replace("[{n: 1}]", "[{n: 1}, {n: 2}]")))

    assert fields(emulator, "t1", "n") == [2.0]


def test_documents_are_made_of_the_seed(tmp_path: Path) -> None:
    one, again, other = (emulator_of(tmp_path, TEXT, seed=seed) for seed in (1, 1, 2))

    assert documents(one, "users") == documents(again, "users")
    assert {str(each) for each in fields(one, "users", "_id")}.isdisjoint(map(str, fields(other, "users", "_id")))
    assert fields(one, "users", "name") != fields(other, "users", "name")
    values: list[Value] = [value_of(call(one, "j:late", {}, QUERY)) for _ in range(2)]
    assert values == [1.0, 2.0]
