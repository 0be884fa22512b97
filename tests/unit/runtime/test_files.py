"""The bytes of files: kept once, within a cap, and those that are needed in any case."""

from __future__ import annotations

import pytest

from emulator.runtime.files import FilesFullError, FileStore
from emulator.values.digests import digest_of


def filled(*names: str, room: int) -> FileStore:
    """Return a store with a file of three bytes for each name."""
    store = FileStore(room)
    for name in names:
        store.add(name, b"abc", set(names))
    return store


def test_equal_bytes_are_kept_once() -> None:
    store = filled("a", "a", "a", room=3)

    assert (list(store), store.total) == (["a"], 3)


def test_what_is_not_needed_gives_way_oldest_first_and_only_as_much_as_must() -> None:
    store = filled("a", "b", "c", room=9)

    store.add("d", b"abcd", {"a"})

    assert list(store) == ["a", "d"]
    assert store.total == 7


def test_what_is_needed_stays_and_the_new_one_is_refused_without_a_change() -> None:
    store = filled("a", "b", room=8)

    with pytest.raises(FilesFullError, match="6 bytes are too many: 5 of 8 are free"):
        store.add("c", b"abcdef", {"a"})

    assert (list(store), store.total) == (["a", "b"], 6)


def test_what_is_not_there_is_none() -> None:
    assert FileStore().get("a") is None


def test_a_digest_is_a_sha_256_in_base64() -> None:
    assert digest_of(b"") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
