"""What an import changes, and that it changes all of it or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.engine.files import FileUrls, find_file, stored_files
from emulator.engine.snapshot_import import (
    FileRow,
    ImportFailedError,
    Rows,
    Snapshot,
    changes_of,
    ids_of,
    summary_of,
    write_snapshot,
)
from emulator.engine.snapshots import ImportMode
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Int64
from emulator.values.ids import encode_id
from tests.support.engine import emulator_of

SCENARIO = """
tables:
  users: {fields: {name: string, age: int64?}, documents: [{name: Ada}]}
  posts: {}
functions: {}
"""
BYTES = bytes(range(16))


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return emulator_of(tmp_path, SCENARIO)


def snapshot(numbers: dict[int, str] | None = None, **tables: list[Any]) -> Snapshot:
    return Snapshot([Rows(name, documents) for name, documents in tables.items()], numbers or {})


def write(emulator: Emulator, coming: Snapshot, *emptied: str) -> dict[str, Any]:
    gone = {name: ids_of(emulator.reading().documents(name)) for name in emptied}
    scenario = emulator.revision.scenario
    emulator.transact(lambda transaction: write_snapshot(coming, gone, scenario, transaction))
    reading = emulator.reading()
    return {name: list(reading.documents(name)) for name in ("users", "posts", "extra")}


def test_documents_get_what_they_do_not_bring(emulator: Emulator) -> None:
    _, ben = write(emulator, snapshot(users=[{"name": "Ben", "age": 3.0}]))["users"]
    assert (ben["name"], ben["age"]) == ("Ben", Int64(3))
    assert ben["_id"].startswith("j5")


def test_documents_keep_their_id_and_time_and_replace_what_was_there(emulator: Emulator) -> None:
    kept = {"_id": encode_id(10001, BYTES), "_creationTime": 5.5, "name": "Ben"}
    assert write(emulator, snapshot(users=[kept]), "users")["users"] == [kept]


def test_the_same_ids_may_come_again(emulator: Emulator) -> None:
    before = emulator.reading().documents("users")
    assert write(emulator, snapshot(users=[dict(each) for each in before]), "users")["users"] == before


def test_ids_of_another_deployment_get_the_numbers_of_this_one(emulator: Emulator) -> None:
    user, post, other = (encode_id(number, BYTES) for number in (10007, 10008, 10009))
    users = [{"_id": user, "name": other}]
    posts = [{"_id": post, "by": user, "deep": [{"to": post}], "text": "j57"}]
    found = write(emulator, snapshot({10007: "users", 10008: "posts"}, users=users, posts=posts), "users")
    assert [(each["_id"], each["name"]) for each in found["users"]] == [(encode_id(10001, BYTES), other)]
    (written,) = found["posts"]
    here = encode_id(10002, BYTES)
    assert (written["_id"], written["by"], written["deep"]) == (here, encode_id(10001, BYTES), [{"to": here}])
    assert written["text"] == "j57"


def test_stored_files_keep_their_ids_and_are_where_urls_say(emulator: Emulator) -> None:
    here, there = encode_id(540, BYTES), encode_id(10077, BYTES)
    file = FileRow({"_id": there, "_creationTime": 5.5}, "digest", 3, "image/png")
    write(emulator, Snapshot([Rows("posts", [{"image": there}])], files=[file]))
    reading = emulator.reading()
    assert reading.documents("posts")[0]["image"] == here
    (stored,) = stored_files(reading)
    assert stored == (here, "digest", 3, "image/png", 5.5)
    url = FileUrls(reading).url_of(here)
    assert url is not None
    assert find_file(reading, url.rpartition("/")[2]) == stored


def test_a_file_with_an_id_that_is_none_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ImportFailedError, match="Row 1 of table _storage: its _id is no id of _storage"):
        write(emulator, Snapshot([], files=[FileRow({"_id": "x"}, "digest", 3, None)]))


def test_stored_files_stay_unless_the_snapshot_says_something_of_them() -> None:
    present = {"users": 1, "_storage": 2}
    kept = changes_of(snapshot(users=[]), ImportMode.REPLACE_ALL, present)
    gone = changes_of(Snapshot([], files=[]), ImportMode.REPLACE_ALL, present)
    assert [each.table for each in kept] == ["users"]
    assert "_storage | 0      | 2 of 2 files |" in summary_of(gone)


def test_a_table_that_the_scenario_does_not_have_comes_to_be(emulator: Emulator) -> None:
    (found,) = write(emulator, snapshot(extra=[{"x": 1.0}]))["extra"]
    assert found["_id"].startswith("jd")


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([{"name": "Ben"}, {"name": 1.0}], "Row 2 of table users: Failed to insert or update a document"),
        ([{"name": "Ben", "_x": 1.0}], "Row 1 of table users: Field '_x' starts with an underscore"),
        ([{"name": "Ben", "_id": "nope"}], "Row 1 of table users: its _id is no id of users"),
        ([{"name": "Ben", "_id": 5.0}], "Row 1 of table users: its _id is no id of users"),
        ([{"name": "Ben"}, {"name": "Cem", "_id": encode_id(10002, BYTES)}], "Row 2 of table users: its _id is no id"),
        ([{"name": "Ben", "_creationTime": "x"}], "Row 1 of table users: its _creationTime is no number"),
        (
            [{"name": "Ben", "_id": encode_id(10001, BYTES)}] * 2,
            "Row 2 of table users: there is a document with the _id j5",
        ),
    ],
)
def test_a_document_that_does_not_fit_leaves_everything_as_it_was(
    documents: list[Any], message: str, emulator: Emulator
) -> None:
    before = emulator.state.view.ts
    with pytest.raises(ImportFailedError) as caught:
        write(emulator, snapshot(posts=[{}], users=documents), "users")
    assert str(caught.value).startswith(message)
    assert emulator.state.view.ts == before


def test_a_table_with_documents_must_be_empty_unless_something_else_is_asked() -> None:
    with pytest.raises(ImportFailedError, match="Table users already exists"):
        changes_of(snapshot(users=[]), ImportMode.REQUIRE_EMPTY, {"users": 1})
    assert changes_of(snapshot(users=[{}]), ImportMode.REQUIRE_EMPTY, {"users": 0})[0].added == 1


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (ImportMode.APPEND, [("users", 2, 0, 1_234)]),
        (ImportMode.REPLACE, [("users", 2, 1_234, 1_234)]),
        (ImportMode.REPLACE_ALL, [("posts", 0, 7, 7), ("users", 2, 1_234, 1_234)]),
    ],
)
def test_modes_say_what_becomes_of_what_is_there(mode: ImportMode, expected: list[Any]) -> None:
    assert changes_of(snapshot(users=[{}, {}]), mode, {"users": 1_234, "posts": 7}) == expected


def test_a_name_that_no_table_can_have_is_refused() -> None:
    with pytest.raises(ImportFailedError, match="isn't a valid table name"):
        changes_of(snapshot(_users=[{}]), ImportMode.APPEND, {})


def test_what_is_to_be_confirmed_is_a_table() -> None:
    changes = changes_of(snapshot(users=[{}, {}]), ImportMode.REPLACE_ALL, {"users": 1_234, "posts": 7})
    assert summary_of(changes).splitlines() == [
        "Import change summary:",
        "table | create | delete         |",
        "---------------------------------",
        "posts | 0      | 7 of 7         |",
        "users | 2      | 1,234 of 1,234 |",
    ]
