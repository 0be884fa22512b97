"""Files that are imported: what they hold, and what is said of those that are broken."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from emulator.engine.snapshot_import import ImportFailedError, Snapshot
from emulator.surfaces.convex.admin import snapshot_reader
from emulator.surfaces.convex.admin.snapshot_reader import ImportFormat, read_snapshot
from emulator.surfaces.convex.admin.zip_writer import TableSnapshot, write_zip
from emulator.values.convex import Int64

CSV, LINES, ARRAY, ZIP = ImportFormat


def rows_of(data: str | bytes, form: ImportFormat) -> Any:
    (rows,) = read(data, form).tables
    return rows.documents


def read(data: str | bytes, form: ImportFormat) -> Snapshot:
    return read_snapshot(data.encode() if isinstance(data, str) else data, form, None if form is ZIP else "users")


def zip_of(**entries: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return written.getvalue()


def test_lines_are_documents() -> None:
    assert rows_of('{"a": 1}\n{"a": {"$integer": "KgAAAAAAAAA="}}', LINES) == [{"a": 1.0}, {"a": Int64(42)}]


def test_an_empty_file_of_lines_has_none() -> None:
    assert rows_of("", LINES) == []


def test_an_array_holds_documents() -> None:
    assert rows_of('[{"a": null}, {}]', ARRAY) == [{"a": None}, {}]


def test_cells_that_are_numbers_are_numbers() -> None:
    cells = "1,-2.5,1e3,.5, 1,1_0,nan,,0x1"
    header = "a,b,c,d,e,f,g,h,i"
    expected = {**dict(zip("abcd", [1.0, -2.5, 1000.0, 0.5], strict=True)), "e": " 1", "f": "1_0", "g": "nan"}
    assert rows_of(f"{header}\n{cells}\n", CSV) == [{**expected, "h": "", "i": "0x1"}]


def test_cells_may_be_quoted_and_headers_are_trimmed() -> None:
    assert rows_of('a , b\r\n"x, ""y""\nz",ü\r\n', CSV) == [{"a": 'x, "y"\nz', "b": "ü"}]


def test_what_was_written_is_read() -> None:
    documents: list[Any] = [{"_id": "x", "n": 3.0, "big": Int64(7), "raw": b"\1", "nan": float("inf"), "low": -0.0}]
    snapshot = read_snapshot(write_zip([TableSnapshot("users", 10001, documents)], None, 0), ZIP, None)
    assert [(each.table, each.documents) for each in snapshot.tables] == [("users", documents)]
    assert str(snapshot.tables[0].documents[0]["low"]) == "-0.0"
    assert snapshot.numbers == {10001: "users"}


def test_a_zip_made_by_hand_has_plain_numbers() -> None:
    assert rows_of(zip_of(**{"in/folders/users/documents.jsonl": '{"n": 1}'}), ZIP) == [{"n": 1.0}]


def test_a_table_that_is_only_named_is_empty() -> None:
    snapshot = read(zip_of(**{"_tables/documents.jsonl": '{"name": "users", "id": 10009}\n'}), ZIP)
    assert [(each.table, each.documents) for each in snapshot.tables] == [("users", [])]


def test_other_files_and_system_tables_are_left_out() -> None:
    data = zip_of(**{"README.md": "x", "_modules/documents.jsonl": "{}\n", "x/y.txt": "z"})
    assert read(data, ZIP) == Snapshot([])


def test_stored_files_are_those_that_are_there_and_what_is_said_of_them() -> None:
    told = '{"_id": "kg1", "_creationTime": 5.5, "contentType": "image/png", "sha256": "?", "size": 9}\n'
    data = zip_of(**{"_storage/documents.jsonl": told, "in/_storage/kg1.png": "abc", "_storage/kg2": "d"})
    snapshot = read(data, ZIP)
    digest = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    assert snapshot.files is not None
    first, second = snapshot.files
    assert first == ({"_id": "kg1", "_creationTime": 5.5}, digest, 3, "image/png")
    assert second[0] == {"_id": "kg2"}
    assert snapshot.contents == {digest: b"abc", second.sha256: b"d"}


@pytest.mark.parametrize(
    ("data", "form", "message"),
    [
        ('{"a": 1}\nnope\n', LINES, "Row 2 wasn't valid JSON: "),
        ('{"a": 1}\n\n{"a": 2}\n', LINES, "Row 2 wasn't valid JSON: "),
        ("[1]", LINES, "Row 1 wasn't an object"),
        ('{"$integer": "KgAAAAAAAAA="}', LINES, "Row 1 wasn't an object"),
        ('{"a": {"$set": []}}', LINES, "Row 1 wasn't a valid Convex value: Field name $set starts with '$'"),
        ("{}", ARRAY, "Not a JSON array"),
        ("[", ARRAY, "Not valid JSON: "),
        ("", ARRAY, "Not valid JSON: "),
        ("[1]", ARRAY, "Row 1 wasn't an object"),
        ("", CSV, "CSV file doesn't have headers"),
        ("a,b\n1\n", CSV, "CSV row 1 doesn't have all of the fields in the header"),
        ("a,b\n1,2,3\n", CSV, "CSV row 1 doesn't have all of the fields in the header"),
        ("$a\n1\n", CSV, "CSV header '$a' isn't a valid field name: "),
        ("a,a\n1,2\n", CSV, "CSV header 'a' is there twice"),
        ('a\n"x\n', CSV, "Failed to parse CSV row "),
        (b"a\n\xff\n", CSV, "Import wasn't valid UTF8: "),
        (b"not a zip", ZIP, "invalid zip file: "),
        (zip_of(**{"../users/documents.jsonl": ""}), ZIP, "invalid zip file: '../users/documents.jsonl' leads outside"),
        (zip_of(**{"/etc/documents.jsonl": ""}), ZIP, "invalid zip file: '/etc/documents.jsonl' leads outside of it"),
        (
            zip_of(**{"_components/x/t/documents.jsonl": ""}),
            ZIP,
            "invalid zip file: '_components/x/t/",
        ),
        (
            zip_of(**{"_storage/documents.jsonl": '{"_id": "kg1"}'}),
            ZIP,
            "_storage/documents.jsonl: there is no file kg1",
        ),
        (zip_of(**{"a-b/documents.jsonl": ""}), ZIP, '"a-b" isn\'t a valid table name: '),
        (zip_of(**{"users/documents.jsonl": "x"}), ZIP, "users/documents.jsonl: Row 1 wasn't valid JSON: "),
        (
            zip_of(**{"_tables/documents.jsonl": "{}"}),
            ZIP,
            "_tables/documents.jsonl: Row 1 wasn't a valid",
        ),
    ],
)
def test_what_is_wrong_is_said(data: str | bytes, form: ImportFormat, message: str) -> None:
    with pytest.raises(ImportFailedError) as caught:
        read(data, form)
    assert str(caught.value).startswith(message)


def test_a_zip_that_unpacks_to_more_than_there_is_room_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_reader, "MAX_UNPACKED", 1 << 20)
    bomb = zip_of(**{f"t{number}/documents.jsonl": " " * (1 << 19) for number in range(3)})
    assert len(bomb) < 1 << 12
    with pytest.raises(ImportFailedError, match="unpacked it is larger than 1 MiB"):
        read(bomb, ZIP)


def test_a_zip_with_too_many_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_reader, "MAX_ENTRIES", 2)
    with pytest.raises(ImportFailedError, match="it has 3 entries, at most 2"):
        read(zip_of(a="", b="", c=""), ZIP)


def test_a_broken_zip_is_refused() -> None:
    whole = zip_of(**{"users/documents.jsonl": '{"a": 1}\n' * 1000})
    for cut in (10, len(whole) // 2, len(whole) - 5):
        with pytest.raises(ImportFailedError, match="invalid zip file"):
            read(whole[:cut], ZIP)
    spoiled = bytearray(whole)
    spoiled[60] ^= 0xFF
    with pytest.raises(ImportFailedError):
        read(bytes(spoiled), ZIP)
