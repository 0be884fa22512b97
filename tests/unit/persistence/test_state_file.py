"""The state file: everything that was committed is in it, and what cannot be read is never lost."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.call import Call
from emulator.engine.files import store_file, stored_files
from emulator.engine.image import Image, image_of
from emulator.persistence import database
from emulator.persistence.errors import StateFileError
from emulator.persistence.state_file import StateFile
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.values.digests import digest_of
from emulator.values.ids import STORAGE
from tests.support.clocks import START
from tests.support.scenarios import load_text

TEXT = """
state: {n: 1}
tables: {notes: {documents: [{text: first}]}}
functions:
  notes:add: {do: [{insert: {into: notes, document: {text: "${args.text}"}}}], result: null}
  notes:drop: {do: [{delete: {table: notes, id: "${tables.notes[0]._id}"}}], result: null}
  notes:set: {do: [{set: {n: "${args.n}"}}], result: null}
gateway:
  agents: {main: {}}
  channels: {telegram: {status: connected}}
"""


def emulator_of(folder: Path, text: str = TEXT) -> Emulator:
    return Emulator(load_text(folder, text), VirtualClock(START))


@contextmanager
def kept(path: Path, folder: Path, text: str = TEXT) -> Iterator[Emulator]:
    """Go on with the state in a file until the block ends."""
    with closing(StateFile(path)) as state:
        emulator = emulator_of(folder, text)
        state.keep(emulator, None if state.saved is None else emulator.restore(*state.saved).writes)
        yield emulator


def texts(emulator: Emulator) -> list[object]:
    return [each["text"] for each in emulator.reading().documents("notes")]


def add(emulator: Emulator, text: str) -> None:
    emulator.handle(Call("notes:add", None, {"text": text}))


def in_file(path: Path) -> Image:
    """Return what a file holds that nobody has open."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        image = database.read_image(connection)
    assert image is not None
    return image


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path) as emulator:
        add(emulator, "second")
        emulator.handle(Call("notes:drop", None, {}))
        emulator.handle(Call("notes:set", None, {"n": 7.0}))
        before = emulator.reading().documents("notes")

    with kept(path, tmp_path) as emulator:
        assert emulator.reading().documents("notes") == before
        assert emulator.reading().variables() == {"n": 7.0}
        add(emulator, "third")
        assert texts(emulator) == ["second", "third"]

    with kept(path, tmp_path) as emulator:
        assert texts(emulator) == ["second", "third"]


def test_every_commit_is_in_the_file_before_anybody_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(StateFile(path)) as state:
        emulator = emulator_of(tmp_path)
        state.keep(emulator)
        for number in range(3):
            add(emulator, str(number))
            image = database.read_image(state._connection)
            assert image is not None
            assert [each["text"] for each in image.collections["notes"].documents] == texts(emulator)
            assert image.ts == emulator.state.view.ts


def test_resets_and_other_scenarios_are_kept_too(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path / "a") as emulator:
        add(emulator, "second")
        emulator.reset()
    with kept(path, tmp_path / "a") as emulator:
        assert texts(emulator) == ["first"]
        emulator.swap(load_text(tmp_path / "b", TEXT.replace("text: first", "text: other")))
        add(emulator, "second")

    with kept(path, tmp_path / "b", TEXT.replace("text: first", "text: other")) as emulator:
        assert texts(emulator) == ["other", "second"]
    assert in_file(path).definitions != {}


def test_a_swap_that_writes_nothing_is_known_later(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path / "a") as emulator:
        add(emulator, "second")
        emulator.swap(load_text(tmp_path / "b", TEXT.replace("tables: {", "tables: {empty: {}, ")))

    assert "table empty" in in_file(path).definitions


def store(emulator: Emulator, content: bytes) -> str:
    """Keep a file as an upload does; return its id."""
    digest = digest_of(content)
    emulator.files.add(digest, content, set())
    return emulator.transact(lambda transaction: store_file(transaction, digest, len(content), "text/plain"))


def drop(emulator: Emulator, key: str) -> None:
    emulator.transact(lambda transaction: transaction.write(STORAGE, key, None))


def bytes_in(path: Path) -> list[bytes]:
    """Return the bytes of files in a state file that nobody has open."""
    with closing(sqlite3.connect(path)) as connection:
        return [content for (content,) in connection.execute("SELECT content FROM files ORDER BY content")]


def test_the_bytes_of_files_are_kept_once_and_as_long_as_a_file_has_them(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path) as emulator:
        first, _ = store(emulator, b"one"), store(emulator, b"two")
        second = store(emulator, b"one")
    assert bytes_in(path) == [b"one", b"two"]
    with kept(path, tmp_path) as emulator:
        assert [emulator.files.get(digest_of(each)) for each in (b"one", b"two")] == [b"one", b"two"]
        drop(emulator, first)
    assert bytes_in(path) == [b"one", b"two"]
    with kept(path, tmp_path) as emulator:
        drop(emulator, second)
    assert bytes_in(path) == [b"two"]
    with kept(path, tmp_path) as emulator:
        third = store(emulator, b"three")
        drop(emulator, third)
        emulator.undo()
    assert bytes_in(path) == [b"three", b"two"]
    with kept(path, tmp_path) as emulator:
        emulator.reset()
    assert bytes_in(path) == []


def test_a_snapshot_that_is_loaded_brings_the_bytes_of_its_files_into_the_state_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path) as emulator:
        store(emulator, b"one")
        image = image_of(emulator.state, emulator.revision.scenario)
        emulator.reset()
        store(emulator, b"two")
        emulator.restore(image, {digest_of(b"one"): b"one"})
    assert bytes_in(path) == [b"one"]


def test_bytes_that_are_damaged_or_missing_are_told_and_nothing_else_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path) as emulator:
        keys = [store(emulator, each) for each in (b"damaged", b"missing", b"sound", b"odd")]
    changed(
        path,
        "UPDATE files SET content = x'00' WHERE content = CAST('damaged' AS BLOB)",
        "DELETE FROM files WHERE content = CAST('missing' AS BLOB)",
        "UPDATE files SET content = 7 WHERE content = CAST('odd' AS BLOB)",
        "INSERT INTO files VALUES ('nobody''s', x'00')",
    )
    with closing(StateFile(path)) as state:
        assert state.saved is not None
        assert state.saved.lost == [keys[0], keys[1], keys[3]]
        assert list(state.saved.contents.values()) == [b"sound"]
    with kept(path, tmp_path) as emulator:
        assert len(stored_files(emulator.reading())) == 4
    assert bytes_in(path) == [b"sound"]
    with kept(path, tmp_path) as emulator:
        store(emulator, b"damaged")
    assert bytes_in(path) == [b"damaged", b"sound"]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with kept(tmp_path / "state.db", tmp_path):
        modes = [each.stat().st_mode & 0o777 for each in tmp_path.glob("state.db*")]

    assert set(modes) == {0o600}


def test_it_is_one_file_once_it_is_closed(tmp_path: Path) -> None:
    with kept(tmp_path / "state.db", tmp_path / "s") as emulator:
        add(emulator, "second")

    assert [each.name for each in tmp_path.glob("state.db*")] == ["state.db"]


def test_nothing_is_written_after_it_was_closed(tmp_path: Path) -> None:
    with kept(tmp_path / "state.db", tmp_path) as emulator:
        pass
    add(emulator, "late")
    emulator.swap(load_text(tmp_path, TEXT + "timeline: []"))

    assert [each["text"] for each in in_file(tmp_path / "state.db").collections["notes"].documents] == ["first"]


def test_a_second_emulator_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path) as emulator:
        with pytest.raises(StateFileError, match=r"state\.db is in use by another emulator; stop that one, or name"):
            StateFile(path)
        add(emulator, "second")
    with kept(path, tmp_path) as emulator:
        assert texts(emulator) == ["first", "second"]
    assert list(tmp_path.glob("*.broken-*")) == []


@pytest.mark.parametrize("content", [b"my notes\n", b"x" * 5000, b"SQLite format 3\0" + b"\0" * 200])
def test_what_is_no_state_file_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)

    with pytest.raises(StateFileError, match=r"notes\.txt is no state file of an emulator; it is left as it is"):
        StateFile(path)
    assert path.read_bytes() == content


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()

    with kept(tmp_path / "state.db", tmp_path) as emulator:
        assert texts(emulator) == ["first"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match=r"state\.db cannot be opened: No such file or directory"):
        StateFile(tmp_path / "no" / "state.db")


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for each in statements:
            connection.execute(each)


def test_a_file_of_a_later_version_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path):
        pass
    changed(path, "PRAGMA user_version = 2")
    content = path.read_bytes()

    with pytest.raises(StateFileError, match=r"written by a later version of the emulator \(form 2, known is 1\)"):
        StateFile(path)
    assert path.read_bytes()[100:] == content[100:]


def zeroed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "pages are overwritten": zeroed,
    "the end is missing": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "a table is missing": lambda path: changed(path, "DROP TABLE documents"),
    "a document is no JSON": lambda path: changed(path, "UPDATE documents SET document = x'7b'"),
    "a document is a list": lambda path: changed(path, "UPDATE documents SET document = x'5b5d'"),
    "a document has another id": lambda path: changed(
        path, "UPDATE documents SET id = x'41' WHERE rowid = (SELECT min(rowid) FROM documents)"
    ),
    "a document has no time": lambda path: changed(
        path,
        """UPDATE documents SET id = x'61', document = CAST('{"_id":"a"}' AS BLOB)
        WHERE rowid = (SELECT min(rowid) FROM documents WHERE collection = 'notes')""",
    ),
    "a channel is none": lambda path: changed(
        path,
        """UPDATE documents SET document = CAST('{"_id":"telegram","status":"odd"}' AS BLOB)
        WHERE collection = '$channels'""",
    ),
    "a collection is unknown": lambda path: changed(path, "DELETE FROM collections"),
    "the table of files is missing": lambda path: changed(path, "DROP TABLE files"),
    "a file has no digest": lambda path: changed(
        path,
        """UPDATE documents SET id = x'61', document = CAST('{"_id":"a","_creationTime":1.0,"size":1.0}' AS BLOB),
        collection = '_storage' WHERE rowid = (SELECT min(rowid) FROM documents WHERE collection = 'notes')""",
        "INSERT INTO collections VALUES ('_storage', 1, 1.0)",
    ),
    "table numbers do not go together": lambda path: changed(path, "UPDATE numbers SET number = number + 7"),
    "the timestamp is none": lambda path: changed(path, "UPDATE head SET ts = 'now'"),
    "an earlier version wrote it": lambda path: changed(path, "PRAGMA user_version = 0"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_file_that_cannot_be_read_is_kept_aside_and_a_new_one_begun(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    path = tmp_path / "state.db"
    with kept(path, tmp_path) as emulator:
        add(emulator, "second")
    damage(path)
    content = path.read_bytes()

    with closing(StateFile(path)) as state:
        assert state.aside is not None
        assert state.aside.path == tmp_path / "state.db.broken-1"
        assert state.aside.reason
        assert state.saved is None
        state.keep(emulator_of(tmp_path))

    assert (tmp_path / "state.db.broken-1").stat().st_size >= len(content) // 2
    with kept(path, tmp_path) as emulator:
        assert texts(emulator) == ["first"]


def test_each_broken_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for _ in range(3):
        with closing(StateFile(path)):
            pass
        zeroed(path)
    with closing(StateFile(path)):
        pass

    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "state.db",
        *(f"state.db.broken-{number}" for number in (1, 2, 3)),
    ]


def test_what_could_not_be_written_is_told_once_and_made_up_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "state.db"
    with closing(StateFile(path)) as state:
        emulator = emulator_of(tmp_path)
        state.keep(emulator)
        limit_pages(state, 0)
        for number in range(3):
            add(emulator, f"{number}" * 10_000)
        limit_pages(state, 100_000)
        add(emulator, "enough room")
        expected = texts(emulator)

    assert [each.getMessage() for each in caplog.records] == [
        "the state file cannot be written: database or disk is full; what happens from now on is lost at the end",
        "the state file is written again",
    ]
    with kept(path, tmp_path) as emulator:
        assert texts(emulator) == expected


def limit_pages(state: StateFile, pages: int) -> Any:
    """Let the file have so many pages at most, or as few as it has."""
    return state._connection.execute(f"PRAGMA max_page_count = {pages or 1}").fetchone()
