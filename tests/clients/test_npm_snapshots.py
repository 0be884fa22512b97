"""npm `convex`'s command line, unmodified: snapshots out of a deployment and into it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.command_line import KEY, PACKAGE, CommandLine
from tests.support.process import emulator_process
from tests.support.scenarios import write_files

SCENARIO = f"""
deployment: {{admin_keys: ["{KEY}"]}}
tables:
  users: {{fields: {{name: string, age: int64?}}, documents: [{{name: 민지, age: 17}}, {{name: Ada}}]}}
  messages: {{documents: [{{body: {{$bytes: AQID}}, n: 3, low: -0.0, big: {{$int64: 9007199254740993}}}}]}}
  empty: {{}}
functions: {{}}
"""


@pytest.fixture
def convex(tmp_path: Path) -> Iterator[CommandLine]:
    write_files(tmp_path, {"cli.yaml": SCENARIO, "package.json": PACKAGE})
    with emulator_process(tmp_path, "cli.yaml") as running:
        yield CommandLine(tmp_path, running)


def lines_of(archive: zipfile.ZipFile, name: str) -> list[Any]:
    return [json.loads(each) for each in archive.read(name).decode().splitlines()]


def documents(convex: CommandLine, table: str) -> list[Any]:
    said = convex("data", table, "--order", "asc", "--format", "jsonl")
    return [{key: value for key, value in row.items() if key[0] != "_"} for row in map(parsed, said.out.splitlines())]


def parsed(line: str) -> Any:
    return json.loads(line.replace("n,", ",").replace("n }", " }"))


def test_an_export_is_a_zip_that_another_deployment_would_take(convex: CommandLine) -> None:
    said = convex("export", "--path", "snapshot.zip")
    assert "Downloaded snapshot export to snapshot.zip" in said.err, said
    with zipfile.ZipFile(convex.folder / "snapshot.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "README.md",
            "_tables/documents.jsonl",
            *(
                f"{name}/{file}.jsonl"
                for name in ("users", "messages", "empty")
                for file in ("generated_schema", "documents")
            ),
        ]
        assert lines_of(archive, "_tables/documents.jsonl")[1] == {"id": 10002, "name": "messages"}
        assert lines_of(archive, "users/generated_schema.jsonl") == ["uniform"]
        assert [(each["name"], each.get("age")) for each in lines_of(archive, "users/documents.jsonl")] == [
            ("민지", 17),
            ("Ada", None),
        ]
        written = archive.read("messages/documents.jsonl").decode()
    assert '"big":9007199254740993,"body":{"$bytes":"AQID"},"low":-0.0,"n":3.0}' in written


def test_what_was_exported_is_imported_as_it_was(convex: CommandLine) -> None:
    before = convex("data", "messages", "--format", "jsonl").out
    convex("export", "--path", "snapshot.zip")
    refused = convex("import", "snapshot.zip", "-y")
    assert (refused.status, "Table messages already exists" in refused.err) == (1, True)
    said = convex("import", "snapshot.zip", "--replace-all", "-y")
    assert "messages | 1      | 1 of 1 |" in said.err
    assert "Added 3 documents." in said.err
    assert convex("data", "messages", "--format", "jsonl").out == before


def test_rows_of_every_format_are_added(convex: CommandLine) -> None:
    folder = convex.folder
    (folder / "users.jsonl").write_text('{"name": "Ben", "age": 3}\n{"name": "Cem"}\n', encoding="utf-8")
    (folder / "users.json").write_text('\ufeff[{"name": "Dee"}]', encoding="utf-8")
    (folder / "notes.csv").write_text('text,size\n"a, b",1.5\nc,x\n', encoding="utf-8")
    added, *others = convex.all(
        ("import", "--table", "users", "users.jsonl", "--append"),
        ("import", "--table", "users", "users.json", "--append", "-y"),
        ("import", "--table", "notes", "notes.csv", "-y"),
    )
    assert 'Added 2 documents to table "users".' in added.err, added
    assert [each.status for each in others] == [0, 0], others
    users, notes = documents(convex, "users"), documents(convex, "notes")
    assert sorted(each["name"] for each in users) == ["Ada", "Ben", "Cem", "Dee", "민지"]
    assert notes == [{"size": 1.5, "text": "a, b"}, {"size": "x", "text": "c"}]
    assert "notes" in convex("data").out


def test_an_import_that_fails_in_the_middle_writes_nothing(convex: CommandLine) -> None:
    (convex.folder / "users.jsonl").write_text('{"name": "Ben"}\n{"name": 5}\n', encoding="utf-8")
    said = convex("import", "--table", "users", "users.jsonl", "--replace", "-y")
    assert said.status == 1
    assert "Hit an error while importing:\nRow 2 of table users: Failed to insert or update a document" in said.err
    assert [each["name"] for each in documents(convex, "users")] == ["민지", "Ada"]


def test_a_file_in_many_parts_is_imported_whole(convex: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVEX_IMPORT_CHUNK_SIZE", "1000")
    rows = "".join(json.dumps({"name": f"user {number}"}) + "\n" for number in range(500))
    (convex.folder / "users.jsonl").write_text(rows, encoding="utf-8")
    said = convex("import", "--table", "users", "users.jsonl", "--replace", "-y")
    assert 'Added 500 documents to table "users".' in said.err
