from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.engine import store as stores
from emulator.engine.store import Commit, Document, Store, Write

TABLE = "things"


def document(key: str, created: float, value: float) -> Document:
    return {"_id": key, "_creationTime": created, "value": value}


def filled(count: int) -> Store:
    store = Store(max_commits=50)
    writes = (Write(TABLE, f"id{number:04}", document(f"id{number:04}", float(number), 0.0)) for number in range(count))
    store.append(Commit(1, tuple(writes)))
    return store


def listed(store: Store) -> list[Document]:
    return store.collections[TABLE].documents(store.ts)


def walked(store: Store) -> list[Document]:
    return list(store.collections[TABLE].scan(store.ts, descending=False, after=None))


@given(st.lists(st.tuples(st.integers(0, 1_100), st.sampled_from(["put", "delete", "move", "list"])), max_size=60))
def test_the_list_of_documents_is_what_a_walk_finds_whatever_is_written(steps: list[tuple[int, str]]) -> None:
    store = filled(1_000)
    listed(store)
    for number, step in steps:
        key = f"id{number:04}"
        created = float(number) if step != "move" else number / 2
        written = None if step == "delete" else document(key, created, float(store.ts))
        if step == "list":
            assert listed(store) == walked(store)
        elif written is not None or key in store.collections[TABLE].versions:
            store.append(Commit(store.ts + 1, (Write(TABLE, key, written),)))

    assert listed(store) == walked(store)


def test_a_list_once_given_stays_as_it_was() -> None:
    store = filled(1_000)
    before = listed(store)
    copy = before.copy()

    store.append(Commit(2, (Write(TABLE, "new", document("new", 5_000.0, 1.0)), Write(TABLE, "id0007", None))))

    assert len(listed(store)) == 1_000
    assert before == copy


def test_many_writes_are_listed_anew() -> None:
    store = filled(2 * stores._MANY)
    listed(store)
    store.append(Commit(2, tuple(Write(TABLE, f"id{number:04}", None) for number in range(100))))

    assert [each["_id"] for each in listed(store)] == [f"id{number:04}" for number in range(100, 128)]


def test_documents_whose_end_is_forgotten_are_not_listed() -> None:
    store = filled(1_000)
    listed(store)
    store.append(Commit(2, (Write(TABLE, "id0500", None),)))
    for ts in range(3, 60):
        store.append(Commit(ts, (Write("others", "a", document("a", 1.0, float(ts))),)))
    store.append(Commit(60, (Write(TABLE, "id0501", None),)))

    assert "id0500" not in store.collections[TABLE].versions
    assert listed(store) == walked(store)
    assert len(listed(store)) == 998


def test_documents_without_a_time_come_in_the_order_in_which_they_were_written() -> None:
    store = filled(1_000)
    listed(store)
    store.append(Commit(2, (Write(TABLE, "b", {"_id": "b"}),)))
    listed(store)
    store.append(Commit(3, (Write(TABLE, "a", {"_id": "a"}), Write(TABLE, "b", {"_id": "b", "again": True}))))

    assert listed(store) == walked(store)


def test_many_documents_that_are_forgotten_at_once_leave_the_others_in_their_order() -> None:
    store = Store(max_commits=1)
    keys = [f"{number:03}" for number in range(300)]
    store.append(Commit(1, tuple(Write(TABLE, key, document(key, float(key), 0.0)) for key in keys)))
    store.append(Commit(2, tuple(Write(TABLE, key, None) for key in keys if int(key) % 3)))
    store.append(Commit(3, (Write(TABLE, "300", document("300", 300.0, 0.0)),)))
    kept = [*keys[::3], "300"]
    assert [each["_id"] for each in walked(store)] == kept
    assert [each["_id"] for each in listed(store)] == kept
    assert list(store.collections[TABLE].versions) == kept
